#include "table.h"

ENTRY("a-name-of-more-than-64-bytes-which-would-not-fit-into-any-list-of-names", (void)0)
