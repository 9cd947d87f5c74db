#include "writer/object_identity.hpp"

#include <charconv>

#include "cloud/encoding.hpp"

namespace ch::cos {
namespace {

template <class Number>
std::optional<Number> number(const Metadata& metadata, const std::string& name) {
  const auto found = metadata.find(name);
  if (found == metadata.end()) return std::nullopt;
  Number value = 0;
  const auto& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string header_value(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c > ' ' && c <= '~' && c != '%')
      out += c;
    else
      out += cloud::percent(c);
  return out;
}

ObjectOptions store_options(const Settings& settings) {
  ObjectOptions options;
  options.acl = settings.acl;
  options.storage_class = settings.storage_class;
  options.encryption = settings.encryption;
  options.kms_key_id = settings.kms_key_id;
  options.kms_context = settings.kms_context;
  return options;
}

ObjectOptions object_options(const Settings& settings, const Identity& identity, const ObjectRange& range) {
  auto options = store_options(settings);
  options.content_type = settings.content_type;
  options.metadata = {{"cluster", header_value(identity.cluster)},   {"task", header_value(identity.task)},
                      {"topic", header_value(identity.topic)},       {"partition", std::to_string(identity.partition)},
                      {"start-offset", std::to_string(range.start)}, {"end-offset", std::to_string(range.end)},
                      {"records", std::to_string(range.records)},    {"format", settings.format.name},
                      {"fingerprint", settings.fingerprint},         {"series", std::to_string(identity.series)}};
  return options;
}

std::optional<ObjectRange> range_of(const Metadata& metadata) {
  const auto start = number<std::int64_t>(metadata, "start-offset");
  const auto end = number<std::int64_t>(metadata, "end-offset");
  const auto records = number<std::uint64_t>(metadata, "records");
  if (!start || !end || !records || *start < 0 || *end <= *start) return std::nullopt;
  return ObjectRange{*start, *end, *records};
}

std::optional<ObjectRange> own_range(const Identity& identity, const Metadata& metadata) {
  const auto is = [&](const char* name, const std::string& value) {
    const auto found = metadata.find(name);
    return found != metadata.end() && found->second == value;
  };
  const bool ours = is("cluster", header_value(identity.cluster)) && is("task", header_value(identity.task)) &&
                    is("topic", header_value(identity.topic)) && is("partition", std::to_string(identity.partition)) &&
                    is("series", std::to_string(identity.series));
  return ours ? range_of(metadata) : std::nullopt;
}

}  // namespace ch::cos
