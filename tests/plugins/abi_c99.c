#include <connector_host/plugin.h>
#include <stddef.h>

#define LAYOUT(condition, name) typedef char layout_of_##name[(condition) ? 1 : -1];
#include "abi_layout.h"

/* Everything is used once, so that no declaration depends on what only C++ would find. */
int uses_the_contract(const ch_host* host, const ch_record* record);
int uses_the_contract(const ch_host* host, const ch_record* record) {
  ch_connector_entry_fn entry = ch_connector_entry;
  const ch_connector* table = entry(CH_ABI_VERSION);
  const ch_string name = {CH_ENTRY_SYMBOL, sizeof(CH_ENTRY_SYMBOL) - 1};
  host->count(host->context, name, 1.0);
  return table != NULL && record->offset >= 0 && host->reserve(host->context, record->value.size) == CH_BUSY;
}
