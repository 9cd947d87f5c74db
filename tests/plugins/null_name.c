#include "table.h"

ENTRY("null-name", table.name = NULL)
