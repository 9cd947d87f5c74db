// JSON as all APIs write it. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rest/http/http.hpp"

namespace ch::rest {

using Json = nlohmann::ordered_json;  // keys in the order in which a reader wants them

Json time_or_null(std::int64_t unix_ms);  // RFC 3339; null for 0, which stands for none
Json text_or_null(const std::string& text);
Json offset_or_null(std::int64_t offset);  // null for negative ones, which stand for none
Json problems_json(const std::vector<KeyProblem>& problems);

std::string json_text(const Json& json);  // what is not UTF-8 is replaced
Response json_response(unsigned status, const Json& body);
Response error_response(const Error& error);  // {"error_code", "message", "errors"}
unsigned http_status(ErrorCode code);

// "unknown field; did you mean config?", or all of the known ones if none is near.
std::string unknown_message(std::string_view what, const std::vector<std::string>& known, const std::string& name);

}  // namespace ch::rest
