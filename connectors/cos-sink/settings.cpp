#include "settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <embedded/cos_sink_schema.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cloud/address.hpp"
#include "cloud/egress.hpp"
#include "cloud/encoding.hpp"
#include "cos/limits.hpp"

namespace ch::cos {
namespace {

constexpr std::int64_t kMinuteMs = 60000;
constexpr std::size_t kFingerprintBytes = 8;

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
  return text;
}

std::string value_or(const ch::TaskInfo& task, std::string_view key, std::string_view otherwise) {
  return task[key].empty() ? std::string(otherwise) : task[key];
}

std::uint64_t number_or(std::string_view text, std::uint64_t otherwise) { return text.empty() ? otherwise : parse_size(text); }

const std::string& region_of(const ch::TaskInfo& task) { return task["cos.region"].empty() ? task.region : task["cos.region"]; }

std::string endpoint_template(const ch::TaskInfo& task) {
  for (const char* key : {"cos.endpoint", "host.cos.endpoint"})
    if (!task[key].empty()) return task[key];
  return "https://{bucket}.cos.{region}.myqcloud.com";
}

std::string endpoint_of(const ch::TaskInfo& task) {
  return replaced(replaced(endpoint_template(task), "{bucket}", task["cos.bucket"]), "{region}", region_of(task));
}

// The keys that decide what objects hold and how they are named, in the schema's order: those with "x-shapes-objects".
const std::vector<std::string>& shaping_keys() {
  static const auto keys = [] {
    std::vector<std::string> found;
    const auto schema = nlohmann::ordered_json::parse(schemas::cos_sink_schema_json);
    for (const auto& [key, property] : schema.at("properties").items())
      if (property.at("x-shapes-objects").get<bool>()) found.push_back(key);
    return found;
  }();
  return keys;
}

// Each with its length: "a"+"bc" and "ab"+"c" must differ. It is committed beside offsets and written into objects: of a
// configuration that there is, it stays as it is, though keys are added or moved.
std::string fingerprint_of(const ch::TaskInfo& task) {
  std::string text;
  for (const auto& key : shaping_keys()) {
    if (key == "cos.region" || key == "cos.endpoint") continue;  // they are in the address, beside the bucket
    const std::string value = key == "cos.bucket" ? task[key] + '|' + endpoint_of(task) : task[key];
    text += fmt::format("{}:{};", value.size(), value);
  }
  return cloud::hex(cloud::sha256(text).substr(0, kFingerprintBytes));
}

bool is_bucket_name(std::string_view bucket) {
  const auto dash = bucket.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == bucket.size()) return false;
  const auto digits = bucket.substr(dash + 1);
  const auto name = bucket.substr(0, dash);
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::all_of(name.begin(), name.end(), allowed) && name.front() != '-' && name.back() != '-';
}

void check_place(const ch::TaskInfo& task, ch::Problems& problems) {
  const std::string& bucket = task["cos.bucket"];
  if (!is_bucket_name(bucket)) problems.add("cos.bucket", bucket, "must be the bucket's full name, NAME-APPID, such as archive-1250000000");

  const std::string& given = task["cos.endpoint"];
  const bool region_needed = endpoint_template(task).find("{region}") != std::string::npos;
  if (region_of(task).empty() && region_needed)
    problems.add("cos.region", "",
                 "is needed, because the instance '" + task.instance + "' has no region: name the bucket's, such as ap-guangzhou");
  if (!task["cos.region"].empty() && !task.region.empty() && task["cos.region"] != task.region &&
      task["cos.cross.region.allowed"] != "true")
    problems.add("cos.region", task["cos.region"],
                 "is not the region of the instance '" + task.instance + "', " + task.region +
                     ": name a bucket there, or set cos.cross.region.allowed=true and pay for the traffic");

  const std::string endpoint = endpoint_of(task);
  const auto scheme = endpoint.find("://");
  const auto host = scheme == std::string::npos ? std::string() : endpoint.substr(scheme + 3);
  const bool plain = endpoint.find_first_of("?#{}@ \t\r\n") == std::string::npos;
  if ((endpoint.compare(0, 7, "http://") != 0 && endpoint.compare(0, 8, "https://") != 0) || host.empty() || host.front() == '/' || !plain)
    problems.add("cos.endpoint", given.empty() ? endpoint : given,
                 "must be http:// or https://, a host, perhaps a port and a path, with {bucket} and {region} as the only placeholders");
}

