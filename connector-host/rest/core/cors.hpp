// Which pages of other web sites may use the API: access.control.allow.origin and .methods, as Kafka Connect has them.
// Off unless an origin is named. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rest/http/http.hpp"

namespace ch::rest {

class Cors {
 public:
  // origins: such as https://ui.example.com, or * for any. methods: empty = GET, POST and HEAD.
  Cors(std::vector<std::string> origins, std::vector<std::string> methods);

  bool allows(const Request& request) const;                        // it has an origin, and that one may
  std::optional<Response> preflight(const Request& request) const;  // the answer to a browser's question before a request
  void mark(const std::string& origin, Response& response) const;   // lets the browser show the answer to the page

 private:
  std::vector<std::string> origins_;
  std::string methods_;
};

}  // namespace ch::rest
