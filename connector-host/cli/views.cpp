#include "cli/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/duration.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;
using Align = Column::Align;

constexpr std::size_t kPageWidth = 100;  // of running text where there is no terminal
constexpr std::size_t kNarrowestText = 40;

const Json& at(const Json& object, const std::string& key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

// A list that stands by itself or as the named member of an object.
const Json& list(const Json& answer, const std::string& member) {
  static const Json none = Json::array();
  const Json& found = answer.is_array() ? answer : at(answer, member);
  return found.is_array() ? found : none;
}

std::string delay(const Json& object) {
  const Json& ms = at(object, "delay_ms");
  return ms.is_number_integer() ? short_duration(std::chrono::milliseconds(ms.get<std::int64_t>())) : "";
}

std::string interruption_of(const Json& object) {
  const Json& what = at(object, "interruption");
  if (!what.is_object()) return "";
  auto out = fmt::format("{}: {}", text_of(what, "reason"), text_of(what, "message"));
  if (const auto remedy = text_of(what, "remedy"); !remedy.empty()) out += "; " + remedy;
  if (const auto next = text_of(what, "next_try"); !next.empty()) out += "; next try " + next;
  return out;
}

std::string offsets(const Json& object) {
  const auto start = text_of(object, "start_offset");
  return start.empty() ? "" : fmt::format("{}..{}", start, text_of(object, "end_offset"));
}

// From the first to the last that is stored; what lies between is told by findings.
std::string stored_offsets(const Json& chain) {
  const Json& ranges = list(chain, "ranges");
  const auto pair = [](const Json& range) { return range.is_array() && range.size() == 2; };
  if (ranges.empty() || !pair(ranges.front()) || !pair(ranges.back())) return "";
  return fmt::format("{}..{}", ranges.front()[0].dump(), ranges.back()[1].dump());
}

Table partitions_table(const Json& partitions) {
  Table table({{"TOPIC", Align::left, true},
               {"PARTITION", Align::right},
               {"RUNNER", Align::right},
               {"COMMITTED", Align::right},
               {"END", Align::right},
               {"LAG", Align::right},
               {"OPEN", Align::right},
               {"DUE"},
               {"LAST OBJECT", Align::left, true}});
  for (const auto& partition : partitions) {
    const Json& open = at(partition, "open");
    table.add({text_of(partition, "topic"), text_of(partition, "partition"), text_of(partition, "runner"),
               text_of(partition, "committed_offset"), text_of(partition, "end_offset"), text_of(partition, "lag"),
               text_of(open, "records"), text_of(open, "due_at"), text_of(at(partition, "last_object"), "key")});
  }
  return table;
}

std::string indented(const std::string& text, std::size_t indent, std::size_t width) {
  std::string out;
  std::string line(indent, ' ');
  std::size_t at_word = 0;
  while (at_word < text.size()) {
    const auto end = std::min(text.find(' ', at_word), text.size());
    const auto word = text.substr(at_word, end - at_word);
    if (line.size() > indent && display_width(line) + display_width(word) + 1 > width) {
      out += line + "\n";
      line.assign(indent, ' ');
    }
    line += (line.size() > indent ? " " : "") + word;
    at_word = end + 1;
  }
  return out + line + "\n";
}

std::string joined(const Json& texts, const std::string& separator) {
  std::string out;
  for (const auto& text : texts) {
    if (text.is_string()) out += (out.empty() ? "" : separator) + text.get<std::string>();
  }
  return out;
}

std::string key_facts(const Json& key) {
  std::string out = text_of(key, "type");
  if (const auto unit = text_of(key, "unit"); !unit.empty() && unit != out) out += ", " + unit;
  if (const auto choices = joined(list(key, "choices"), " | "); !choices.empty()) out = choices;
  const bool number = text_of(key, "type") == "integer" || text_of(key, "type") == "bytes";
  if (const auto least = text_of(key, "min"); number && !least.empty()) out += ", from " + least;
  if (const auto most = text_of(key, "max"); number && !most.empty()) out += ", to " + most;
  if (text_of(key, "required") == "true") return out + "; required";
  const auto otherwise = text_of(key, "default");
  return out + (otherwise.empty() ? "; optional" : "; default " + otherwise);
}

}  // namespace

