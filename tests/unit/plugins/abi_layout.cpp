// The same layout for C++ as tests/plugins/abi_c99.c checks for C.
#include <connector_host/connector.hpp>
#include <cstddef>

#define LAYOUT(condition, name) static_assert(condition, #name);
#include "plugins/abi_layout.h"
