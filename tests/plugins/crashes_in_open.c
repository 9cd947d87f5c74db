#include <stdlib.h>
#include <unistd.h>

#include "table.h"

/* Ends the process as soon as a partition is assigned, while the file of its task's configuration is there. */
static char trigger[4096];

static void* create_with_trigger(const ch_host* host, const ch_task_info* task, ch_problem_fn problem, void* user) {
  static int object;
  size_t i;
  (void)host, (void)problem, (void)user;
  for (i = 0; i < task->config_count; ++i) {
    const ch_config_entry* entry = &task->config[i];
    if (entry->key.size == 10 && memcmp(entry->key.data, "crash.file", 10) == 0 && entry->value.size < sizeof(trigger)) {
      memcpy(trigger, entry->value.data, entry->value.size);
      trigger[entry->value.size] = 0;
    }
  }
  return &object;
}

static int32_t crash(void* task, const ch_open_partition* partitions, size_t count) {
  (void)task, (void)partitions, (void)count;
  if (access(trigger, F_OK) == 0) abort();
  return CH_OK;
}

ENTRY("crashes-in-open", table.create = create_with_trigger; table.open = crash;
      table.config_schema = "{\"type\":\"object\",\"properties\":{\"crash.file\":{\"type\":\"string\"}}}")
