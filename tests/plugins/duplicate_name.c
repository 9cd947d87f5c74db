#include "table.h"

ENTRY("good", table.version = "2.0.0")
