// The address of a listener, "http://host:port". Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ch::config {

struct Listener {
  std::string scheme;      // "http"
  std::string host;        // without the brackets of an IPv6 address
  std::uint16_t port = 0;  // 0: any free one
};

// Error: what would be right.
Result<Listener> parse_listener(std::string_view text);

}  // namespace ch::config
