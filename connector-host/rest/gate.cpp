#include "rest/gate.hpp"

#include <openssl/crypto.h>
#include <strings.h>

#include <algorithm>
#include <string_view>

#include "config/listener.hpp"

namespace ch::rest {

namespace {

constexpr std::string_view kBlanks = " \t";

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
  return request.path == "/health" || request.path == "/openapi.yaml" || request.path == "/docs/runbook.md" || is_below(request, "/ui");
}

bool authorized(const Request& request, const std::string& token) {
  const auto* given = request.header("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (given == nullptr || given->size() != scheme.size() + token.size() || !same(given->substr(0, scheme.size()), scheme)) return false;
  return CRYPTO_memcmp(given->data() + scheme.size(), token.data(), token.size()) == 0;
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

// A page of any site may have its own name lead to this machine, and is then no other site to the browser. What is no
// browser may name the host as it likes.
bool misnamed(const Request& request) {
  const auto* agent = request.header("User-Agent");
  const bool browser = request.header("Origin") != nullptr || (agent != nullptr && agent->rfind("Mozilla/", 0) == 0);
  const auto* header = request.header("Host");
  if (!browser || header == nullptr) return false;
  std::string_view name = *header;
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos && name.find(']', colon) == std::string_view::npos)
    name = name.substr(0, colon);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  return !config::is_loopback(name);
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

bool is_admin(const Request& request) { return is_below(request, "/admin"); }

std::optional<Response> gate(const Request& request, const Entry& entry) {
  if (!entry.token.empty() && !needs_no_token(request) && !authorized(request, entry.token)) {
    auto response = plain_error(401, "send the host's token: Authorization: Bearer TOKEN");
    response.headers.push_back({"WWW-Authenticate", "Bearer"});
    return response;
  }
  if (entry.token.empty() && entry.loopback && misnamed(request))
    return plain_error(403, "by this address browsers reach the host as 127.0.0.1, [::1] or localhost; for other names set api.token");
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
