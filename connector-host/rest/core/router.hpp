// Which function answers a request: a table of methods and path patterns. Read-only once built; any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "rest/core/long_polls.hpp"
#include "rest/http/http.hpp"

namespace ch::rest {

using Parameters = std::multimap<std::string, std::string>;
using Answer = std::variant<Response, Wait>;

struct Call {
  const Request& request;
  std::vector<std::string> names;  // what stood for the pattern's {}, decoded
  Parameters parameters;           // of the query, decoded
};

enum class Style {
  native,  // parameters that are not known, or given twice, are refused; OPTIONS is a 204
  connect  // as Kafka Connect: any parameter is let pass; OPTIONS is a 200 with the methods as text
};

class Router {
 public:
  explicit Router(Style style = Style::native) : style_(style) {}

  using Function = std::function<Answer(const Call&)>;

  // pattern: "/v1/tasks/{}/status"; a {} stands for one segment that is not empty. `parameters`: the query
  // parameters it takes; any other one is refused. "GET" answers HEAD as well.
  void add(std::string method, std::string_view pattern, std::vector<std::string> parameters, Function function);

  // 404, 405 with Allow, OPTIONS, 400 for what cannot be decoded, or what the function says.
  Answer dispatch(const Request& request) const;
  // Every (method, pattern), for a comparison with openapi.yaml.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    std::vector<std::string> parameters;
    Function function;
  };
  std::vector<const Route*> matching(const std::vector<std::string>& segments) const;
  Response nothing_there(const Request& request) const;
  Response options(const std::string& allow) const;
  Response wrong_method(const Request& request, const std::string& allow) const;

  const Style style_;
  std::vector<Route> routes_;
};

// Nothing if the text holds a broken %xx or what results is not UTF-8. `plus_is_blank`: as in a query.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);
std::string percent_encode(std::string_view text);  // all but RFC 3986's unreserved characters
// Error: invalid.
Result<Parameters> parse_query(std::string_view query);

}  // namespace ch::rest