void check_proxy(const ch::TaskInfo& task, ch::Problems& problems) {
  const auto& url = task["cos.proxy.url"];
  const auto problem = url.empty() ? std::string() : cloud::proxy_problem(url);
  if (!problem.empty()) problems.add("cos.proxy.url", "", problem);  // it may hold a password
}

void check_keys(const ch::TaskInfo& task, ch::Problems& problems) {
  const std::string& text = task["object.key.template"];
  const auto parsed = KeyTemplate::parse(text);
  if (const auto* refused = std::get_if<std::string>(&parsed)) problems.add("object.key.template", text, *refused);
  const bool many_topics = task["topics"].find(',') != std::string::npos || !task["topics.regex"].empty();
  if (many_topics && text.find("{topic}") == std::string::npos && text.find("{topic_name}") == std::string::npos)
    problems.add("object.key.template", text,
                 "must contain {topic} or {topic_name}, because the task may have several topics whose objects could not be told apart");
}

void check_sizes(const ch::TaskInfo& task, ch::Problems& problems) {
  const std::uint64_t bytes = number_or(task["rotate.bytes"], 0);
  if (bytes > task.buffer_memory / 2)
    problems.add("rotate.bytes", task["rotate.bytes"],
                 fmt::format("must be at most half of buffer.memory, {} bytes, because an object is kept in memory until it is stored: "
                             "lower it, or raise buffer.memory to {}",
                             task.buffer_memory / 2, bytes * 2));
  const std::uint64_t part = number_or(task["part.bytes"], 8 << 20);
  if (part == 0 || task.buffer_memory / part > kMaxParts)
    problems.add("part.bytes", task["part.bytes"],
                 fmt::format("must be at least {} bytes, because an object of buffer.memory's size may have {} parts at the most",
                             task.buffer_memory / kMaxParts + 1, kMaxParts));
}

const std::string& first_of(const std::string& given, const std::string& otherwise) { return given.empty() ? otherwise : given; }

// Whose keys, tokens and machine they are decides where they may be sent: what is the host's own, its pod's identity and its
// machine's metadata, goes to addresses of the host's configuration alone ("host." begins what a task cannot set); a task may name
// an STS for the keys that it brings itself. What TKE sets in the environment of the host's pod stands in for what is not given.
CredentialSettings credentials_of(const ch::TaskInfo& task) {
  CredentialSettings out;
  out.kind = first_of(task["cos.credentials"], "static");
  out.sts_endpoint = first_of(task["host.sts.endpoint"], "https://sts.tencentcloudapi.com");
  if (out.kind == "assume-role") out.sts_endpoint = first_of(task["sts.endpoint"], out.sts_endpoint);
  out.metadata_endpoint = first_of(task["host.cvm.metadata.endpoint"], "http://metadata.tencentyun.com");
  out.region = first_of(region_of(task), task["host.TKE_REGION"]);
  // The pod's token must not pass by a proxy that a task names.
  if (out.kind == "assume-role" && !task["cos.proxy.url"].empty()) out.proxy = task["cos.proxy.url"];
  out.file = task["cos.credentials.file"];
  if (out.kind == "static" || out.kind == "assume-role")
    out.keys = {task["cos.secret.id"], task["cos.secret.key"], task["cos.session.token"]};
  out.role_name = first_of(task["cos.role.name"], "cosCkafka_QCSRole");
  out.role_arn = task["cos.role.arn"];
  if (out.kind == "web-identity") {
    out.role_arn = first_of(out.role_arn, task["host.TKE_ROLE_ARN"]);
    out.provider_id = first_of(task["cos.web.identity.provider.id"], task["host.TKE_PROVIDER_ID"]);
    out.token_file = first_of(task["cos.web.identity.token.file"], task["host.TKE_WEB_IDENTITY_TOKEN_FILE"]);
  }
  return out;
}

