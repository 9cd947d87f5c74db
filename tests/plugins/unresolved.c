#include "table.h"

int function_of_another_library(void);

ENTRY("unresolved", (void)function_of_another_library())
