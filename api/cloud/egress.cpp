#include "cloud/egress.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace ch::cloud {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Of "host:port" or "[::1]:port".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> binary;
  return host == "localhost" || ::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

bool matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);
  return host.size() > pattern.size() && host.ends_with(pattern);
}

}  // namespace

bool egress_allows(std::string_view patterns, const Address& address) {
  const auto host = lower(without_port(address.host));
  if (!address.origin.starts_with("https://") && !is_address(host)) return false;
  while (!patterns.empty()) {
    auto pattern = patterns.substr(0, patterns.find(','));
    patterns.remove_prefix(std::min(pattern.size() + 1, patterns.size()));
    pattern.remove_prefix(std::min(pattern.find_first_not_of(" \t"), pattern.size()));
    pattern = pattern.substr(0, pattern.find_last_not_of(" \t") + 1);
    if (matches(lower(pattern.starts_with('[') ? without_port(pattern) : pattern), host)) return true;
  }
  return false;
}

}  // namespace ch::cloud
