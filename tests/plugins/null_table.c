#include <connector_host/plugin.h>

const ch_connector* ch_connector_entry(uint32_t host_abi_version) {
  (void)host_abi_version;
  return NULL;
}
