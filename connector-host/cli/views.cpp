#include "cli/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/duration.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;
using Align = Column::Align;

constexpr std::size_t kPageWidth = 100;  // of running text where there is no terminal
constexpr std::size_t kNarrowestText = 40;
constexpr std::size_t kReason = 24;  // of what is shown of it; no code of a reason is longer

constexpr const char* kUnknown = "–";

// A number, or that it is not known.
std::string number(const Json& object, const std::string& key) {
  const auto text = text_of(object, key);
  return text.empty() ? kUnknown : text;
}

std::string delay(const Json& object) {
  const Json& ms = member_of(object, "delay_ms");
  return ms.is_number_integer() ? short_duration(std::chrono::milliseconds(ms.get<std::int64_t>())) : kUnknown;
}

// The end as it was last seen; with the date where that is not how it is now.
std::string last_end(const Json& partition) {
  const auto end = number(partition, "end_offset");
  const auto seen = text_of(partition, "end_offset_at");
  return text_of(partition, "lag").empty() && end != kUnknown && !seen.empty() ? end + " at " + seen : end;
}

// What rules: an interval in ms, else the granularity.
std::string interval(const Json& task) {
  const Json& ms = member_of(task, "rotate_interval_ms");
  const auto minutes = text_of(task, "granularity_minutes");
  if (!ms.is_number_integer()) return minutes.empty() ? "" : minutes + "m";
  const auto value = ms.get<std::int64_t>();
  if (value % 60000 == 0) return fmt::format("{}m", value / 60000);
  return value % 1000 == 0 ? fmt::format("{}s", value / 1000) : fmt::format("{}ms", value);
}

// Names, or a pattern and what it matches.
std::string topics(const Json& task) {
  auto out = text_of(task, "topics");
  const auto count = text_of(member_of(task, "matched_topics"), "count");
  if (!out.starts_with('/') || count.empty()) return out;
  return out + fmt::format(" → {} topic{}", count, count == "1" ? "" : "s");
}

// The code of an interruption, or what a failed task's runner says.
std::string why(const Json& task, const Json& status) {
  const auto reason = text_of(member_of(status, "interruption"), "reason");
  return reason.empty() ? text_of(task, "trace") : reason;
}

// "in 12.3s", from now; without it the moment itself.
std::string next_try(const Json& interruption, std::optional<std::int64_t> now_ms) {
  const auto at = text_of(interruption, "next_try");
  const auto moment = parse_rfc3339(at);
  if (!now_ms || !moment) return at;
  return *moment <= *now_ms ? "now" : "in " + in_seconds(std::chrono::milliseconds(*moment - *now_ms));
}

// A line each: what is wrong, what to do, when it is tried again.
void add_trouble(Facts& facts, const Json& status, std::optional<std::int64_t> now_ms) {
  const Json& what = member_of(status, "interruption");
  if (what.is_object()) {
    facts.add("Interrupted", fmt::format("{}: {}", text_of(what, "reason"), text_of(what, "message")));
    facts.add("What to do", text_of(what, "remedy"));
    facts.add("Next try", next_try(what, now_ms));
    return;
  }
  for (const auto& runner : list_of(status, "runners")) {
    if (const auto trace = text_of(runner, "trace"); !trace.empty()) return facts.add("Failed", trace);
  }
}

std::string offsets(const Json& object) {
  const auto start = text_of(object, "start_offset");
  return start.empty() ? "" : fmt::format("{}..{}", start, text_of(object, "end_offset"));
}

// From the first to the last that is stored; what lies between is told by findings.
std::string stored_offsets(const Json& chain) {
  const Json& ranges = list_of(chain, "ranges");
  const auto pair = [](const Json& range) { return range.is_array() && range.size() == 2; };
  if (ranges.empty() || !pair(ranges.front()) || !pair(ranges.back())) return "";
  return fmt::format("{}..{}", ranges.front()[0].dump(), ranges.back()[1].dump());
}

