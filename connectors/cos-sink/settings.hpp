// A task's configuration as cos-sink uses it. Values have passed the host's schema check; a plain value, any thread.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cos/client.hpp"
#include "credentials/providers.hpp"
#include "formats/compression.hpp"
#include "formats/encoder.hpp"
#include "key_template.hpp"

namespace ch::cos {

// What becomes of records without a value (tombstones).
enum class NullValues { write, ignore, fail };

struct Settings {
  std::string instance, task, cluster;
  ch::Config topic_ids;
  Endpoint endpoint;
  CredentialSettings credentials;
  std::string ca_file;
  std::optional<std::string> proxy;  // as in cloud::TransportOptions
  std::string acl, storage_class, encryption, kms_key_id, kms_context;
  bool create_bucket = false;
  KeyTemplate keys;
  std::string ext, content_type;
  FormatOptions format;
  Compression compression;
  NullValues null_values = NullValues::write;
  std::string fingerprint;  // of all keys that decide what objects hold and how they are named
  std::int64_t rotate_interval_ms = 0;
  std::int64_t rotate_idle_ms = 0;   // 0 off
  std::uint64_t rotate_bytes = 0;    // never 0: half of buffer.memory is the limit, so that one object can fill while another is stored
  std::uint64_t rotate_records = 0;  // 0 off
  std::uint64_t part_bytes = 0;
  std::uint64_t buffer_memory = 0;
  std::uint32_t upload_threads = 1;

  // Bytes that a record may take: one object can fill while another is stored.
  std::uint64_t record_limit() const { return buffer_memory / 2; }
  // What a key of this topic partition is made of; the views are of this object and of `topic`.
  KeyFields key_fields(std::string_view topic, std::int32_t partition, std::int64_t start_offset, std::int64_t time_ms) const;
  // Whether an object holds at least a line for every record, uncompressed.
  bool one_line_each() const { return format_kind(format.name).one_line_each && compression.codec == Compression::Codec::none; }
  // What all keys of the topic (and of the partition, if one is given) begin with.
  std::string prefix_of(std::string_view topic, std::optional<std::int32_t> partition) const;
};

// Cross-field problems: what the schema, which sees one key at a time, cannot know.
void validate(const ch::TaskInfo& task, ch::Problems& problems);

Settings make_settings(const ch::TaskInfo& task);  // of a task that passed validate(); otherwise throws std::runtime_error

std::uint64_t parse_size(std::string_view text);  // "8MiB", "100"; throws std::runtime_error

}  // namespace ch::cos
