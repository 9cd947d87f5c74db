// A base URL taken apart: "https://host:port/path". Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace ch::cloud {

struct Address {
  std::string origin;  // "https://host:port"
  std::string host;    // as it is sent and signed: with the port, unless it is the scheme's own
  std::string path;    // decoded, without "/" at its end
};

// Throws std::invalid_argument for what is no http(s) URL, or holds a user, a query or a fragment. `what` is named in it.
Address parse_address(const std::string& base, std::string_view what, std::string_view example);

// What is wrong with the URL of an HTTP proxy, "http://[USER:PASSWORD@]HOST:PORT"; "" nothing. The URL is not in the text.
std::string proxy_problem(const std::string& url);

}  // namespace ch::cloud
