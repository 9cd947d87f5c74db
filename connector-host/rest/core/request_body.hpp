// What clients send: JSON bodies and the values of query parameters, read strictly. Pure functions; any thread.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "rest/core/router.hpp"

namespace ch::rest {

constexpr std::size_t kMaxJsonDepth = 32;
constexpr std::chrono::milliseconds kMaxWait{10 * 60 * 1000};

// Error (the message of a 400): no JSON, not UTF-8, a key twice in an object, deeper than kMaxJsonDepth. Numbers with
// a fraction or an exponent become binary values that hold their text, so that 1.10 stays "1.10".
Result<nlohmann::json> parse_json(std::string_view text);
// A string, number or truth value of such a document as its text; nothing for anything else.
std::optional<std::string> scalar_text(const nlohmann::json& value);

using Changes = std::vector<std::pair<std::string, std::optional<std::string>>>;  // nullopt: JSON's null

struct TaskBody {
  std::optional<std::string> name;
  std::optional<bool> enabled;
  std::optional<Changes> config;
  std::vector<KeyProblem> problems;  // fields of the wrong type, unknown ones, values that are no scalars

  Config values() const;  // of the config, without nulls
};

// `fields`: those of name, enabled and config that the request takes. `nulls`: the config may hold null. Config values
// that are numbers or booleans count as their text.
// Error (the message of a 400): as parse_json, or the body is not an object.
Result<TaskBody> read_task_body(std::string_view text, const std::vector<std::string>& fields, bool nulls);

// "500ms", "30s", "2m"; at most kMaxWait.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Query parameters. Each adds to `problems` if the value is no such thing.
std::optional<std::chrono::milliseconds> wait_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems);
bool flag_parameter(const Parameters& parameters, const std::string& name, std::vector<KeyProblem>& problems);  // false if absent
bool newest_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems);  // whether `order` is "newest", not "oldest"
std::optional<std::int64_t> number_parameter(const Parameters& parameters, const std::string& name, std::int64_t least, std::int64_t most,
                                             std::vector<KeyProblem>& problems);
std::uint32_t limit_parameter(const Parameters& parameters, std::vector<KeyProblem>& problems);  // `limit` of a page: 1 to 1000, else 100

}  // namespace ch::rest