Table partitions_table(const Json& partitions) {
  Table table({{"TOPIC"},
               {"PARTITION", Align::right},
               {"RUNNER", Align::right, false, false, true},
               {"COMMITTED", Align::right, false, false, true},
               {"END", Align::right, false, false, true},
               {"LAG", Align::right},
               {"DELAY", Align::right, false, false, true},
               {"OPEN", Align::right, false, false, true},
               {"DUE", Align::left, false, false, true},
               {"LAST OBJECT", Align::left, false, false, true}});
  for (const auto& partition : partitions) {
    const Json& open = member_of(partition, "open");
    table.add({text_of(partition, "topic"), text_of(partition, "partition"), number(partition, "runner"),
               number(partition, "committed_offset"), last_end(partition), number(partition, "lag"), delay(partition),
               text_of(open, "records"), text_of(open, "due_at"), text_of(member_of(partition, "last_object"), "key")});
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
  if (const auto choices = joined(list_of(key, "choices"), " | "); !choices.empty()) out = choices;
  const bool number = text_of(key, "type") == "integer" || text_of(key, "type") == "bytes";
  if (const auto least = text_of(key, "min"); number && !least.empty()) out += ", from " + least;
  if (const auto most = text_of(key, "max"); number && !most.empty()) out += ", to " + most;
  if (text_of(key, "required") == "true") return out + "; required";
  const auto otherwise = text_of(key, "default");
  return out + (otherwise.empty() ? "; optional" : "; default " + otherwise);
}

// Of kinds of findings of which there are more than the report lists.
std::string not_listed(const Json& report) {
  std::map<std::string, std::uint64_t> listed;
  for (const auto& finding : list_of(report, "findings")) ++listed[text_of(finding, "kind")];
  std::string out;
  const Json& counts = member_of(report, "counts");
  for (const auto& [kind, count] : listed) {
    const Json& all = member_of(counts, kind.c_str());
    if (!all.is_number_unsigned() || all.get<std::uint64_t>() <= count) continue;
    const auto what = kind == "foreign" ? "objects of others under names of the task's, which are no fault" : kind;
    out += fmt::format("and {} more: {}\n", all.get<std::uint64_t>() - count, escaped(what, Escape::terminal));
  }
  return out;
}

}  // namespace

