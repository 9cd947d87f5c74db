#include "kafka/property_check.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>

#include "config/definition.hpp"
#include "kafka/rdkafka_handles.hpp"

namespace ch::kafka {
namespace {

// All that this librdkafka has, for the nearest name. rd_kafka_conf_dump() leaves out those without a default, such as
// sasl.password; this table of librdkafka's for people has them in the first column.
std::vector<std::string> known_properties() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&text, &size);
  if (file == nullptr) return {};
  rd_kafka_conf_properties_show(file);
  std::fclose(file);
  std::vector<std::string> out;
  std::istringstream lines(std::string(text, size));
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream() has it so
  for (std::string line; std::getline(lines, line);) {
    const auto end = line.find(' ');
    if (line.find('|') != std::string::npos && end != 0 && end != std::string::npos) out.push_back(line.substr(0, end));
  }
  return out;
}

std::string unknown(const std::string& property) {
  const auto near = config::nearest(property, known_properties());
  return fmt::format("librdkafka {} has no such property{}", rd_kafka_version_str(),
                     near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// "" or why no client can be made so.
std::string refusal_of_client(const Properties& properties) {
  auto conf = make_conf(properties);
  if (!conf) return conf.error().message;
  rd_kafka_conf_set_log_cb(conf->get(), nullptr);  // what it would log is said by its refusal
  const auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return client.error().message;
  rd_kafka_destroy_flags(*client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return "";
}

std::int64_t number(const Properties& properties, const char* name) {
  const auto found = properties.find(name);
  return found == properties.end() ? 0 : config::parse_integer(found->second).value_or(0);
}

void check_memory(const ConsumerSettings& settings, std::vector<KeyProblem>& problems) {
  const auto most = largest_fetch(settings.fetch_memory);
  for (const char* name : {"fetch.max.bytes", "fetch.message.max.bytes", "max.partition.fetch.bytes"}) {
    const auto asked = number(settings.overrides, name);
    if (asked <= static_cast<std::int64_t>(most)) continue;
    problems.push_back({name, std::to_string(asked),
                        fmt::format("must be at most {}: what the task's buffer.memory leaves each of its runners for an answer; raise "
                                    "buffer.memory, or take a smaller value",
                                    most)});
  }
}

// What must not be above what. Of most librdkafka says so itself when a client is made; the broker would take a session without
// heartbeats, and end it again and again.
constexpr std::pair<const char*, const char*> kOrder[] = {{"heartbeat.interval.ms", "session.timeout.ms"},
                                                          {"session.timeout.ms", "max.poll.interval.ms"},
                                                          {"reconnect.backoff.ms", "reconnect.backoff.max.ms"},
                                                          {"message.max.bytes", "fetch.max.bytes"}};

void check_order(const ConsumerSettings& settings, std::vector<KeyProblem>& problems) {
  auto all = consumer_properties(settings);
  all.emplace("reconnect.backoff.ms", "100");  // librdkafka's default
  for (const auto& [lower, upper] : kOrder) {
    if (number(all, lower) <= number(all, upper)) continue;
    const std::string key = settings.overrides.contains(lower) ? lower : upper;
    const auto own = settings.overrides.find(key);
    if (own == settings.overrides.end()) continue;  // the instance's, and told of it
    problems.push_back({key, own->second, fmt::format("{} ({}) must not be above {} ({})", lower, all.at(lower), upper, all.at(upper))});
  }
}

// What would reach beyond the client.
const std::map<std::string_view, const char*> kOfTheProcess = {
    {"internal.termination.signal", "cannot be set: it is a signal to the whole process"},
    {"plugin.library.paths", "cannot be set: it loads code into the process"},
};

}  // namespace

std::vector<KeyProblem> refused_properties(const Properties& properties) {
  const ConfHandle conf(rd_kafka_conf_new());
  std::vector<KeyProblem> problems;
  for (const auto& [key, value] : properties) {
    if (const auto why = kOfTheProcess.find(key); why != kOfTheProcess.end()) {  // librdkafka acts on some of them when they are set
      problems.push_back({key, "", why->second});
      continue;
    }
    char text[512];
    const auto result = rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text, sizeof text);
    if (result == RD_KAFKA_CONF_OK) continue;
    problems.push_back({key, "", result == RD_KAFKA_CONF_UNKNOWN ? unknown(key) : one_line(text)});
  }
  return problems;
}

std::string refused_together(const Properties& cluster) {
  ConsumerSettings settings;
  settings.cluster = cluster;
  settings.group_id = settings.client_id = "connector-host-check";
  auto properties = consumer_properties(settings);
  properties.erase("bootstrap.servers");  // nobody is to be connected to
  properties.erase("metadata.broker.list");
  return refusal_of_client(properties);
}

std::vector<KeyProblem> refused_overrides(const ConsumerSettings& settings) {
  auto problems = refused_properties(settings.overrides);
  if (!problems.empty()) return problems;
  check_memory(settings, problems);
  check_order(settings, problems);
  return problems;
}

}  // namespace ch::kafka
