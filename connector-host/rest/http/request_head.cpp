#include "rest/http/request_head.hpp"

#include <string_view>

namespace ch::rest {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9112 3.2: "/path", "http://host/path" (for proxies, but every server must take it) or "*".
std::string_view origin_form(std::string_view target) {
  if (target.rfind("http://", 0) != 0) return target;
  const auto path = target.find_first_of("/?", 7);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 3986: path and query, each % with its two digits.
bool well_formed(std::string_view target) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%";
  if (target.find_first_not_of(allowed) != std::string_view::npos) return false;
  for (auto at = target.find('%'); at != std::string_view::npos; at = target.find('%', at + 1)) {
    if (at + 2 >= target.size() || !is_hex(target[at + 1]) || !is_hex(target[at + 2])) return false;
  }
  return true;
}

}  // namespace

std::optional<Refusal> check_head(const Head& head) {
  const auto hosts = head.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() == 11)) return Refusal{400, "HTTP/1.1 needs exactly one Host header"};
  if (const auto encodings = head.count(http::field::transfer_encoding); encodings > 0) {
    if (head.count(http::field::content_length) > 0) return Refusal{400, "send Content-Length or Transfer-Encoding, not both"};
    if (encodings > 1 || !beast::iequals(head[http::field::transfer_encoding], "chunked")) {
      return Refusal{400, "the only Transfer-Encoding understood is chunked"};
    }
    if (head.version() != 11) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  }
  if (head.count(http::field::expect) > 0 && !beast::iequals(head[http::field::expect], "100-continue")) {
    return Refusal{417, "the only expectation understood is 100-continue"};
  }
  const auto target = origin_form(view(head.target()));
  const bool whole_server = target == "*" && head.method() == http::verb::options;
  if (!whole_server && (target.empty() || (target[0] != '/' && target[0] != '?') || !well_formed(target))) {
    return Refusal{400, "the request target must be a path such as /v1/tasks, with other characters percent-encoded"};
  }
  return std::nullopt;
}

bool expects_continue(const Head& head) { return head.version() == 11 && head.count(http::field::expect) > 0; }

Request to_request(const Head& head) {
  Request request;
  request.method = view(head.method_string());
  const auto target = origin_form(view(head.target()));
  const auto question = target.find('?');
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& field : head) request.headers.push_back({std::string(view(field.name_string())), std::string(view(field.value()))});
  return request;
}

}  // namespace ch::rest
