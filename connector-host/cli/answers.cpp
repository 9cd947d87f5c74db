#include "cli/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace ch::cli {

using Json = nlohmann::json;

const Json& member_of(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

const Json& list_of(const Json& answer, const char* member) {
  static const Json none = Json::array();
  const Json& found = answer.is_array() ? answer : member_of(answer, member);
  return found.is_array() ? found : none;
}

std::string text_of(const Json& object, const std::string& key) {
  const Json& value = member_of(object, key.c_str());
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : "";
}

const Json& status_of(const Json& answer) {
  const Json& status = member_of(answer, "status");
  return status.is_object() ? status : answer;
}

namespace {

std::string interruption_of(const Json& object) {
  const Json& what = member_of(object, "interruption");
  if (!what.is_object()) return "";
  auto out = text_of(what, "reason");
  if (const auto count = text_of(what, "partitions"); !count.empty())
    out += fmt::format(" ({} of {} partitions)", count, text_of(what, "of_partitions"));
  out += ": " + text_of(what, "message");
  if (const auto remedy = text_of(what, "remedy"); !remedy.empty()) out += "; " + remedy;
  if (const auto next = text_of(what, "next_try"); !next.empty()) out += "; next try " + next;
  return out;
}

// Its line feeds stay, and it ends with one.
std::string escaped_lines(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    out += escaped(text.substr(begin, end - begin), Escape::terminal) + "\n";
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string state_text(const Json& status) {
  return text_of(status, "state") + (text_of(status, "deleting") == "true" ? " (deleting)" : "");
}

std::string state_line(const Json& status) {
  auto out = state_text(status);
  if (const auto since = text_of(status, "since"); !since.empty()) out += " since " + since;
  if (const auto why = interruption_of(status); !why.empty()) out += ": " + why;
  return escaped(out, Escape::terminal);
}

std::string refusal(const Json& error) {
  std::vector<KeyProblem> problems;
  for (const auto& item : list_of(error, "errors"))
    problems.push_back({text_of(item, "key"), text_of(item, "value"), text_of(item, "message")});
  auto message = text_of(error, "message");
  std::replace(message.begin(), message.end(), '\n', ' ');  // a host says one line
  return refusal(message, problems);
}

std::string refusal(const std::string& message, const std::vector<KeyProblem>& problems) {
  auto said = message;
  std::string lines;
  for (const auto& problem : problems) {
    const auto what = fmt::format("{}{}{}", problem.key, problem.key.empty() ? "" : ": ", problem.message);
    // For whoever sees the message alone it holds the problems, too.
    if (const auto at = said.find("; " + what); at != std::string::npos) said.erase(at, what.size() + 2);
    const auto value = problem.value.empty() ? "" : fmt::format(" (given: {})", problem.value);
    lines += "  " + escaped(what + value, Escape::terminal) + "\n";
  }
  return "error: " + escaped_lines(said) + lines;
}

std::string json_view(const Json& value) { return escaped_lines(value.dump(2, ' ', false, Json::error_handler_t::replace)); }

}  // namespace ch::cli
