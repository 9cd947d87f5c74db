// The address of a listener, "http://host:port" or "https://host:port". Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ch::config {

struct Listener {
  std::string scheme;      // "http" or "https"
  std::string host;        // without the brackets of an IPv6 address
  std::uint16_t port = 0;  // 0: any free one
};

bool is_loopback(std::string_view host);  // 127.0.0.0/8, ::1, localhost

// Error: what would be right.
Result<Listener> parse_listener(std::string_view text);

}  // namespace ch::config
