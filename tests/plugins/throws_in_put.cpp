#include <cstdint>
#include <stdexcept>

#include "table.h"

static std::int64_t throwing_put(void*, ch_partition_id, const ch_batch*) { throw std::out_of_range("index 7"); }

extern "C" {
ENTRY("throws-in-put", table.put = throwing_put)
}
