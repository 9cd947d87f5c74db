#include "table.h"

ENTRY("schema-no-object", table.config_schema = "[]")
