#include "inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "crc64.hpp"
#include "identity.hpp"
#include "state.hpp"
#include "xml.hpp"

namespace ch::cos {
namespace {

using Kind = ch::Finding::Kind;
using Clock = std::chrono::steady_clock;

constexpr int kKeysPerPage = 1000;              // COS's largest page
constexpr std::size_t kAtOnce = 64;             // objects looked at between two looks at the clock
constexpr std::size_t kReadAtOnce = 8;          // and read
constexpr std::size_t kThreads = 8;             // a HEAD waits for the network, not for us
constexpr std::size_t kFindingsPerObject = 5;   // at the most
constexpr std::int64_t kUnderWayMs = 3600'000;  // a younger upload may be one whose intent is not committed yet

// A token: "o KEY" goes on behind an object, "u ID KEY" behind an upload ("u  " before the first).
constexpr std::string_view kObjects = "o ", kUploads = "u ";

[[noreturn]] void give_up(const Failure& failure) { throw std::runtime_error(failure.message + ": " + failure.remedy); }

// One object of the task's as it is being judged.
struct Sheet {
  const ListedObject& listed;
  std::int32_t partition;
  const std::string& topic;
  const ObjectHead& head;
  ObjectRange range;
  std::vector<ch::Finding> findings;

  std::string text(const std::string& name) const {
    const auto found = head.metadata.find(name);
    return found == head.metadata.end() ? std::string() : found->second;
  }
  void add(Kind kind, std::string message) {
    ch::Finding found;
    found.kind = kind;
    found.object = {listed.key, topic, partition, range.start, range.end, range.records, head.size, listed.modified_ms, {}, 0};
    found.series = parse_number(text("series")).value_or(0);
    found.message = std::move(message);
    findings.push_back(std::move(found));
  }
};

class Inspector {
 public:
  Inspector(const Settings& settings, Client& client, const ch::InspectQuery& query, std::int64_t now_ms)
      : settings_(settings),
        client_(client),
        query_(query),
        now_ms_(now_ms),
        deadline_(Clock::now() + query.timeout),
        prefix_(settings.prefix_of(query.topic, query.partition)) {}

  ch::Inspection run() {
    const std::string_view token = query_.after;
    if (token.empty()) positions();
    if (token.empty() || token.starts_with(kObjects)) {
      if (objects(std::string(token.empty() ? token : token.substr(kObjects.size())))) uploads({}, {});
    } else {
      const auto rest = token.substr(std::min(kUploads.size(), token.size()));
      const auto blank = rest.find(' ');
      if (!token.starts_with(kUploads) || blank == std::string_view::npos)
        throw std::runtime_error("that is no token of an earlier answer");
      uploads(std::string(rest.substr(blank + 1)), std::string(rest.substr(0, blank)));
    }
    return std::move(out_);
  }

 private:
  bool time_is_up() const { return Clock::now() >= deadline_; }
  bool room_for(std::size_t count) const { return out_.findings.size() + count * kFindingsPerObject <= query_.limit; }

  KeyFields fields() const { return settings_.key_fields(query_.topic, 0, 0, 0); }
  std::optional<KeyTemplate::Position> ours(const std::string& key) const {
    const auto position = settings_.keys.match(key, fields());
    return position && (!query_.partition || *query_.partition == position->partition) ? position : std::nullopt;
  }

  // Where each partition's chain of objects should have come to.
  void positions() {
    for (const auto& committed : query_.committed) {
      ch::Finding found;
      found.series = committed.series;
      found.object.topic = committed.topic;
      found.object.partition = committed.partition;
      const auto state = decode(committed.state, committed.committed_offset);
      if (const auto* wrong = std::get_if<std::string>(&state)) {
        found.kind = Kind::wrong;
        found.message = fmt::format("the state committed beside offset {} of {}-{} cannot be used: {}", committed.committed_offset,
                                    committed.topic, committed.partition, *wrong);
      } else {
        const auto& known = std::get<State>(state);
        const auto* idle = std::get_if<Idle>(&known);
        found.kind = Kind::position;
        found.object.end_offset = idle != nullptr ? idle->position : std::get<Intent>(known).start;
        if (idle != nullptr) found.object.key = idle->last_key;
      }
      out_.findings.push_back(std::move(found));
    }
  }

  // True: that was the last one.
  bool objects(std::string marker) {
    for (;;) {
      auto reply = client_.list(prefix_, marker, kKeysPerPage);
      if (!reply.ok()) give_up(reply.failure);
      std::vector<ListedObject> some;
      for (auto& object : reply.value.objects) {
        marker = object.key;
        if (ours(object.key)) some.push_back(std::move(object));
        if (some.size() < (query_.deep ? kReadAtOnce : kAtOnce)) continue;
        look_at(some);
        some.clear();
        if (!time_is_up() && room_for(kAtOnce)) continue;
        out_.next = std::string(kObjects) + marker;
        return false;
      }
      look_at(some);
      if (reply.value.next_marker.empty()) return true;
      marker = reply.value.next_marker;
      if (time_is_up() || !room_for(kAtOnce)) {
        out_.next = std::string(kObjects) + marker;
        return false;
      }
    }
  }