std::string tasks_view(const Json& tasks, const Screen& screen) {
  Table table({{"NAME"},
               {"STATE", Align::left, false, true},
               {"LAG", Align::right, false, false, true},
               {"DELAY", Align::right, false, false, true},
               {"TOPICS", Align::left, true, false, true},
               {"BUCKET", Align::left, true, false, true},
               {"GRANULARITY", Align::right, false, false, true},
               {"REASON", Align::left, true, false, false, kReason}});
  for (const auto& task : list_of(tasks, "tasks")) {
    const Json& status = status_of(task);
    table.add({text_of(task, "name"), state_text(status), number(status, "lag"), delay(status), topics(task), text_of(task, "bucket"),
               interval(task), why(task, status)});
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
  if (const Json& config = member_of(task, "config"); config.is_object()) {
    for (const auto& [key, value] : config.items()) keys.add("  " + escaped(key, Escape::terminal), text_of(config, key));
  }
  return facts.render() + "Config:\n" + keys.render();
}

std::string warnings_view(const Json& status, const std::string& task) {
  const auto of = task.empty() ? "" : escaped(task, Escape::terminal) + ": ";
  std::string out;
  for (const auto& warning : list_of(status, "warnings"))
    out += fmt::format("warning: {}{}: {}\n", of, escaped(text_of(warning, "key"), Escape::terminal),
                       escaped(text_of(warning, "message"), Escape::terminal));
  return out;
}

std::string start_view(const Json& status, const std::string& task) {
  const Json& behind = member_of(status, "starts_behind");
  if (!behind.is_number_integer() || behind == 0) return "";
  return fmt::format("note: {}starts behind {} existing record{}; start.position=earliest would take {}\n",
                     task.empty() ? "" : escaped(task, Escape::terminal) + ": ", behind.dump(), behind == 1 ? "" : "s",
                     behind == 1 ? "it" : "them");
}

std::string status_view(const Json& status, const Screen& screen, std::optional<std::int64_t> now_ms) {
  Facts facts;
  facts.add("Name", text_of(status, "name"));
  facts.add("State", state_text(status));
  facts.add("Since", text_of(status, "since"));
  facts.add("Enabled", text_of(status, "enabled"));
  add_trouble(facts, status, now_ms);
  for (const auto& warning : list_of(status, "warnings"))
    facts.add("Warning", text_of(warning, "key") + ": " + text_of(warning, "message"));
  facts.add("Group", text_of(status, "group_id"));
  facts.add("Lag", number(status, "lag"));
  facts.add("Delay", delay(status));
  std::string out = facts.render();
  Table runners({{"RUNNER", Align::right}, {"HOST"}, {"STATE", Align::left, false, true}, {"TRACE", Align::left, true}});
  for (const auto& runner : list_of(status, "runners")) {
    runners.add({text_of(runner, "id"), text_of(runner, "host"), text_of(runner, "state"), text_of(runner, "trace")});
  }
  if (!runners.empty()) out += "\n" + runners.render(screen);
  const Table partitions = partitions_table(list_of(status, "partitions"));
  if (!partitions.empty()) out += "\n" + partitions.render(screen);
  return out;
}

std::string objects_view(const Json& objects, bool links, const Screen& screen) {
  std::vector<Column> columns = {{"KEY"}};
  for (const char* title : {"TOPIC", "PARTITION", "OFFSETS", "RECORDS", "BYTES", "STORED"})
    columns.push_back({title, std::string_view(title) == "TOPIC" || std::string_view(title) == "STORED" ? Align::left : Align::right, false,
                       false, true});
  if (links) columns.push_back({"LINK"});
  Table table(std::move(columns));
  for (const auto& object : list_of(objects, "objects")) {
    table.add({text_of(object, "key"), text_of(object, "topic"), text_of(object, "partition"), offsets(object), text_of(object, "records"),
               text_of(object, "bytes"), text_of(object, "stored_at"), text_of(object, "url")});
  }
  return table.render(screen);
}

std::string events_view(const Json& events, bool tasks, const Screen& screen) {
  std::vector<Column> columns = {{"ID", Align::right},
                                 {"TIME"},
                                 {"KIND", Align::left, false, false, true},
                                 {"STATE", Align::left, false, true},
                                 {"HOST", Align::left, false, false, true},
                                 {"REASON"},
                                 {"COUNT", Align::right, false, false, true},
                                 {"MESSAGE", Align::left, true}};
  if (tasks) columns.insert(columns.begin() + 2, {"TASK"});
  Table table(std::move(columns));
  for (const auto& event : list_of(events, "events")) {
    std::vector<std::string> cells;
    for (const char* key : {"id", "time", "task", "kind", "state", "host", "reason", "count", "message"}) {
      if (tasks || std::string_view(key) != "task") cells.push_back(text_of(event, key));
    }
    table.add(std::move(cells));
  }
  return table.render(screen);
}

std::string event_line(const Json& event) {
  std::string out;
  for (const char* key : {"time", "task", "state", "reason", "message"}) {
    auto text = text_of(event, key);
    if (text.empty() && std::string_view(key) == "state") text = text_of(event, "kind");
    if (!text.empty()) out += (out.empty() ? "" : "  ") + text;
  }
  return escaped(out, Escape::terminal);
}

std::string not_stored_line(const Json& report) {
  const Json& waiting = list_of(report, "waiting");
  const auto records = text_of(report, "not_stored");
  std::string out = records.empty() ? "it is not known how many records" : records + (records == "1" ? " record" : " records");
  out += records == "1" ? " is not stored" : " are not stored";
  if (!waiting.empty())
    out += fmt::format(" ({}: {}{})", text_of(waiting.front(), "reason"), text_of(waiting.front(), "message"),
                       waiting.size() > 1 ? fmt::format("; other causes: {}", waiting.size() - 1) : "");
  return escaped(out, Escape::terminal);
}

std::string verify_view(const Json& report, const Screen& screen) {
  Facts facts;
  facts.add("Task", text_of(report, "task"));
  const bool nothing = text_of(report, "objects") == "0";
  facts.add("Stored right", text_of(report, "ok") != "true" ? "no" : nothing ? "nothing is stored" : "yes");
  facts.add("All stored", text_of(report, "all_stored") == "true" ? "yes" : "no: " + not_stored_line(report));
  facts.add("Objects", text_of(report, "objects"));
  facts.add("Records", text_of(report, "records"));
  facts.add("Bytes", text_of(report, "bytes"));
  const Json& counts = member_of(report, "counts");
  if (counts.is_object()) {
    std::vector<std::string> found;
    for (const auto& [kind, count] : counts.items())
      if (count != 0) found.push_back(text_of(counts, kind) + " " + kind);
    facts.add("Found", found.empty() ? "nothing wrong" : fmt::format("{}", fmt::join(found, ", ")));
  }
  std::string out = facts.render();
  Table waiting({{"NOT STORED", Align::right}, {"PARTITIONS", Align::right}, {"REASON"}, {"WHY", Align::left, true}});
  for (const auto& cause : list_of(report, "waiting"))
    waiting.add({number(cause, "records"), text_of(cause, "partitions"), text_of(cause, "reason"), text_of(cause, "message")});
  if (!waiting.empty()) out += "\n" + waiting.render(screen);
  Table stored({{"TOPIC", Align::left, true},
                {"PARTITION", Align::right},
                {"SERIES", Align::right},
                {"OFFSETS", Align::right},
                {"OBJECTS", Align::right},
                {"RECORDS", Align::right},
                {"COMMITTED", Align::right},
                {"END", Align::right}});
  for (const auto& partition : list_of(report, "partitions")) {
    for (const auto& chain : list_of(partition, "chains")) {
      stored.add({text_of(partition, "topic"), text_of(partition, "partition"), text_of(chain, "series"), stored_offsets(chain),
                  text_of(chain, "objects"), text_of(chain, "records"), text_of(partition, "committed_offset"),
                  text_of(partition, "high_offset")});
    }
  }
  if (!stored.empty()) out += "\n" + stored.render(screen);
  Table findings({{"FOUND"}, {"TOPIC", Align::left, true}, {"PARTITION", Align::right}, {"OFFSETS", Align::right}, {"KEY"}, {"WHAT"}});
  for (const auto& finding : list_of(report, "findings")) {
    const bool whole_topic = member_of(finding, "partition") == -1;
    findings.add({text_of(finding, "kind"), text_of(finding, "topic"), whole_topic ? "" : text_of(finding, "partition"), offsets(finding),
                  text_of(finding, "key"), text_of(finding, "message")});
  }
  if (!findings.empty()) out += "\n" + findings.render(screen) + not_listed(report);
  Table explained({{"EXPLAINED"}, {"TOPIC", Align::left, true}, {"PARTITION", Align::right}});
  for (const auto& note : list_of(report, "explained"))
    explained.add({text_of(note, "message"), text_of(note, "topic"), text_of(note, "partition")});
  return explained.empty() ? out : out + "\n" + explained.render(screen);
}

std::string topics_view(const Json& topics, const Screen& screen) {
  Table table({{"INSTANCE"}, {"TOPIC"}, {"PARTITIONS", Align::right, false, false, true}, {"TASKS", Align::left, true, false, true}});
  for (const auto& topic : list_of(topics, "topics")) {
    table.add({text_of(topic, "instance"), text_of(topic, "name"), text_of(topic, "partitions"), joined(list_of(topic, "tasks"), ", ")});
  }
  return table.render(screen);
}

std::string connectors_view(const Json& connectors, const Screen& screen) {
  Table table({{"NAME"}, {"VERSION"}, {"KIND"}, {"FILE", Align::left, true}});
  for (const auto& connector : list_of(connectors, "connectors")) {
    table.add({text_of(connector, "name"), text_of(connector, "version"), text_of(connector, "kind"), text_of(connector, "file")});
  }
  return table.render(screen);
}

std::string keys_view(const Json& connector, const Screen& screen) {
  const std::size_t width = screen.width == 0 ? kPageWidth : std::max(screen.width, kNarrowestText);
  std::string out;
  std::string group;
  for (const auto& key : list_of(connector, "keys")) {
    if (text_of(key, "group") != group) out += (out.empty() ? "" : "\n") + escaped(text_of(key, "group"), Escape::terminal) + "\n";
    group = text_of(key, "group");
    out += indented(escaped(fmt::format("{} ({})", text_of(key, "name"), key_facts(key)), Escape::terminal), 2, width);
    out += indented(escaped(text_of(key, "documentation"), Escape::terminal), 6, width);
  }
  return out;
}

}  // namespace ch::cli
