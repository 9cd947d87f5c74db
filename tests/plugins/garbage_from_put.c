#include "table.h"

static int64_t too_many(void* task, ch_partition_id partition, const ch_batch* batch) {
  (void)task, (void)partition;
  return (int64_t)batch->count + 1;
}

ENTRY("garbage-from-put", table.put = too_many)
