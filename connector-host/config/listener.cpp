#include "config/listener.hpp"

#include "config/definition.hpp"

namespace ch::config {

bool is_loopback(std::string_view host) {
  const bool address = host.substr(0, 4) == "127." && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return address || host == "localhost" || host == "::1";
}

Result<Listener> parse_listener(std::string_view text) {
  const auto refuse = [](const char* why) { return fail(ErrorCode::invalid, why); };
  constexpr const char* shape = "must be http://host:port or https://host:port, such as http://127.0.0.1:8083";
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return refuse(shape);
  Listener out;
  out.scheme = text.substr(0, scheme_end);
  if (out.scheme != "http" && out.scheme != "https") return refuse(shape);
  auto rest = text.substr(scheme_end + 3);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refuse(shape);
  auto host = rest.substr(0, colon);
  const auto port = parse_integer(rest.substr(colon + 1));
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets, such as http://[::1]:8083");
  }
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_";
  if (host.empty() || host.find_first_not_of(allowed) != std::string_view::npos) return refuse(shape);
  if (!port || *port < 0 || *port > 65535) return refuse("the port must be 0 (any free one) to 65535");
  out.host = host;
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace ch::config
