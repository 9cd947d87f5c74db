#include "rest/http/http.hpp"

#include <strings.h>

#include <algorithm>
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

Response try_again(std::string_view message, unsigned seconds) {
  auto response = plain_error(503, message);
  response.headers.push_back({"Retry-After", std::to_string(seconds)});
  return response;
}

std::vector<std::string_view> list_items(std::string_view header) {
  constexpr std::string_view blanks = " \t";
  std::vector<std::string_view> out;
  while (!header.empty()) {
    const auto end = std::min(header.find(','), header.size());
    auto item = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    item.remove_prefix(std::min(item.find_first_not_of(blanks), item.size()));
    item.remove_suffix(item.size() - (item.find_last_not_of(blanks) + 1));
    if (!item.empty()) out.push_back(item);
  }
  return out;
}

}  // namespace ch::rest
