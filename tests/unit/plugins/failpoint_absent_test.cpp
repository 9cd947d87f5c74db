// What users get: without CH_FAILPOINTS the header is two macros that the compiler drops.
#undef CH_FAILPOINTS
#include <connector_host/failpoint.hpp>

static_assert(!CH_BUG("no_audit"));

void failpoint_is_nothing();
void failpoint_is_nothing() { CH_FAILPOINT("put.before"); }
