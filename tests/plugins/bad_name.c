#include "table.h"

ENTRY("Bad_Name", (void)0)
