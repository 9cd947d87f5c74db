#include "tasks/task_validation.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>

#include "base/regex.hpp"
#include "base/time.hpp"
#include "config/overrides.hpp"
#include "kafka/property_check.hpp"

namespace ch::tasks {

namespace {

constexpr std::size_t kLongestName = 200;
std::string value_of(const Config& config, std::string_view key, std::string_view otherwise = "") {
  const auto found = config.find(key);
  return found == config.end() || found->second.empty() ? std::string(otherwise) : found->second;
}

const std::string kDeadLetterTopic = "errors.deadletterqueue.topic.name";

bool matches(const std::string& regex, const std::string& topic) {
  const auto compiled = Regex::compile(regex);
  // One that does not compile is reported by itself.
  return !regex.empty() && compiled && !kafka::is_internal(topic) && compiled->matches(topic);
}

// A comma list of names: whoever writes a pattern there means the other key.
void check_topics(const std::vector<std::string>& topics, std::vector<KeyProblem>& problems) {
  for (const auto& topic : topics) {
    const auto why = kafka::no_topic_name(topic);
    if (!why) continue;
    const bool pattern = topic.find_first_of("*+?[](){}|^$\\") != std::string::npos;
    problems.push_back({"topics", topic, fmt::format("{} is no topic: {}{}", topic, *why, pattern ? "; did you mean topics.regex?" : "")});
  }
}

runner::ErrorSettings error_settings(const Config& config) {
  runner::ErrorSettings out;
  out.tolerate = value_of(config, "errors.tolerance") == "all";
  out.dead_letter_topic = value_of(config, kDeadLetterTopic);
  out.replication_factor =
      static_cast<int>(config::parse_integer(value_of(config, "errors.deadletterqueue.topic.replication.factor")).value_or(3));
  out.context_headers = value_of(config, "errors.deadletterqueue.context.headers.enable", "true") == "true";
  out.log = value_of(config, "errors.log.enable") == "true";
  out.log_messages = out.log && value_of(config, "errors.log.include.messages") == "true";
  return out;
}

// A connector believes what it is told under the host's keys.
Result<config::Definition> with_common_keys(const config::Definition& own) {
  for (const auto& key : own.keys()) {
    if (key.name.starts_with(config::kHostKeys))
      return fail(ErrorCode::invalid, fmt::format("its key {} begins with {}, as only the host's do", key.name, config::kHostKeys));
  }
  if (own.accepts_prefix(std::string(config::kHostKeys) + "x"))
    return fail(ErrorCode::invalid, fmt::format("it takes keys that begin with {}, as only the host's do", config::kHostKeys));
  return config::Definition(config::task_definition()).merge(own);
}

}  // namespace

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts, out;
  boost::split(parts, text, boost::is_any_of(","));
  for (auto& part : parts) {
    boost::trim(part);
    if (!part.empty()) out.push_back(std::move(part));
  }
  return out;
}

std::vector<std::string> wanted_topics(const Config& config) {
  auto topics = split_list(value_of(config, "topics"));
  if (topics.empty()) topics.push_back(kafka::whole_name(value_of(config, "topics.regex")));
  return topics;
}

std::vector<KeyProblem> check_name(const std::string& name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kLongestName && !control && name == boost::trim_copy(name)) return {};
  return {{"name", control ? "" : name,
           fmt::format("must be 1 to {} bytes of UTF-8 without control characters and without blanks at its ends", kLongestName)}};
}

TaskValidation::TaskValidation(const config::HostConfig& host, const plugins::Registry& registry)
    : host_(host), registry_(registry), providers_(host.providers) {
  for (const auto& connector : registry.connectors()) {
    auto own = config::Definition::from_schema(connector->config_schema());
    if (own) own = with_common_keys(*own);
    definitions_.emplace(connector->name(), std::move(own));
  }
  for (const auto& [id, instance] : host.instances) ckafka_.emplace(id, ckafka::Instance::make(instance));
}

const Result<config::Definition>& TaskValidation::definition(const std::string& name) const {
  static const Result<config::Definition> unknown = fail(ErrorCode::invalid, "no such connector");
  const auto found = definitions_.find(name);
  return found == definitions_.end() ? unknown : found->second;
}

