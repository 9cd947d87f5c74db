#include <connector_host/plugin.h>

CH_EXPORT int some_other_function(void);
int some_other_function(void) { return 0; }
