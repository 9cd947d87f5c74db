#include "table.h"

ENTRY("other-kind", table.kind = "source")
