#include "bucket/inspection.hpp"

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

#include "bucket/give_up.hpp"
#include "cos/crc64.hpp"
#include "cos/limits.hpp"
#include "cos/xml.hpp"
#include "writer/object_identity.hpp"
#include "writer/offset_state.hpp"

namespace ch::cos {
namespace {

using Kind = ch::Finding::Kind;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 64;             // objects looked at between two looks at the clock
constexpr std::size_t kReadAtOnce = 8;          // and read
constexpr std::size_t kThreads = 8;             // a HEAD waits for the network, not for us
constexpr std::size_t kFindingsPerObject = 5;   // at the most
constexpr std::int64_t kUnderWayMs = 3600'000;  // a younger upload may be one whose intent is not committed yet

// A token: "o KEY" goes on behind an object, "u ID KEY" behind an upload. Of another walk than the first its number and a blank
// stand before it.
constexpr std::string_view kObjects = "o ", kUploads = "u ";

// What lies behind one prefix of one bucket, and the places that it is looked through for.
struct Walk {
  std::vector<const Place*> places;
  Client* client;
  std::string prefix;

  struct Match {
    const Place* place;
    KeyTemplate::Position position;
  };
};

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
  Inspector(const Places& places, const ch::InspectQuery& query, std::int64_t now_ms)
      : places_(places), query_(query), now_ms_(now_ms), deadline_(Clock::now() + query.timeout) {
    for (const auto& place : places.known) add_to_walks(place);
  }

  ch::Inspection run() {
    auto token = std::string_view(query_.after);
    if (token.empty()) begin();
    std::size_t number = 0;
    const auto digits = std::min(token.find_first_not_of("0123456789"), token.size());
    if (digits > 0) {
      number = parse_number(token.substr(0, digits)).value_or(walks_.size());
      token.remove_prefix(std::min(digits + 1, token.size()));
    }
    if (number >= walks_.size()) throw std::runtime_error("that is no token of an earlier answer");
    for (; number < walks_.size(); ++number, token = {}) {
      walk_ = &walks_[number];
      if (!token.empty() || number == 0 || (!time_is_up() && room_for(kAtOnce))) {
        walk(token);
      } else {
        out_.next = kObjects;
      }
      if (out_.next.empty()) continue;
      if (number > 0) out_.next = fmt::format("{} {}", number, out_.next);
      break;
    }
    return std::move(out_);
  }

 private:
  void add_to_walks(const Place& place) {
    auto prefix = place.settings.prefix_of(query_.topic, query_.partition);
    const auto around = std::find_if(walks_.begin(), walks_.end(), [&](const Walk& walk) {
      return walk.client == place.client.get() && prefix.starts_with(walk.prefix);
    });
    if (around == walks_.end()) {
      walks_.push_back({{&place}, place.client.get(), std::move(prefix)});
    } else {
      around->places.push_back(&place);
    }
  }

  // Where the task stores no more may be gone, or be closed to it.
  void walk(std::string_view token) {
    try {
      go_on(token);
    } catch (const std::runtime_error& error) {
      if (walk_ == walks_.data()) throw;
      const auto& settings = walk_->places.front()->settings;
      unknown({}, fmt::format("the task stored under {} in bucket {}, which cannot be looked at: {}", walk_->prefix,
                              settings.endpoint.bucket, error.what()));
    }
  }

  void go_on(std::string_view token) {
    if (token.empty() || token.starts_with(kObjects)) {
      if (objects(std::string(token.empty() ? token : token.substr(kObjects.size())))) uploads({}, {});
      return;
    }
    const auto rest = token.substr(std::min(kUploads.size(), token.size()));
    const auto blank = rest.find(' ');
    if (!token.starts_with(kUploads) || blank == std::string_view::npos) throw std::runtime_error("that is no token of an earlier answer");
    uploads(std::string(rest.substr(blank + 1)), std::string(rest.substr(0, blank)));
  }

  bool time_is_up() const { return Clock::now() >= deadline_; }
  bool room_for(std::size_t count) const { return out_.findings.size() + count * kFindingsPerObject <= query_.limit; }

  std::optional<Walk::Match> ours(const Walk& walk, const std::string& key) const {
    for (const auto* place : walk.places) {
      const auto position = place->match(key, query_.topic);
      if (position && (!query_.partition || *query_.partition == position->partition)) return Walk::Match{place, *position};
    }
    return std::nullopt;
  }
  // None of an earlier walk's.
  bool new_here(const std::string& key) const {
    return ours(*walk_, key) && std::none_of(walks_.data(), walk_, [&](const Walk& walk) {
             return walk.client == walk_->client && key.starts_with(walk.prefix) && ours(walk, key);
           });
  }
  bool named_somewhere(const std::string& key) const {
    return std::any_of(places_.known.begin(), places_.known.end(), [&](const Place& place) { return place.match(key, query_.topic); });
  }

