// What cos-sink keeps beside a committed offset: compact ASCII JSON, written and read by the partition's writer alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace ch::cos {

constexpr std::size_t kMaxStateLength = 3800;     // the host may add its own frame up to Kafka's 4096
constexpr std::size_t kMaxUploadIdLength = 1000;  // COS's have 74 characters

// One object that is about to become visible. Decided once: whoever finds it stores exactly this.
struct Intent {
  std::string key;
  std::int64_t start = 0;
  std::int64_t end = 0;   // exclusive
  std::string upload_id;  // empty: a single PUT
  std::uint32_t parts = 0;
  std::string fingerprint;
  std::uint64_t bytes = 0;        // of the object
  std::uint64_t plain_bytes = 0;  // of it before compression; 0: it has none
  std::uint64_t records = 0;
  std::int64_t time_ms = 0;        // the {time} in the key
  std::uint64_t record_limit = 0;  // bytes; larger records in the range were passed over; 0: not known, it is of an older version
};

// Nothing is under way.
struct Idle {
  std::string last_key;       // empty: none known
  std::int64_t position = 0;  // end of the last object, where the next one starts: at or before the committed offset
  std::int64_t time_ms = 0;   // a time not later than the {time} in the last key; 0 unknown
};

using State = std::variant<Idle, Intent>;

std::string encode(const State& state);

// The state committed beside `committed_offset`, or what is wrong with it. An empty text is the start of a chain.
std::variant<State, std::string> decode(std::string_view text, std::int64_t committed_offset);

}  // namespace ch::cos
