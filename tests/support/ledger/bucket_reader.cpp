#include "support/ledger/bucket_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "support/process/temp_dir.hpp"

namespace ch::test {
namespace {

constexpr std::string_view kMetaSuffix = ".meta.json";
constexpr std::string_view kProbe = "connector-host-preflight.meta.json";  // stays if the host is killed meanwhile

struct Object {
  std::string key;
  std::filesystem::path body;
  std::uint64_t size = 0;
  std::int32_t partition = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::uint64_t records = 0;
};

void note(std::vector<std::string>& list, std::uint64_t& count, std::uint64_t by, std::string text) {
  count += by;
  if (list.size() < kFindingsListed) list.push_back(std::move(text));
}

void wrong(Report& report, std::string text) { note(report.wrong, report.wrong_count, 1, std::move(text)); }

template <class Number>
Number number(const nlohmann::json& metadata, const std::string& name) {
  const auto text = metadata.at(name).get<std::string>();
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw std::runtime_error(name + " is \"" + text + "\", not a number");
  return value;
}

// Nothing for the object of another topic or task.
std::optional<Object> read_object(const std::filesystem::path& meta_file, const Expectation& expectation, const std::string& topic) {
  const auto meta = nlohmann::json::parse(read_file(meta_file));
  const auto& metadata = meta.at("metadata");
  if (metadata.at("topic") != topic || metadata.at("task") != expectation.task) return std::nullopt;
  Object object;
  object.key = meta.at("key");
  object.size = meta.at("size");
  const auto path = meta_file.string();
  object.body = path.substr(0, path.size() - kMetaSuffix.size());
  object.partition = number<std::int32_t>(metadata, "partition");
  object.start = number<std::int64_t>(metadata, "start-offset");
  object.end = number<std::int64_t>(metadata, "end-offset");
  object.records = number<std::uint64_t>(metadata, "records");
  if (metadata.at("format") != "string") throw std::runtime_error("format is " + metadata.at("format").dump());
  for (const auto* name : {"cluster", "fingerprint", "series"}) {
    if (metadata.at(name).get<std::string>().empty()) throw std::runtime_error(std::string(name) + " is empty");
  }
  if (object.start < 0 || object.end <= object.start) throw std::runtime_error(fmt::format("range [{}, {})", object.start, object.end));
  return object;
}

using Entries = std::vector<LedgerEntry>;

Entries::const_iterator find_offset(const Entries& entries, std::int64_t offset) {
  return std::lower_bound(entries.begin(), entries.end(), offset,
                          [](const LedgerEntry& entry, std::int64_t at) { return entry.offset < at; });
}

// The body against the entries of its range: value, newline, value, newline, ...
void check_body(const Object& object, Entries::const_iterator from, Entries::const_iterator to, Report& report) {
  const std::string body = read_file(object.body);
  if (body.size() != object.size)
    wrong(report, fmt::format("{}: {} bytes, but its metadata says {}", object.key, body.size(), object.size));
  std::size_t at = 0;
  for (auto entry = from; entry != to; ++entry) {
    if (body.size() - at < entry->size + std::size_t{1}) {
      wrong(report, fmt::format("{}: ends within offset {}", object.key, entry->offset));
      return;
    }
    const auto value = std::string_view(body).substr(at, entry->size);
    at += entry->size;
    if ((!entry->is_null && hash_of(value) != entry->hash) || body[at] != '\n') {
      wrong(report, fmt::format("{}: the value of offset {} (byte {}, {} bytes) differs", object.key, entry->offset, at - entry->size,
                                entry->size));
      return;
    }
    ++at;
  }
  if (at != body.size()) wrong(report, fmt::format("{}: {} bytes behind its last record", object.key, body.size() - at));
}

void check_object(const Object& object, const Entries& entries, Report& report) {
  const auto from = find_offset(entries, object.start);
  const auto to = find_offset(entries, object.end);
  const auto count = static_cast<std::uint64_t>(to - from);
  ++report.objects;
  report.records += count;
  report.bytes += object.size;
  if (object.records != count) {
    wrong(report, fmt::format("{}: [{}, {}) holds {} records, but its metadata says {}", object.key, object.start, object.end, count,
                              object.records));
  }
  if (count == 0 || std::prev(to)->offset != object.end - 1) {
    wrong(report, fmt::format("{}: [{}, {}) does not end with a record that was produced", object.key, object.start, object.end));
  }
  check_body(object, from, to, report);
}

std::uint64_t records_between(const Entries& entries, std::int64_t from, std::int64_t to) {
  return from < to ? static_cast<std::uint64_t>(find_offset(entries, to) - find_offset(entries, from)) : 0;
}

// `objects`: of one partition, by start offset.
void check_ranges(std::int32_t partition, const std::vector<Object>& objects, const Entries& entries, std::int64_t first, Report& report) {
  const auto missing = [&](std::int64_t from, std::int64_t to) {
    if (const auto count = records_between(entries, from, to); count > 0) {
      note(report.lost, report.lost_count, count, fmt::format("partition {}: {} records of [{}, {})", partition, count, from, to));
    }
  };
  std::int64_t next = first;
  for (const auto& object : objects) {
    if (const auto count = records_between(entries, object.start, std::min(first, object.end)); count > 0) {
      note(report.unexpected, report.unexpected_count, count, fmt::format("{}: {} records before offset {}", object.key, count, first));
    }
    missing(next, object.start);
    if (object.start < next && object.start >= first) {
      const auto count = records_between(entries, object.start, std::min(next, object.end));
      note(report.twice, report.twice_count, count,
           fmt::format("{}: {} records of [{}, {})", object.key, count, object.start, std::min(next, object.end)));
    }
    next = std::max(next, object.end);
  }
  if (!entries.empty()) missing(next, entries.back().offset + 1);
}

std::string joined(const char* title, const std::vector<std::string>& list, std::uint64_t count) {
  if (count == 0) return "";
  std::string text = fmt::format("\n{} ({}):", title, count);
  for (const auto& line : list) text += "\n  " + line;
  return text;
}

}  // namespace

std::string Report::summary() const {
  return fmt::format("{} objects, {} records, {} bytes", objects, records, bytes) + joined("lost", lost, lost_count) +
         joined("twice", twice, twice_count) + joined("unexpected", unexpected, unexpected_count) + joined("wrong", wrong, wrong_count);
}

Report check_bucket(const Expectation& expectation, const Ledger& ledger) {
  Report report;
  std::map<std::int32_t, std::vector<Object>> partitions;
  for (const auto& [partition, entries] : ledger.partitions) partitions[partition];
  const auto folder = expectation.bucket / "objects";
  if (std::filesystem::exists(folder)) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
      const auto path = file.path().string();
      if (!file.is_regular_file() || !path.ends_with(kMetaSuffix) || path.ends_with(kProbe)) continue;
      try {
        if (auto object = read_object(file.path(), expectation, ledger.topic)) partitions[object->partition].push_back(std::move(*object));
      } catch (const std::exception& error) {
        wrong(report, file.path().filename().string() + ": " + error.what());
      }
    }
  }
  for (auto& [partition, objects] : partitions) {
    std::sort(objects.begin(), objects.end(),
              [](const Object& a, const Object& b) { return std::tie(a.start, a.end) < std::tie(b.start, b.end); });
    const auto known = ledger.partitions.find(partition);
    const Entries entries = known == ledger.partitions.end() ? Entries() : known->second;
    const auto first = expectation.first.find(partition);
    for (const auto& object : objects) check_object(object, entries, report);
    check_ranges(partition, objects, entries, first == expectation.first.end() ? 0 : first->second, report);
  }
  return report;
}

std::uint64_t count_objects(const std::filesystem::path& bucket) {
  std::uint64_t count = 0;
  const auto folder = bucket / "objects";
  if (!std::filesystem::exists(folder)) return 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    const auto path = file.path().string();
    if (path.ends_with(kMetaSuffix) && !path.ends_with(kProbe)) ++count;
  }
  return count;
}

}  // namespace ch::test