std::string text_of(const Json& object, const std::string& key) {
  const Json& value = at(object, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : "";
}

const Json& status_of(const Json& answer) {
  const Json& status = at(answer, "status");
  return status.is_object() ? status : answer;
}

std::string tasks_view(const Json& tasks, const Screen& screen) {
  Table table({{"NAME", Align::left, true},
               {"STATE", Align::left, false, true},
               {"LAG", Align::right},
               {"DELAY", Align::right},
               {"TOPICS", Align::left, true},
               {"BUCKET", Align::left, true},
               {"GRANULARITY", Align::right},
               {"REASON", Align::left, true}});
  for (const auto& task : list(tasks, "tasks")) {
    const Json& status = status_of(task);
    const auto minutes = text_of(task, "granularity_minutes");
    table.add({text_of(task, "name"), text_of(status, "state"), text_of(status, "lag"), delay(status), text_of(task, "topics"),
               text_of(task, "bucket"), minutes.empty() ? "" : minutes + "m", text_of(at(status, "interruption"), "reason")});
  }
  return table.render(screen);
}

std::string task_view(const Json& task) {
  const Json& status = status_of(task);
  Facts facts;
  facts.add("Name", text_of(task, "name"));
  facts.add("State", state_line(status));
  facts.add("Group", text_of(status, "group_id"));
  facts.add("Created", text_of(task, "created_at"));
  facts.add("Updated", text_of(task, "updated_at"));
  Facts keys;
  if (const Json& config = at(task, "config"); config.is_object()) {
    for (const auto& [key, value] : config.items()) keys.add("  " + escaped(key, Escape::terminal), text_of(config, key));
  }
  return facts.render() + "Config:\n" + keys.render();
}

std::string warnings_view(const Json& status) {
  std::string out;
  for (const auto& warning : list(status, "warnings"))
    out += fmt::format("warning: {}: {}\n", escaped(text_of(warning, "key"), Escape::terminal),
                       escaped(text_of(warning, "message"), Escape::terminal));
  return out;
}

std::string status_view(const Json& status, const Screen& screen) {
  Facts facts;
  facts.add("Name", text_of(status, "name"));
  facts.add("State", text_of(status, "state"));
  facts.add("Since", text_of(status, "since"));
  facts.add("Enabled", text_of(status, "enabled"));
  facts.add("Interrupted", interruption_of(status));
  for (const auto& warning : list(status, "warnings")) facts.add("Warning", text_of(warning, "key") + ": " + text_of(warning, "message"));
  facts.add("Group", text_of(status, "group_id"));
  facts.add("Lag", text_of(status, "lag"));
  facts.add("Delay", delay(status));
  std::string out = facts.render();
  Table runners({{"RUNNER", Align::right}, {"HOST"}, {"STATE", Align::left, false, true}, {"TRACE", Align::left, true}});
  for (const auto& runner : list(status, "runners")) {
    runners.add({text_of(runner, "id"), text_of(runner, "host"), text_of(runner, "state"), text_of(runner, "trace")});
  }
  if (!runners.empty()) out += "\n" + runners.render(screen);
  const Table partitions = partitions_table(list(status, "partitions"));
  if (!partitions.empty()) out += "\n" + partitions.render(screen);
  return out;
}

std::string objects_view(const Json& objects, bool links, const Screen& screen) {
  std::vector<Column> columns = {{"KEY"},
                                 {"TOPIC", Align::left, true},
                                 {"PARTITION", Align::right},
                                 {"OFFSETS", Align::right},
                                 {"RECORDS", Align::right},
                                 {"BYTES", Align::right},
                                 {"STORED"}};
  if (links) columns.push_back({"LINK"});
  Table table(std::move(columns));
  for (const auto& object : list(objects, "objects")) {
    table.add({text_of(object, "key"), text_of(object, "topic"), text_of(object, "partition"), offsets(object), text_of(object, "records"),
               text_of(object, "bytes"), text_of(object, "stored_at"), text_of(object, "url")});
  }
  return table.render(screen);
}

std::string events_view(const Json& events, const Screen& screen) {
  Table table({{"ID", Align::right},
               {"TIME"},
               {"KIND"},
               {"STATE", Align::left, false, true},
               {"HOST"},
               {"REASON"},
               {"MESSAGE", Align::left, true}});
  for (const auto& event : list(events, "events")) {
    table.add({text_of(event, "id"), text_of(event, "time"), text_of(event, "kind"), text_of(event, "state"), text_of(event, "host"),
               text_of(event, "reason"), text_of(event, "message")});
  }
  return table.render(screen);
}

std::string verify_view(const Json& report, const Screen& screen) {
  Facts facts;
  facts.add("Task", text_of(report, "task"));
  facts.add("Whole", text_of(report, "ok") == "true" ? "yes" : "no");
  facts.add("Objects", text_of(report, "objects"));
  facts.add("Records", text_of(report, "records"));
  facts.add("Bytes", text_of(report, "bytes"));
  const Json& counts = at(report, "counts");
  if (counts.is_object()) {
    std::vector<std::string> found;
    for (const auto& [kind, count] : counts.items())
      if (count != 0) found.push_back(text_of(counts, kind) + " " + kind);
    facts.add("Found", found.empty() ? "nothing wrong" : fmt::format("{}", fmt::join(found, ", ")));
  }
  std::string out = facts.render();
  Table stored({{"TOPIC", Align::left, true},
                {"PARTITION", Align::right},
                {"SERIES", Align::right},
                {"OFFSETS", Align::right},
                {"OBJECTS", Align::right},
                {"RECORDS", Align::right},
                {"COMMITTED", Align::right},
                {"END", Align::right}});
  for (const auto& partition : list(report, "partitions")) {
    for (const auto& chain : list(partition, "chains")) {
      stored.add({text_of(partition, "topic"), text_of(partition, "partition"), text_of(chain, "series"), stored_offsets(chain),
                  text_of(chain, "objects"), text_of(chain, "records"), text_of(partition, "committed_offset"),
                  text_of(partition, "high_offset")});
    }
  }
  if (!stored.empty()) out += "\n" + stored.render(screen);
  Table findings({{"FOUND"}, {"TOPIC", Align::left, true}, {"PARTITION", Align::right}, {"OFFSETS", Align::right}, {"KEY"}, {"WHAT"}});
  for (const auto& finding : list(report, "findings")) {
    findings.add({text_of(finding, "kind"), text_of(finding, "topic"), text_of(finding, "partition"), offsets(finding),
                  text_of(finding, "key"), text_of(finding, "message")});
  }
  if (!findings.empty()) out += "\n" + findings.render(screen);
  Table explained({{"EXPLAINED"}, {"TOPIC", Align::left, true}, {"PARTITION", Align::right}});
  for (const auto& note : list(report, "explained"))
    explained.add({text_of(note, "message"), text_of(note, "topic"), text_of(note, "partition")});
  return explained.empty() ? out : out + "\n" + explained.render(screen);
}

std::string topics_view(const Json& topics, const Screen& screen) {
  Table table({{"INSTANCE"}, {"TOPIC", Align::left, true}, {"PARTITIONS", Align::right}, {"TASKS", Align::left, true}});
  for (const auto& topic : list(topics, "topics")) {
    table.add({text_of(topic, "instance"), text_of(topic, "name"), text_of(topic, "partitions"), joined(list(topic, "tasks"), ", ")});
  }
  return table.render(screen);
}

std::string connectors_view(const Json& connectors, const Screen& screen) {
  Table table({{"NAME"}, {"VERSION"}, {"KIND"}, {"FILE", Align::left, true}});
  for (const auto& connector : list(connectors, "connectors")) {
    table.add({text_of(connector, "name"), text_of(connector, "version"), text_of(connector, "kind"), text_of(connector, "file")});
  }
  return table.render(screen);
}

std::string keys_view(const Json& connector, const Screen& screen) {
  const std::size_t width = screen.width == 0 ? kPageWidth : std::max(screen.width, kNarrowestText);
  std::string out;
  std::string group;
  for (const auto& key : list(connector, "keys")) {
    if (text_of(key, "group") != group) out += (out.empty() ? "" : "\n") + escaped(text_of(key, "group"), Escape::terminal) + "\n";
    group = text_of(key, "group");
    out += indented(escaped(fmt::format("{} ({})", text_of(key, "name"), key_facts(key)), Escape::terminal), 2, width);
    out += indented(escaped(text_of(key, "documentation"), Escape::terminal), 6, width);
  }
  return out;
}

std::string state_line(const Json& status) {
  auto out = text_of(status, "state");
  if (const auto since = text_of(status, "since"); !since.empty()) out += " since " + since;
  if (const auto why = interruption_of(status); !why.empty()) out += ": " + why;
  return escaped(out, Escape::terminal);
}

std::string refusal(const Json& error) {
  std::vector<KeyProblem> problems;
  for (const auto& item : list(error, "errors"))
    problems.push_back({text_of(item, "key"), text_of(item, "value"), text_of(item, "message")});
  return refusal(text_of(error, "message"), problems);
}

std::string refusal(const std::string& message, const std::vector<KeyProblem>& problems) {
  std::string out = "error: " + escaped(message, Escape::terminal) + "\n";
  for (const auto& problem : problems) {
    const auto value = problem.value.empty() ? "" : fmt::format(" (given: {})", problem.value);
    out += "  " + escaped(fmt::format("{}{}{}{}", problem.key, problem.key.empty() ? "" : ": ", problem.message, value), Escape::terminal) +
           "\n";
  }
  return out;
}

std::string json_view(const Json& value) {
  const auto text = value.dump(2, ' ', false, Json::error_handler_t::replace);
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    out += escaped(std::string_view(text).substr(begin, end - begin), Escape::terminal) + "\n";
    begin = end + 1;
  }
  return out;
}

}  // namespace ch::cli