void check_sts(const ch::TaskInfo& task, const std::string& kind, ch::Problems& problems) {
  const auto& url = task["sts.endpoint"];
  if (url.empty()) return;
  if (kind != "assume-role")
    return problems.add("sts.endpoint", url,
                        fmt::format("can be set with cos.credentials=assume-role only, whose keys are the task's own: with {} the host's "
                                    "sts.endpoint is asked",
                                    kind));
  try {
    if (!cloud::egress_allows(task["host.egress.allowed"], cloud::parse_address(url, "it", "https://sts.tencentcloudapi.com")))
      problems.add(
          "sts.endpoint", url,
          fmt::format("is not among the addresses that the host's egress.allowed lists ({}), names by https only: leave it out to ask "
                      "the host's sts.endpoint",
                      task["host.egress.allowed"]));
  } catch (const std::invalid_argument& error) {
    problems.add("sts.endpoint", url, error.what());
  }
}

void check_credentials(const ch::TaskInfo& task, ch::Problems& problems) {
  const auto given = credentials_of(task);
  const auto* kind = find_credential_kind(given.kind);
  if (kind == nullptr) return problems.add("cos.credentials", given.kind, "is no kind of credentials that there is");
  check_sts(task, given.kind, problems);
  for (const auto& needed : kind->needs(given)) {
    if (needed.value.empty())
      problems.add(needed.key, "", fmt::format("is needed with cos.credentials={}{}", given.kind, needed.otherwise));
    else if (needed.is_path && needed.value.front() != '/')
      problems.add(needed.key, needed.value, "must be an absolute path");
  }
}

void check_encryption(const ch::TaskInfo& task, ch::Problems& problems) {
  for (const char* key : {"cos.server.side.encryption.kms.key.id", "cos.server.side.encryption.kms.context"})
    if (!task[key].empty() && task["cos.server.side.encryption"] != "cos/kms")
      problems.add(key, task[key], "has no meaning without cos.server.side.encryption=cos/kms");
}

void check_format(const ch::TaskInfo& task, ch::Problems& problems) {
  for (const char* key : {"jsonl.fields", "csv.fields"})
    if (!task[key].empty() && parse_fields(task[key]).empty())
      problems.add(key, task[key], "must be a comma list, each once, of topic, partition, offset, timestamp, key, value, headers");
  const auto& kind = compression_kind(value_or(task, "compression", "none"));
  const std::string& level = task["compression.level"];
  if (level.empty()) return;
  const auto number = static_cast<std::int64_t>(parse_size(level));
  if (kind.codec == Compression::Codec::none)
    problems.add("compression.level", level, "has a meaning only with compression=gzip or zstd: leave it out");
  else if (number < kind.lowest_level || number > kind.highest_level)
    problems.add("compression.level", level,
                 fmt::format("must be {} to {} with compression={}", kind.lowest_level, kind.highest_level, kind.name));
}

FormatOptions format_of(const ch::TaskInfo& task) {
  FormatOptions options;
  options.name = value_or(task, "format", options.name);
  if (!task["jsonl.fields"].empty()) options.jsonl_fields = parse_fields(task["jsonl.fields"]);
  if (!task["csv.fields"].empty()) options.csv_fields = parse_fields(task["csv.fields"]);
  options.csv_header = value_or(task, "csv.header", "true") == "true";
  return options;
}

NullValues null_values_of(const ch::TaskInfo& task) {
  const auto text = value_or(task, "behavior.on.null.values", "write");
  return text == "ignore" ? NullValues::ignore : text == "fail" ? NullValues::fail : NullValues::write;
}

}  // namespace

