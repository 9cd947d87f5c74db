#include "rest/core/request_filter.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <strings.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "config/listener.hpp"

namespace ch::rest {

namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kLongestName = 100;  // that is said again

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool same(std::string_view a, std::string_view b) { return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0; }

// "application/json; charset=utf-8" -> "application/json"
std::string_view media_type(std::string_view value) { return trimmed(value.substr(0, value.find(';'))); }

bool is_below(const Request& request, std::string_view folder) {
  return request.path.compare(0, folder.size(), folder) == 0 &&
         (request.path.size() == folder.size() || request.path[folder.size()] == '/');
}
bool is_native(const Request& request) { return is_below(request, "/v1"); }

// Answered without a token: they say nothing of tasks. The dashboard's page must load before it can ask for one.
bool needs_no_token(const Request& request) {
  return is_health(request) || request.path == "/openapi.yaml" || request.path == "/docs/runbook.md" || is_below(request, "/ui");
}

// Of Basic's credentials, base64 of "user:password". Empty if they are no such thing.
std::string password_of(std::string_view encoded) {
  std::string decoded(encoded.size(), '\0');  // a quarter more than it takes
  const auto length = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                        reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  const auto padding = std::count(encoded.end() - std::min<std::ptrdiff_t>(2, encoded.end() - encoded.begin()), encoded.end(), '=');
  if (length < padding) return "";
  decoded.resize(static_cast<std::size_t>(length - padding));
  const auto colon = decoded.find(':');
  return colon == std::string::npos ? "" : decoded.substr(colon + 1);
}

// Clients of Kafka Connect know no Bearer: the token is a password too, of any user.
bool authorized(const Request& request, const std::string& token) {
  const auto* header = request.header("Authorization");
  if (header == nullptr) return false;
  const std::string_view given = *header;
  const auto blank = std::min(given.find(' '), given.size());
  const auto scheme = given.substr(0, blank);
  const auto credentials = trimmed(given.substr(blank));
  const auto secret = same(scheme, "Bearer") ? std::string(credentials) : same(scheme, "Basic") ? password_of(credentials) : "";
  return secret.size() == token.size() && CRYPTO_memcmp(secret.data(), token.data(), token.size()) == 0;
}

// Where `Accept: text/event-stream` asks for an answer that goes on.
bool may_follow(const Request& request) {
  constexpr std::string_view end = "/events";
  return request.path.size() >= end.size() && std::string_view(request.path).substr(request.path.size() - end.size()) == end;
}

bool accepts(std::string_view accept, std::initializer_list<std::string_view> types) {
  const auto items = list_items(accept);
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) {
    return std::any_of(types.begin(), types.end(), [type = media_type(item)](std::string_view wanted) { return same(type, wanted); });
  });
}

// A page of another site may send such a request without asking; browsers then say so in the first of these headers, or
// to an address without https in the second alone.
bool forged(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") return false;
  if (const auto* site = request.header("Sec-Fetch-Site")) return *site == "cross-site" || *site == "same-site";
  const auto* origin = request.header("Origin");
  if (origin == nullptr) return false;
  const auto* host = request.header("Host");
  const auto scheme_end = origin->find("://");
  return host == nullptr || scheme_end == std::string::npos || !same(std::string_view(*origin).substr(scheme_end + 3), *host);
}

bool is_address(const std::string& name) {
  in6_addr out{};
  return ::inet_pton(AF_INET, name.c_str(), &out) == 1 || ::inet_pton(AF_INET6, name.c_str(), &out) == 1;
}

// Whoever asks: a page may give itself any User-Agent. /health says nothing, and is asked by probes that name what they like.
bool misnamed(const Request& request, const Names& names) {
  const auto* header = request.header("Host");
  if (header == nullptr || is_health(request)) return false;  // HTTP/1.0: no browser
  std::string name = *header;
  if (const auto colon = name.rfind(':'); colon != std::string::npos && name.find(']', colon) == std::string::npos) name.resize(colon);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (config::is_loopback(name) || same(name, names.own) || (names.network && is_address(name))) return false;
  return std::none_of(names.allowed.begin(), names.allowed.end(), [&](const std::string& allowed) { return same(name, allowed); });
}

// `curl -d @task.json` names its body a form. A browser's form says where it comes from.
bool curls_default(const Request& request, std::string_view type) {
  return is_native(request) && same(media_type(type), "application/x-www-form-urlencoded") && request.header("Origin") == nullptr;
}

}  // namespace

bool wants_event_stream(const Request& request) {
  const auto* accept = request.header("Accept");
  return accept != nullptr && accepts(*accept, {"text/event-stream"});
}

Area area_of(const Request& request) {
  if (is_native(request)) return Area::native;
  const bool connect =
      request.path == "/" || is_below(request, "/connectors") || is_below(request, "/connector-plugins") || is_admin(request);
  return connect ? Area::connect : Area::other;
}

bool is_health(const Request& request) { return request.path == "/health" || request.path == "/health/ready"; }
bool is_admin(const Request& request) { return is_below(request, "/admin"); }

std::optional<Response> gate(const Request& request, const Entry& entry) {
  if (!entry.token.empty() && !needs_no_token(request) && !authorized(request, entry.token)) {
    auto response = plain_error(401, "send the host's token: Authorization: Bearer TOKEN, or as the password of any user (Basic)");
    response.headers.push_back({"WWW-Authenticate", R"(Bearer, Basic realm="connector-host")"});
    return response;
  }
  if (entry.token.empty() && entry.names != nullptr && misnamed(request, *entry.names)) {
    return plain_error(403, "the host does not answer to the name " + escaped(*request.header("Host"), Escape::terminal, kLongestName) +
                                ": call it by its address, by 127.0.0.1, [::1] or localhost, list the name in the host's allowed.hosts, "
                                "or set api.token");
  }
  if (!entry.trusted_origin && forged(request)) return plain_error(403, "pages of other web sites may not change anything here");
  const auto area = area_of(request);
  const bool connect = area == Area::connect;
  const auto* type = request.header("Content-Type");
  const bool may_have_body =
      !request.body.empty() || (connect && request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS");
  if (may_have_body && type != nullptr && !same(media_type(*type), "application/json") && !curls_default(request, *type)) {
    return plain_error(415, connect
                                ? "HTTP 415 Unsupported Media Type: send Content-Type: application/json"
                                : "the body must be JSON: send Content-Type: application/json (curl: -H 'Content-Type: application/json')");
  }
  if (!request.body.empty()) {
    const auto* encoding = request.header("Content-Encoding");
    if (encoding != nullptr && !same(*encoding, "identity")) return plain_error(415, "send the body without a Content-Encoding");
  }
  if (area == Area::other) return std::nullopt;
  const auto* accept = request.header("Accept");
  const bool json = accept == nullptr || trimmed(*accept).empty() || accepts(*accept, {"*/*", "application/*", "application/json"});
  if (!json && request.method != "OPTIONS" && !(may_follow(request) && wants_event_stream(request)))
    return plain_error(406, connect ? "HTTP 406 Not Acceptable" : "the answer is application/json; accept that");
  if (!entry.ready) return try_again("connector-host is starting; try again in a second");
  return std::nullopt;
}

}  // namespace ch::rest
