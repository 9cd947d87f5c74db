#include "table.h"

ENTRY("tiny-table", table.struct_size = 4)
