// JSON that somebody else wrote: answers of services, files, committed states. Whatever it holds, reading it ends, and what
// is read can be copied, compared and destroyed: its depth is bounded. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ch::cloud {

using Json = nlohmann::json;

constexpr int kMaxJsonDepth = 32;  // nlohmann's copy recurses: a document of some 100 000 levels would end the process

// Json::is_discarded() of what is no JSON: cut off, nested deeper, or with a NUL byte, which nlohmann takes for the end.
Json parse_foreign(std::string_view text);

// A member of an object; a null value if there is none, or `object` is none. No copy.
const Json& member(const Json& object, const char* name);
std::string text_of(const Json& object, const char* name);      // "" if it is no text
std::int64_t number_of(const Json& object, const char* name);   // 0 if it is no integer, or beyond kLargestNumber
constexpr std::int64_t kLargestNumber = std::int64_t{1} << 40;  // either way; Unix seconds times 1000 fit

}  // namespace ch::cloud
