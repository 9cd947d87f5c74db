#include "table.h"

ENTRY("other-abi-version", table.abi_version = CH_ABI_VERSION + 6)