const config::Instance* TaskValidation::instance_of(const Config& config) const {
  const auto id = value_of(config, "instance.id");
  if (id.empty() && host_.instances.size() == 1) return &host_.instances.begin()->second;
  const auto found = host_.instances.find(id);
  return found == host_.instances.end() ? nullptr : &found->second;
}

void TaskValidation::check_common(const Config& config, std::vector<KeyProblem>& problems) const {
  const auto topics = split_list(value_of(config, "topics"));
  const auto regex = value_of(config, "topics.regex");
  if (topics.empty() == regex.empty()) problems.push_back({"topics", value_of(config, "topics"), std::string(kTopicsOrRegex)});
  check_topics(topics, problems);
  if (!regex.empty()) {
    auto compiled = Regex::compile(regex);
    if (compiled) compiled = Regex::compile(kafka::whole_name(regex));  // with what that adds it may be too long
    if (!compiled) problems.push_back({"topics.regex", regex, compiled.error().message});
  }
  if (instance_of(config) == nullptr) {
    std::vector<std::string> known;
    for (const auto& [id, instance] : host_.instances) known.push_back(id);
    problems.push_back({"instance.id", value_of(config, "instance.id"),
                        known.empty() ? "the host has no instance: set `instances` or `bootstrap.servers` in its configuration"
                                      : fmt::format("must name an instance of the host: {}", fmt::join(known, ", "))});
  }
  const auto start = value_of(config, "start.position", "latest");
  if (start != "latest" && start != "earliest" && start != "committed" && !parse_rfc3339(start)) {
    problems.push_back({"start.position", start, "must be latest, earliest, committed, or an RFC 3339 time such as 2026-01-31T08:00:00Z"});
  }
  const auto dead_letters = value_of(config, kDeadLetterTopic);
  if (const auto why = dead_letters.empty() ? std::nullopt : kafka::no_topic_name(dead_letters))
    problems.push_back({kDeadLetterTopic, dead_letters, "is no topic: " + *why});
  const bool own = std::find(topics.begin(), topics.end(), dead_letters) != topics.end();
  if (!dead_letters.empty() && (own || matches(regex, dead_letters))) {
    problems.push_back({kDeadLetterTopic, dead_letters, "must not be a topic that the task itself archives"});
  }
  if (const auto interval = config::parse_integer(value_of(config, "rotate.interval.ms"));
      interval && *interval < host_.rotate_interval_min_ms) {
    problems.push_back({"rotate.interval.ms", value_of(config, "rotate.interval.ms"),
                        fmt::format("must be at least {} (the host's rotate.interval.min.ms)", host_.rotate_interval_min_ms)});
  }
}

std::vector<KeyProblem> TaskValidation::check_source(const Config& config) const {
  std::vector<KeyProblem> problems;
  check_common(config, problems);
  return problems;
}

// Of a config without placeholders.
std::vector<KeyProblem> TaskValidation::check_resolved(const std::string& name, const Config& config) const {
  auto problems = check_name(name);
  const auto connector = config::connector_of(config);
  const auto& known = definition(connector);
  if (!known) {
    std::vector<std::string> names;
    for (const auto& c : registry_.connectors()) names.push_back(c->name());
    problems.push_back({"connector.class", connector, fmt::format("{}; there are: {}", known.error().message, fmt::join(names, ", "))});
    return problems;
  }
  const auto add = [&](std::vector<KeyProblem> more) { problems.insert(problems.end(), more.begin(), more.end()); };
  add(known->check(config));
  add(config::check_overrides(config));
  for (const auto& key : known->keys()) {
    const auto path = key.is_file ? value_of(config, key.name) : "";
    if (const auto allowed = path.empty() ? Status() : providers_.may_read(path); !allowed)
      problems.push_back({key.name, path, "it " + allowed.error().message});
  }
  check_common(config, problems);
  if (problems.empty()) {
    const auto spec = resolve_placed(name, config);
    add(check_consumer(spec));
    add(spec.connector->validate(spec.info));
  }
  return problems;
}

