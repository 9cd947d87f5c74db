#include "table.h"

ENTRY("bad-schema", table.config_schema = "{\"type\": object}")