  void look_at(const std::vector<ListedObject>& objects) {
    std::vector<std::vector<ch::Finding>> found(objects.size());
    std::vector<std::exception_ptr> thrown(objects.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (auto i = next.fetch_add(1); i < objects.size(); i = next.fetch_add(1)) {
        try {
          found[i] = judge(objects[i]);
        } catch (...) {
          thrown[i] = std::current_exception();
        }
      }
    };
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(kThreads, objects.size()); ++i) helpers.emplace_back(work);
    work();
    helpers.clear();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (thrown[i]) std::rethrow_exception(thrown[i]);
      std::move(found[i].begin(), found[i].end(), std::back_inserter(out_.findings));
    }
  }

  std::vector<ch::Finding> judge(const ListedObject& listed) const {
    const auto head = client_.head(listed.key);
    if (head.failure.outcome == Outcome::absent) return {};
    if (!head.ok()) give_up(head.failure);
    const auto position = *ours(listed.key);
    Sheet sheet{listed, position.partition, query_.topic, head.value, {}, {}};
    if (sheet.text("task").empty()) {
      sheet.add(Kind::foreign, "has no metadata of ours: somebody else's object, or one that was copied without it");
    } else if (sheet.text("task") != header_value(settings_.task) || sheet.text("cluster") != header_value(settings_.cluster) ||
               sheet.text("topic") != header_value(query_.topic)) {
      sheet.add(Kind::foreign,
                fmt::format("is of task {}, topic {}, cluster {}", sheet.text("task"), sheet.text("topic"), sheet.text("cluster")));
    } else if (const auto range = range_of(head.value.metadata); !range) {
      sheet.add(Kind::wrong, "its metadata holds no range of offsets that can be used");
    } else {
      sheet.range = *range;
      sheet.add(Kind::object, {});
      check_name(sheet, *range, position);
      check_content(sheet, *range);
    }
    return std::move(sheet.findings);
  }

  static void check_name(Sheet& sheet, const ObjectRange& range, const KeyTemplate::Position& position) {
    if (sheet.text("partition") != std::to_string(position.partition))
      sheet.add(Kind::wrong, fmt::format("its name says partition {}, its metadata {}", position.partition, sheet.text("partition")));
    if (range.start != position.start_offset)
      sheet.add(Kind::wrong, fmt::format("its name says start offset {}, its metadata {}", position.start_offset, range.start));
    if (range.records > static_cast<std::uint64_t>(range.end - range.start))
      sheet.add(Kind::wrong,
                fmt::format("its metadata says {} records, but [{}, {}) has no room for them", range.records, range.start, range.end));
  }

  // Each record of these formats ends with a newline; a value of `string` may hold more of them.
  void check_content(Sheet& sheet, const ObjectRange& range) const {
    const auto& head = sheet.head;
    const bool lines = sheet.text("fingerprint") == settings_.fingerprint && settings_.one_line_each();
    if (lines && head.size < range.records)
      sheet.add(Kind::wrong, fmt::format("its {} bytes are too few for {} records", head.size, range.records));
    if (!query_.deep) return;
    std::uint64_t crc = 0, newlines = 0;
    for (std::uint64_t at = 0; at < head.size; at += kMaxReadBytes) {
      const auto piece = client_.read(sheet.listed.key, at, std::min(kMaxReadBytes, head.size - at));
      if (!piece.ok()) give_up(piece.failure);
      crc = crc64(crc, piece.value);
      newlines += static_cast<std::uint64_t>(std::count(piece.value.begin(), piece.value.end(), '\n'));
    }
    if (head.crc64 && *head.crc64 != crc)
      sheet.add(Kind::wrong, fmt::format("what it holds has CRC64 {}, but COS says {}", crc, *head.crc64));
    const bool exact = settings_.format.name != "string";
    if (lines && (newlines < range.records || (exact && newlines > range.records)))
      sheet.add(Kind::wrong, fmt::format("it holds {} lines, but its metadata says {} records", newlines, range.records));
  }

  void uploads(const std::string& key_marker, const std::string& id_marker) {
    const auto reply = client_.list_uploads(prefix_, key_marker, id_marker);
    if (!reply.ok()) give_up(reply.failure);
    for (const auto& upload : reply.value.uploads) {
      const auto position = ours(upload.key);
      if (!position || now_ms_ - upload.initiated_ms < kUnderWayMs || named_by_an_intent(upload)) continue;
      ch::Finding found;
      found.kind = Kind::upload;
      found.object = {upload.key, query_.topic, position->partition, 0, 0, 0, 0, upload.initiated_ms, {}, 0};
      found.message = "upload " + upload.upload_id + " was begun and is named by no intent: its parts are stored and paid for";
      out_.findings.push_back(std::move(found));
    }
    if (!reply.value.next_key.empty()) out_.next = fmt::format("{}{} {}", kUploads, reply.value.next_id, reply.value.next_key);
  }

  bool named_by_an_intent(const ListedUpload& upload) const {
    return std::any_of(query_.committed.begin(), query_.committed.end(), [&](const ch::OpenPartition& committed) {
      const auto decoded = decode(committed.state, committed.committed_offset);
      const auto* state = std::get_if<State>(&decoded);
      const auto* intent = state == nullptr ? nullptr : std::get_if<Intent>(state);
      return intent != nullptr && intent->key == upload.key && intent->upload_id == upload.upload_id;
    });
  }

  const Settings& settings_;
  Client& client_;
  const ch::InspectQuery& query_;
  std::int64_t now_ms_;
  Clock::time_point deadline_;
  std::string prefix_;
  ch::Inspection out_;
};

}  // namespace

ch::Inspection inspect(const Settings& settings, Client& client, const ch::InspectQuery& query, std::int64_t now_ms) {
  return Inspector(settings, client, query, now_ms).run();
}

}  // namespace ch::cos
