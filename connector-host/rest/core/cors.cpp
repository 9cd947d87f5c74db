#include "rest/core/cors.hpp"

#include <algorithm>

namespace ch::rest {

namespace {

constexpr const char* kHeaders = "Accept, Authorization, Content-Type, Last-Event-ID";
constexpr const char* kKeptSeconds = "1800";

}  // namespace

Cors::Cors(std::vector<std::string> origins, std::vector<std::string> methods) : origins_(std::move(origins)) {
  if (methods.empty()) methods = {"GET", "POST", "HEAD"};
  for (const auto& method : methods) methods_ += (methods_.empty() ? "" : ", ") + method;
}

bool Cors::allows(const Request& request) const {
  const auto* origin = request.header("Origin");
  return origin != nullptr &&
         std::any_of(origins_.begin(), origins_.end(), [&](const std::string& one) { return one == "*" || one == *origin; });
}

std::optional<Response> Cors::preflight(const Request& request) const {
  if (request.method != "OPTIONS" || request.header("Access-Control-Request-Method") == nullptr || !allows(request)) return std::nullopt;
  return Response{
      200,
      {{"Access-Control-Allow-Methods", methods_}, {"Access-Control-Allow-Headers", kHeaders}, {"Access-Control-Max-Age", kKeptSeconds}},
      {}};
}

void Cors::mark(const std::string& origin, Response& response) const {
  response.headers.push_back({"Access-Control-Allow-Origin", origin});
  response.headers.push_back({"Access-Control-Expose-Headers", "Location"});
  response.headers.push_back({"Vary", "Origin"});
}

}  // namespace ch::rest
