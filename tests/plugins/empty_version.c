#include "table.h"

ENTRY("empty-version", table.version = "")