  void unknown(const std::string& key, std::string message, std::int32_t partition = 0) {
    ch::Finding found;
    found.kind = Kind::unknown;
    found.object.topic = query_.topic;
    found.object.partition = partition;
    found.object.key = key;
    found.message = std::move(message);
    out_.findings.push_back(std::move(found));
  }

  void begin() {
    positions();
    for (const auto& why : places_.unknown) unknown({}, why);
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
        if (idle != nullptr && !idle->last_key.empty()) {
          if (named_somewhere(idle->last_key)) {
            found.object.key = idle->last_key;
          } else {
            unknown(idle->last_key,
                    "the last object is named as by no object.key.template and format of the task, now or before, that is known",
                    committed.partition);
          }
        }
      }
      out_.findings.push_back(std::move(found));
    }
  }

  // True: that was the last one.
  bool objects(std::string marker) {
    for (;;) {
      auto reply = walk_->client->list(walk_->prefix, marker, kKeysPerPage);
      if (!reply.ok()) give_up(reply.failure);
      std::vector<ListedObject> some;
      for (auto& object : reply.value.objects) {
        marker = object.key;
        if (new_here(object.key)) some.push_back(std::move(object));
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
    const auto head = walk_->client->head(listed.key);
    if (head.failure.outcome == Outcome::absent) return {};
    if (!head.ok()) give_up(head.failure);
    if (met_before(listed.key, head.value)) return {};
    const auto [place, position] = *ours(*walk_, listed.key);
    const auto& settings = place->settings;
    Sheet sheet{listed, position.partition, query_.topic, head.value, {}, {}};
    if (sheet.text("task").empty()) {
      sheet.add(Kind::foreign, "has no metadata of ours: somebody else's object, or one that was copied without it");
    } else if (sheet.text("task") != header_value(settings.task) || sheet.text("cluster") != header_value(settings.cluster) ||
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

  // Another address of the same bucket, or a bucket that was moved as it is: one object, and not there twice.
  bool met_before(const std::string& key, const ObjectHead& head) const {
    return std::any_of(walks_.data(), walk_, [&](const Walk& walk) {
      if (walk.client == walk_->client || !ours(walk, key)) return false;
      const auto there = walk.client->head(key);
      return there.ok() && there.value.metadata == head.metadata && there.value.size == head.size && there.value.crc64 == head.crc64;
    });
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
    const auto fingerprint = sheet.text("fingerprint");
    const auto made_so = std::find_if(places_.known.begin(), places_.known.end(),
                                      [&](const Place& place) { return place.settings.fingerprint == fingerprint; });
    const bool lines = made_so != places_.known.end() && made_so->settings.one_line_each();
    if (lines && head.size < range.records)
      sheet.add(Kind::wrong, fmt::format("its {} bytes are too few for {} records", head.size, range.records));
    if (!query_.deep) return;
    std::uint64_t crc = 0, newlines = 0;
    for (std::uint64_t at = 0; at < head.size; at += kMaxReadBytes) {
      const auto piece = walk_->client->read(sheet.listed.key, at, std::min(kMaxReadBytes, head.size - at));
      if (!piece.ok()) give_up(piece.failure);
      crc = crc64(crc, piece.value);
      newlines += static_cast<std::uint64_t>(std::count(piece.value.begin(), piece.value.end(), '\n'));
    }
    if (head.crc64 && *head.crc64 != crc)
      sheet.add(Kind::wrong, fmt::format("what it holds has CRC64 {}, but COS says {}", crc, *head.crc64));
    const bool exact = lines && made_so->settings.format.name != "string";
    if (lines && (newlines < range.records || (exact && newlines > range.records)))
      sheet.add(Kind::wrong, fmt::format("it holds {} lines, but its metadata says {} records", newlines, range.records));
  }

  void uploads(const std::string& key_marker, const std::string& id_marker) {
    const auto reply = walk_->client->list_uploads(walk_->prefix, key_marker, id_marker);
    if (!reply.ok()) give_up(reply.failure);
    for (const auto& upload : reply.value.uploads) {
      const auto match = ours(*walk_, upload.key);
      if (!match || !new_here(upload.key) || now_ms_ - upload.initiated_ms < kUnderWayMs || named_by_an_intent(upload)) continue;
      ch::Finding found;
      found.kind = Kind::upload;
      found.object = {upload.key, query_.topic, match->position.partition, 0, 0, 0, 0, upload.initiated_ms, {}, 0};
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

  const Places& places_;
  const ch::InspectQuery& query_;
  std::int64_t now_ms_;
  Clock::time_point deadline_;
  std::vector<Walk> walks_;
  const Walk* walk_ = nullptr;  // the one that is under way
  ch::Inspection out_;
};

}  // namespace

ch::Inspection inspect(const Places& places, const ch::InspectQuery& query, std::int64_t now_ms) {
  return Inspector(places, query, now_ms).run();
}

}  // namespace ch::cos
