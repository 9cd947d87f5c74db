// The certificate of https:// listeners. For the owner's thread.
#pragma once

#include "base/result.hpp"
#include "rest/http/stream.hpp"
#include "rest/http/transport.hpp"

namespace ch::rest {

// TLS 1.2 and later. Error: which file cannot be used, and why.
Result<TlsContext> make_tls(const Tls& tls);

}  // namespace ch::rest
