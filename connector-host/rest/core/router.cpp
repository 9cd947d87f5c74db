#include "rest/core/router.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "config/definition.hpp"
#include "rest/core/json.hpp"

namespace ch::rest {

namespace {

constexpr std::size_t kShownPath = 200;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = decode_utf8(text, at);
    if (!point.valid) return false;
    at += point.bytes;
  }
  return true;
}

// "/v1/tasks/" means "/v1/tasks".
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.rfind('/', 0) == 0) path.remove_prefix(1);
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.empty()) return segments;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    segments.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const std::string& want, const std::string& have) { return want == "{}" ? !have.empty() : want == have; });
}

std::optional<Response> check_parameters(const Parameters& given, const std::vector<std::string>& known) {
  std::vector<KeyProblem> problems;
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      problems.push_back({name, value, unknown_message("query parameter", known, name)});
    else if (given.count(name) > 1)
      problems.push_back({name, value, "is given twice"});
  }
  if (problems.empty()) return std::nullopt;
  return error_response(Error{ErrorCode::invalid, "query parameters that cannot be used", std::move(problems)});
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return valid_utf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

std::string percent_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return out;
}

Result<Parameters> parse_query(std::string_view query) {
  Parameters out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return fail(ErrorCode::invalid, "the query is not percent-encoded UTF-8");
    out.emplace(std::move(*name), std::move(*value));
  }
  return out;
}

void Router::add(std::string method, std::string_view pattern, std::vector<std::string> parameters, Function function) {
  routes_.push_back({std::move(method), split(pattern), std::move(parameters), std::move(function)});
}

std::vector<const Router::Route*> Router::matching(const std::vector<std::string>& segments) const {
  std::vector<const Route*> found;
  for (const auto& route : routes_) {
    if (matches(route.segments, segments)) found.push_back(&route);
  }
  return found;
}

Response Router::nothing_there(const Request& request) const {
  if (style_ == Style::connect) return plain_error(404, "HTTP 404 Not Found");
  return plain_error(404,
                     "there is nothing at " + escaped(request.path, Escape::terminal, kShownPath) + "; /openapi.yaml lists what there is");
}

Response Router::options(const std::string& allow) const {
  if (style_ == Style::connect) return {200, {{"Allow", allow}, {"Content-Type", "text/plain"}}, allow};
  return {204, {{"Allow", allow}}, {}};
}

Response Router::wrong_method(const Request& request, const std::string& allow) const {
  auto refused = plain_error(
      405, style_ == Style::connect ? "HTTP 405 Method Not Allowed" : request.method + " is not possible here; possible are " + allow);
  refused.headers.push_back({"Allow", allow});
  return refused;
}

Answer Router::dispatch(const Request& request) const {
  auto segments = split(request.path);
  const bool whole_server = request.method == "OPTIONS" && request.path == "/*";
  const auto found = matching(segments);
  if (found.empty() && !whole_server) return nothing_there(request);
  std::set<std::string> allowed = {"OPTIONS"};
  for (const auto* route : found) allowed.insert(route->method);
  if (allowed.count("GET") > 0) allowed.insert("HEAD");
  std::string allow;
  for (const auto& method : allowed) allow += (allow.empty() ? "" : ", ") + method;
  if (request.method == "OPTIONS") return options(whole_server ? "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" : allow);

  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  const auto route = std::find_if(found.begin(), found.end(), [&](const Route* candidate) { return candidate->method == method; });
  if (route == found.end()) return wrong_method(request, allow);
  Call call{request, {}, {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if ((*route)->segments[i] != "{}") continue;
    auto name = percent_decode(segments[i]);
    if (!name) return plain_error(400, "the path is not percent-encoded UTF-8");
    call.names.push_back(std::move(*name));
  }
  auto parameters = parse_query(request.query);
  if (!parameters) return plain_error(400, parameters.error().message);
  if (style_ == Style::native) {
    if (auto refused = check_parameters(*parameters, (*route)->parameters)) return std::move(*refused);
  }
  call.parameters = std::move(*parameters);
  return (*route)->function(call);
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& route : routes_) {
    std::string pattern;
    for (const auto& segment : route.segments) pattern += "/" + segment;
    out.emplace_back(route.method, pattern.empty() ? "/" : pattern);
  }
  return out;
}

}  // namespace ch::rest
