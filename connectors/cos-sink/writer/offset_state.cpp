#include "writer/offset_state.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "cloud/json.hpp"

namespace ch::cos {
namespace {

using cloud::Json;

Json to_json(const Idle& idle) {
  Json json{{"l", idle.last_key}, {"s", idle.position}};
  if (idle.time_ms != 0) json["t"] = idle.time_ms;
  return json;
}

Json to_json(const Intent& intent) {
  Json json{{"k", intent.key},         {"s", intent.start}, {"e", intent.end},     {"u", intent.upload_id}, {"n", intent.parts},
            {"f", intent.fingerprint}, {"b", intent.bytes}, {"r", intent.records}, {"t", intent.time_ms}};
  if (intent.plain_bytes != 0) json["p"] = intent.plain_bytes;
  if (intent.record_limit != 0) json["m"] = intent.record_limit;
  return json;
}

// Whole numbers that the type holds, and nothing that would be converted to one.
template <class Number>
Number number_at(const Json& json, const char* name) {
  const auto& value = json.at(name);
  const bool fits = value.is_number_unsigned() ? std::in_range<Number>(value.get<std::uint64_t>())
                                               : value.is_number_integer() && std::in_range<Number>(value.get<std::int64_t>());
  if (!fits) throw std::out_of_range(fmt::format("'{}' is no whole number that can be used", name));
  return value.get<Number>();
}

template <class Number>
Number number_or_0(const Json& json, const char* name) {
  return json.contains(name) ? number_at<Number>(json, name) : Number{0};
}

Intent read_intent(const Json& json) {
  Intent intent;
  intent.key = json.at("k").get<std::string>();
  intent.start = number_at<std::int64_t>(json, "s");
  intent.end = number_at<std::int64_t>(json, "e");
  intent.upload_id = json.at("u").get<std::string>();
  intent.parts = number_at<std::uint32_t>(json, "n");
  intent.fingerprint = json.at("f").get<std::string>();
  intent.bytes = number_at<std::uint64_t>(json, "b");
  intent.plain_bytes = number_or_0<std::uint64_t>(json, "p");
  intent.records = number_at<std::uint64_t>(json, "r");
  intent.time_ms = number_at<std::int64_t>(json, "t");
  intent.record_limit = number_or_0<std::uint64_t>(json, "m");
  return intent;
}

// Empty if it fits the offset it was committed with.
std::string contradiction(const Intent& intent, std::int64_t committed_offset) {
  if (intent.key.empty()) return "its key is empty";
  if (intent.start < 0 || intent.end <= intent.start) return fmt::format("its range {} to {} is empty", intent.start, intent.end);
  if (intent.start != committed_offset)
    return fmt::format("its range starts at {}, but the committed offset is {}", intent.start, committed_offset);
  return {};
}

std::string contradiction(const Idle& idle, std::int64_t committed_offset) {
  if (idle.position >= 0 && idle.position <= committed_offset) return {};
  return fmt::format("its position {} is not between 0 and the committed offset {}", idle.position, committed_offset);
}

}  // namespace

std::string encode(const State& state) {
  return std::visit([](const auto& value) { return to_json(value).dump(-1, ' ', true); }, state);
}

std::variant<State, std::string> decode(std::string_view text, std::int64_t committed_offset) {
  if (text.empty()) return State(Idle{{}, committed_offset, 0});
  std::string problem;
  try {
    const Json json = cloud::parse_foreign(text);
    if (!json.is_object()) throw std::invalid_argument("it is no JSON object");
    if (json.contains("k")) {
      const Intent intent = read_intent(json);
      problem = contradiction(intent, committed_offset);
      if (problem.empty()) return State(intent);
    } else {
      const Idle idle{json.at("l").get<std::string>(), number_at<std::int64_t>(json, "s"), number_or_0<std::int64_t>(json, "t")};
      problem = contradiction(idle, committed_offset);
      if (problem.empty()) return State(idle);
    }
  } catch (const std::exception& error) {
    problem = error.what();
  }
  constexpr std::size_t kQuoted = 200;
  return fmt::format("{}: {}{}", problem, text.substr(0, kQuoted), text.size() > kQuoted ? "..." : "");
}

}  // namespace ch::cos
