// Which addresses may be connected to, as the host's `egress.allowed` lists them. Pure; any thread.
#pragma once

#include <string_view>

#include "cloud/address.hpp"

namespace ch::cloud {

// `patterns`: a comma list of host names ("sts.example.com"), of names with all that lies below them ("*.example.com"), and of
// addresses (10.0.0.5, ::1) and "localhost". A name is reached by https alone, since plain http shows to whom it leads as little
// as what it carries; an address that is listed itself also by http. Ports do not matter.
bool egress_allows(std::string_view patterns, const Address& address);

}  // namespace ch::cloud