std::string Settings::prefix_of(std::string_view topic, std::optional<std::int32_t> partition) const {
  return common_prefix(keys.prefix(key_fields(topic, partition.value_or(1), 0, 0)),
                       keys.prefix(key_fields(topic, partition.value_or(2), 0, 0)));
}

KeyFields Settings::key_fields(std::string_view topic, std::int32_t partition, std::int64_t start_offset, std::int64_t time_ms) const {
  const auto id = topic_ids.find(topic);
  return {instance, id == topic_ids.end() ? topic : id->second, topic, task, partition, start_offset, time_ms, ext};
}

void validate(const ch::TaskInfo& task, ch::Problems& problems) {
  check_place(task, problems);
  check_proxy(task, problems);
  check_keys(task, problems);
  check_sizes(task, problems);
  check_credentials(task, problems);
  check_encryption(task, problems);
  check_format(task, problems);
}

Settings make_settings(const ch::TaskInfo& task) {
  Settings settings;
  settings.instance = task.instance;
  settings.task = task.name;
  settings.cluster = task.cluster;
  settings.topic_ids = task.topic_ids;
  settings.endpoint = {endpoint_of(task), task["cos.bucket"], region_of(task)};
  settings.credentials = credentials_of(task);
  settings.create_bucket = task["cos.bucket.create"] == "true";
  settings.ca_file = task["cos.ca.location"];
  if (!task["cos.proxy.url"].empty()) settings.proxy = task["cos.proxy.url"];
  settings.acl = task["cos.acl"];
  settings.storage_class = task["cos.storage.class"];
  settings.encryption = task["cos.server.side.encryption"] == "none" ? "" : task["cos.server.side.encryption"];
  settings.kms_key_id = task["cos.server.side.encryption.kms.key.id"];
  settings.kms_context = task["cos.server.side.encryption.kms.context"];
  auto keys = KeyTemplate::parse(task["object.key.template"]);
  if (const auto* refused = std::get_if<std::string>(&keys)) throw std::runtime_error("object.key.template " + *refused);
  settings.keys = std::move(std::get<KeyTemplate>(keys));
  settings.format = format_of(task);
  const auto& format = format_kind(settings.format.name);
  const auto& compression = compression_kind(value_or(task, "compression", "none"));
  settings.compression = {compression.codec,
                          static_cast<int>(number_or(task["compression.level"], static_cast<std::uint64_t>(compression.level)))};
  settings.null_values = null_values_of(task);
  settings.ext = fmt::format("{}{}", format.ext, compression.ext);
  settings.content_type = compression.content_type.empty() ? format.content_type : compression.content_type;
  settings.fingerprint = fingerprint_of(task);
  const auto granularity_ms = static_cast<std::int64_t>(number_or(task["time.granularity.minutes"], 5)) * kMinuteMs;
  settings.rotate_interval_ms =
      static_cast<std::int64_t>(number_or(task["rotate.interval.ms"], static_cast<std::uint64_t>(granularity_ms)));
  settings.rotate_idle_ms = static_cast<std::int64_t>(number_or(task["rotate.idle.ms"], 0));
  const std::uint64_t half = task.buffer_memory / 2;
  const std::uint64_t bytes = number_or(task["rotate.bytes"], 0);
  settings.rotate_bytes = bytes == 0 ? half : std::min(bytes, half);
  settings.rotate_records = number_or(task["rotate.records"], 0);
  settings.part_bytes = number_or(task["part.bytes"], 8 << 20);
  settings.buffer_memory = task.buffer_memory;
  settings.upload_threads = std::max(task.upload_threads, 1U);
  return settings;
}

std::uint64_t parse_size(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, unsigned>, 3> kUnits{{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error == std::errc() && unit.empty()) return value;
  const auto* known = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& entry) { return entry.first == unit; });
  if (error != std::errc() || known == kUnits.end() || value > (std::numeric_limits<std::uint64_t>::max() >> known->second))
    throw std::runtime_error("'" + std::string(text) + "' is no size: write a number, or one with KiB, MiB or GiB");
  return value << known->second;
}

}  // namespace ch::cos
