#include "table.h"

/* Built against a later plugin.h, whose table has one function more. */
static struct {
  ch_connector base;
  void (*invented_later)(void);
} newer;

static void invented_later(void) {}

const ch_connector* ch_connector_entry(uint32_t host_abi_version) {
  (void)host_abi_version;
  newer.base = good_table("newer-table");
  newer.base.struct_size = sizeof(newer);
  newer.invented_later = invented_later;
  return &newer.base;
}
