#include "table.h"

ENTRY("no-put", table.put = NULL; table.flush = NULL)
