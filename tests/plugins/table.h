/* A table that the host accepts, for plugins with one defect each: a connector that takes every record and forgets it. */
#ifndef CONNECTOR_HOST_TESTS_TABLE_H
#define CONNECTOR_HOST_TESTS_TABLE_H

#include <connector_host/plugin.h>
#include <string.h>

static int32_t validate(const ch_task_info* task, ch_problem_fn problem, void* user) {
  (void)task, (void)problem, (void)user;
  return CH_OK;
}
static void* create(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user) {
  static int object;
  (void)host, (void)task, (void)problem, (void)user;
  return &object;
}
static int32_t open_partitions(void* task, const ch_open_partition* partitions, size_t count) {
  (void)task, (void)partitions, (void)count;
  return CH_OK;
}
static int64_t put(void* task, ch_partition_id partition, const ch_batch* batch) {
  (void)task, (void)partition;
  return (int64_t)batch->count;
}
static int32_t tick(void* task, int64_t now_ms, int64_t* next_ms) {
  (void)task;
  *next_ms = now_ms + 500;
  return CH_OK;
}
static int32_t committed(void* task, ch_partition_id partition, int64_t offset, int32_t result) {
  (void)task, (void)partition, (void)offset, (void)result;
  return CH_OK;
}
static int32_t flush(void* task) {
  (void)task;
  return CH_OK;
}
static int64_t pending(void* task) {
  (void)task;
  return 0;
}
static int32_t close_partitions(void* task, const ch_partition_id* partitions, size_t count, int32_t lost) {
  (void)task, (void)partitions, (void)count, (void)lost;
  return CH_OK;
}
static int32_t describe(void* task, ch_partition_id partition, ch_progress* progress) {
  (void)task, (void)partition, (void)progress;
  return CH_OK;
}
static void destroy(void* task) { (void)task; }

static ch_connector good_table(const char* name) {
  ch_connector table;
  memset(&table, 0, sizeof(table));
  table.struct_size = sizeof(table);
  table.abi_version = CH_ABI_VERSION;
  table.name = name;
  table.version = "1.0.0";
  table.kind = "sink";
  table.config_schema = "{\"type\":\"object\",\"properties\":{}}";
  table.validate = validate;
  table.create = create;
  table.open = open_partitions;
  table.put = put;
  table.tick = tick;
  table.committed = committed;
  table.flush = flush;
  table.pending = pending;
  table.close = close_partitions;
  table.describe = describe;
  table.destroy = destroy;
  return table;
}

/* The entry function: a good table, then what is wrong with it. */
#define ENTRY(name, defects)                                                    \
  CH_EXPORT const ch_connector* ch_connector_entry(uint32_t host_abi_version) { \
    static ch_connector table;                                                  \
    (void)host_abi_version;                                                     \
    table = good_table(name);                                                   \
    defects;                                                                    \
    return &table;                                                              \
  }

#endif
