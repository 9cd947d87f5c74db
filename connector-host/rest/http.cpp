#include "rest/http.hpp"

#include <strings.h>

#include <nlohmann/json.hpp>

namespace ch::rest {

const std::string* Request::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (header.name.size() == name.size() && ::strncasecmp(header.name.data(), name.data(), name.size()) == 0) return &header.value;
  }
  return nullptr;
}

Response plain_error(unsigned status, std::string_view message) {
  const nlohmann::json body = {{"error_code", status}, {"message", message}};
  return {status, {{"Content-Type", "application/json"}}, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace ch::rest