// What a runner's consumer would be refused for, in its overrides.
std::vector<KeyProblem> TaskValidation::check_consumer(const runner::RunnerSpec& spec) {
  if (spec.overrides.empty()) return {};
  kafka::ConsumerSettings settings;
  if (auto cluster = spec.cluster()) settings.cluster = std::move(*cluster);  // else it is told where it is the trouble
  settings.overrides = spec.overrides;
  const auto runners = config::parse_integer(spec.info["tasks.max"]).value_or(1);
  settings.fetch_memory = runner::fetch_share(spec.info.buffer_memory / static_cast<std::uint64_t>(std::max<std::int64_t>(runners, 1)));
  auto problems = kafka::refused_overrides(settings);
  for (auto& problem : problems) problem.key.insert(0, config::kConsumerOverride);
  return problems;
}

std::vector<KeyProblem> TaskValidation::check(const std::string& name, const Config& config) const {
  auto resolved = providers_.resolve(config);
  auto problems = std::move(resolved.problems);
  const auto unresolved = problems.size();
  for (auto& problem : check_resolved(name, resolved.config)) {
    const auto is_unresolved = [&](const KeyProblem& other) { return other.key == problem.key; };
    const auto end = problems.begin() + static_cast<std::ptrdiff_t>(unresolved);
    if (std::find_if(problems.begin(), end, is_unresolved) != end) continue;  // judged a placeholder, not its value
    if (const auto raw = resolved.raw.find(problem.key); raw != resolved.raw.end()) problem.value = raw->second;
    problem.message = resolved.redacted(std::move(problem.message));
    problems.push_back(std::move(problem));
  }
  return problems;
}

std::vector<KeyProblem> TaskValidation::admit(const std::string& name, Config& config, const Config& kept) const {
  std::vector<KeyProblem> problems;
  for (auto& [key, value] : config) {
    if (value != config::kMask) continue;
    if (const auto old = kept.find(key); old != kept.end()) {
      value = old->second;
    } else {
      problems.push_back({key, value, "stands for a value that is kept as it is, but there is none yet: give the value itself"});
    }
  }
  const auto masks = problems.size();
  for (auto& problem : check(name, config)) {
    const auto end = problems.begin() + static_cast<std::ptrdiff_t>(masks);
    if (std::none_of(problems.begin(), end, [&](const KeyProblem& mask) { return mask.key == problem.key; }))
      problems.push_back(std::move(problem));
  }
  return problems;
}

runner::RunnerSpec TaskValidation::resolve(const std::string& name, const Config& config) const {
  return resolve_placed(name, providers_.resolve(config).config);
}

runner::RunnerSpec TaskValidation::resolve_placed(const std::string& name, const Config& given) const {
  const auto connector = config::connector_of(given);
  const auto config = definition(connector)->with_defaults(given);
  const auto& instance = *instance_of(given);
  runner::RunnerSpec spec;
  spec.connector = registry_.find(connector);
  spec.group_id = "connect-" + name;
  spec.cluster = [instance] { return config::client_properties(instance); };
  spec.ckafka = ckafka_.at(instance.id);
  for (const auto& [key, value] : config) {
    if (key.starts_with(config::kConsumerOverride)) spec.overrides[key.substr(config::kConsumerOverride.size())] = value;
  }
  spec.topics = wanted_topics(config);
  spec.errors = error_settings(config);
  spec.info.name = name;
  spec.info.instance = instance.id;
  spec.info.region = instance.region;
  spec.info.temp_dir = (host_.state_dir / "tmp").string();
  spec.info.upload_threads = static_cast<std::uint32_t>(config::parse_integer(value_of(config, "upload.threads")).value_or(2));
  spec.info.buffer_memory = static_cast<std::uint64_t>(config::parse_bytes(value_of(config, "buffer.memory")).value_or(64 << 20));
  spec.info.config = config;
  std::erase_if(spec.info.config, [](const auto& entry) { return entry.first.starts_with(config::kHostKeys); });
  spec.info.config.insert(host_.for_connectors.begin(), host_.for_connectors.end());
  return spec;
}

Config TaskValidation::masked(const Config& config) const {
  const auto& known = definition(config::connector_of(config));
  if (known) return known->masked(config);
  Config names;  // the connector is gone, and with it the knowledge of what is secret
  for (const auto& [key, value] : config)
    names.emplace(key, key == "connector.class" || key == "topics" ? value : std::string(config::kMask));
  return names;
}

}  // namespace ch::tasks
