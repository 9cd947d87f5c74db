#include "tasks/validation.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>

#include "base/regex.hpp"
#include "base/time.hpp"
#include "config/overrides.hpp"

namespace ch::tasks {

namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::string_view kOverridePrefix = "consumer.override.";

std::string value_of(const Config& config, std::string_view key, std::string_view otherwise = "") {
  const auto found = config.find(key);
  return found == config.end() || found->second.empty() ? std::string(otherwise) : found->second;
}

const std::string kDeadLetterTopic = "errors.deadletterqueue.topic.name";

// As librdkafka takes it: what begins so is an expression, and no topic's name.
std::string anchored(const std::string& regex) { return regex.starts_with("^") ? regex : "^" + regex; }

bool matches(const std::string& regex, const std::string& topic) {
  const auto compiled = Regex::compile(anchored(regex));
  return !regex.empty() && compiled && compiled->found_in(topic);  // one that does not compile is reported by itself
}

ErrorSettings error_settings(const Config& config) {
  ErrorSettings out;
  out.tolerate = value_of(config, "errors.tolerance") == "all";
  out.dead_letter_topic = value_of(config, kDeadLetterTopic);
  out.replication_factor =
      static_cast<int>(config::parse_integer(value_of(config, "errors.deadletterqueue.topic.replication.factor")).value_or(3));
  out.context_headers = value_of(config, "errors.deadletterqueue.context.headers.enable", "true") == "true";
  out.log = value_of(config, "errors.log.enable") == "true";
  out.log_messages = out.log && value_of(config, "errors.log.include.messages") == "true";
  return out;
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

std::vector<KeyProblem> check_name(const std::string& name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kLongestName && !control && name == boost::trim_copy(name)) return {};
  return {{"name", control ? "" : name,
           fmt::format("must be 1 to {} bytes of UTF-8 without control characters and without blanks at its ends", kLongestName)}};
}

Validation::Validation(const config::HostConfig& host, const plugins::Registry& registry)
    : host_(host), registry_(registry), providers_(host.providers) {
  for (const auto& connector : registry.connectors()) {
    auto own = config::Definition::from_schema(connector->config_schema());
    if (own) own = config::Definition(config::task_definition()).merge(*own);
    definitions_.emplace(connector->name(), std::move(own));
  }
  for (const auto& [id, instance] : host.instances) ckafka_.emplace(id, ckafka::Instance::make(instance));
}

const Result<config::Definition>& Validation::definition(const std::string& name) const {
  static const Result<config::Definition> unknown = fail(ErrorCode::invalid, "no such connector");
  const auto found = definitions_.find(name);
  return found == definitions_.end() ? unknown : found->second;
}

const config::Instance* Validation::instance_of(const Config& config) const {
  const auto id = value_of(config, "instance.id");
  if (id.empty() && host_.instances.size() == 1) return &host_.instances.begin()->second;
  const auto found = host_.instances.find(id);
  return found == host_.instances.end() ? nullptr : &found->second;
}

void Validation::check_common(const Config& config, std::vector<KeyProblem>& problems) const {
  const auto topics = split_list(value_of(config, "topics"));
  const auto regex = value_of(config, "topics.regex");
  if (topics.empty() == regex.empty()) {
    problems.push_back(
        {"topics", value_of(config, "topics"), "exactly one of topics (a topic or a comma list) and topics.regex must be given"});
  }
  if (!regex.empty()) {
    if (const auto compiled = Regex::compile(anchored(regex)); !compiled)
      problems.push_back({"topics.regex", regex, compiled.error().message});
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

// Of a config without placeholders.
std::vector<KeyProblem> Validation::check_resolved(const std::string& name, const Config& config) const {
  auto problems = check_name(name);
  const auto connector = value_of(config, "connector.class", kDefaultConnector);
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
    add(spec.connector->validate(spec.info));
  }
  return problems;
}

std::vector<KeyProblem> Validation::check(const std::string& name, const Config& config) const {
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

RunnerSpec Validation::resolve(const std::string& name, const Config& config) const {
  return resolve_placed(name, providers_.resolve(config).config);
}

Config Validation::secrets(const Config& config) const {
  Config out;
  const auto resolved = providers_.resolve(config);
  for (const auto& [key, raw] : resolved.raw) out.emplace(key, resolved.config.find(key)->second);
  return out;
}

RunnerSpec Validation::resolve_placed(const std::string& name, const Config& given) const {
  const auto connector = value_of(given, "connector.class", kDefaultConnector);
  const auto config = definition(connector)->with_defaults(given);
  const auto& instance = *instance_of(given);
  RunnerSpec spec;
  spec.connector = registry_.find(connector);
  spec.group_id = "connect-" + name;
  spec.cluster = [instance] { return config::client_properties(instance); };
  spec.ckafka = ckafka_.at(instance.id);
  for (const auto& [key, value] : config) {
    if (key.starts_with(kOverridePrefix)) spec.overrides[key.substr(kOverridePrefix.size())] = value;
  }
  spec.topics = split_list(value_of(config, "topics"));
  if (spec.topics.empty()) {
    const auto regex = value_of(config, "topics.regex");
    spec.topics = {anchored(regex)};
  }
  spec.errors = error_settings(config);
  spec.info.name = name;
  spec.info.instance = instance.id;
  spec.info.region = instance.region;
  spec.info.temp_dir = (host_.state_dir / "tmp").string();
  spec.info.upload_threads = static_cast<std::uint32_t>(config::parse_integer(value_of(config, "upload.threads")).value_or(2));
  spec.info.buffer_memory = static_cast<std::uint64_t>(config::parse_bytes(value_of(config, "buffer.memory")).value_or(64 << 20));
  spec.info.config = config;
  return spec;
}

Config Validation::masked(const Config& config) const {
  const auto& known = definition(value_of(config, "connector.class", kDefaultConnector));
  if (known) return known->masked(config);
  Config names;  // the connector is gone, and with it the knowledge of what is secret
  for (const auto& [key, value] : config) names.emplace(key, key == "connector.class" || key == "topics" ? value : "********");
  return names;
}

}  // namespace ch::tasks
