#include "state.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ch::cos {
namespace {

using Json = nlohmann::json;

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

Intent read_intent(const Json& json) {
  Intent intent;
  intent.key = json.at("k").get<std::string>();
  intent.start = json.at("s").get<std::int64_t>();
  intent.end = json.at("e").get<std::int64_t>();
  intent.upload_id = json.at("u").get<std::string>();
  intent.parts = json.at("n").get<std::uint32_t>();
  intent.fingerprint = json.at("f").get<std::string>();
  intent.bytes = json.at("b").get<std::uint64_t>();
  intent.plain_bytes = json.value("p", std::uint64_t{0});
  intent.records = json.at("r").get<std::uint64_t>();
  intent.time_ms = json.at("t").get<std::int64_t>();
  intent.record_limit = json.value("m", std::uint64_t{0});
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
    const Json json = Json::parse(text);
    if (json.contains("k")) {
      const Intent intent = read_intent(json);
      problem = contradiction(intent, committed_offset);
      if (problem.empty()) return State(intent);
    } else {
      const Idle idle{json.at("l").get<std::string>(), json.at("s").get<std::int64_t>(), json.value("t", std::int64_t{0})};
      problem = contradiction(idle, committed_offset);
      if (problem.empty()) return State(idle);
    }
  } catch (const Json::exception& error) {
    problem = error.what();
  }
  constexpr std::size_t kQuoted = 200;
  return fmt::format("{}: {}{}", problem, text.substr(0, kQuoted), text.size() > kQuoted ? "..." : "");
}

}  // namespace ch::cos
