#include "bucket/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bucket/give_up.hpp"
#include "cos/limits.hpp"
#include "cos/xml.hpp"
#include "writer/object_identity.hpp"

namespace ch::cos {
namespace {

constexpr int kMaxPages = 20;                   // of one answer: other objects may lie between
constexpr std::size_t kCandidates = 1001;       // names kept while the newest are looked for: more than a page, since some are others'
constexpr std::size_t kMaxWalks = 8;            // topics that are looked through one by one
constexpr std::int64_t kFirstSpanMs = 300'000;  // before now, for the newest; each further span is so many times as long:
constexpr std::int64_t kSpanGrowth = 8;
constexpr std::int64_t kLongestSpanMs = 20LL * 365 * 86400 * 1000;

// Where an object stands among all: the latest is the largest.
struct Candidate {
  std::string time;  // of its key, as it stands there; "" keys do not begin with one
  ListedObject listed;

  bool operator>(const Candidate& other) const {
    return std::tie(time, listed.modified_ms, listed.key) > std::tie(other.time, other.listed.modified_ms, other.listed.key);
  }
};

std::vector<std::string> topics_of(const ch::TaskInfo& task, const ch::ObjectQuery& query) {
  if (!query.topic.empty()) return {query.topic};
  std::vector<std::string> topics;
  std::string_view rest = task["topics"];
  while (!rest.empty()) {
    auto topic = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(topic.size() + 1, rest.size()));
    topic.remove_prefix(std::min(topic.find_first_not_of(" \t"), topic.size()));
    topic = topic.substr(0, topic.find_last_not_of(" \t") + 1);
    if (!topic.empty()) topics.emplace_back(topic);
  }
  if (topics.empty()) throw std::runtime_error("name a topic: the task has a pattern of topics, and objects are listed by topic");
  return topics;
}

class Lister {
 public:
  Lister(const ch::TaskInfo& task, const Settings& settings, Client& client, const ch::ObjectQuery& query)
      : settings_(settings), client_(client), query_(query), topics_(topics_of(task, query)) {}

  ch::ObjectPage oldest_first() {
    const auto prefix = shared_prefix();
    std::string marker = query_.after;
    for (int i = 0; i < kMaxPages; ++i) {
      auto reply = client_.list(prefix, marker, kKeysPerPage);
      if (!reply.ok()) give_up(reply.failure);
      for (const auto& object : reply.value.objects) {
        if (page_.objects.size() == query_.limit || time_is_up()) return ended_after(marker);
        marker = object.key;
        if (place_of(object)) add(object);
      }
      if (reply.value.next_marker.empty()) return std::move(page_);
      marker = reply.value.next_marker;
    }
    return ended_after(marker);
  }

  // Whose an object is stands in the object: of a folder that others store in as well more has to be found than a page holds.
  ch::ObjectPage newest_first(std::int64_t now_ms) {
    if (!query_.after.empty()) behind_ = place_of_token();
    bool first = true;
    while (true) {
      try {
        find_newest(now_ms);
      } catch (const std::runtime_error&) {
        if (first) throw;
        break;  // what there is so far is right, and the next page tells
      }
      const auto last = add_found();
      if (!last) return std::move(page_);
      behind_ = *last;
      first = false;
      if (page_.objects.size() == query_.limit || time_is_up()) break;
    }
    return ended_after(fmt::format("{}:{}", behind_->listed.modified_ms, behind_->listed.key));
  }

 private:
  bool time_is_up() const { return std::chrono::steady_clock::now() > deadline_; }

  void find_newest(std::int64_t now_ms) {
    found_.clear();
    left_out_ = false;
    names_ = 0;
    all_looked_through_ = timed_size(topics_.front()) > 0 && topics_.size() <= kMaxWalks
                              ? look_back(behind_ ? behind_->listed.modified_ms : now_ms)
                              : walk(shared_prefix(), {}, {});
  }

  // Those of the task's, until the page is full; the last one that was looked at, or nothing if there is none behind it.
  std::optional<Candidate> add_found() {
    const Candidate* last = nullptr;
    for (const auto& place : found_) {
      if (last != nullptr && (page_.objects.size() == query_.limit || time_is_up())) break;
      add(place.listed);
      last = &place;
    }
    if (last == nullptr || (last == &*found_.rbegin() && !left_out_ && all_looked_through_)) return std::nullopt;
    return *last;
  }

  ch::ObjectPage ended_after(const std::string& key) {
    page_.next = key;
    return std::move(page_);
  }

  std::string shared_prefix() const {
    auto shared = settings_.prefix_of(topics_.front(), query_.partition);
    for (const auto& topic : topics_) shared = common_prefix(shared, settings_.prefix_of(topic, query_.partition));
    return shared;
  }

  KeyFields fields(const std::string& topic, std::int64_t time_ms = 0) const { return settings_.key_fields(topic, 0, 0, time_ms); }

  // Bytes of the {time} that the topic's keys begin with, behind their prefix.
  std::size_t timed_size(const std::string& topic) const {
    return settings_.keys.timed_prefix(fields(topic)).size() - settings_.keys.prefix(fields(topic)).size();
  }

  // Nothing: none of the task's keys.
  std::optional<Candidate> place_of(const ListedObject& object) const {
    for (const auto& topic : topics_) {
      const auto position = settings_.keys.match(object.key, fields(topic));
      if (!position || (query_.partition && *query_.partition != position->partition)) continue;
      const auto size = timed_size(topic);
      return Candidate{size == 0 ? "" : object.key.substr(settings_.keys.prefix(fields(topic)).size(), size), object};
    }
    return std::nullopt;
  }

  Candidate place_of_token() const {
    const auto colon = std::min(query_.after.find(':'), query_.after.size());
    const auto modified = parse_number(std::string_view(query_.after).substr(0, colon));
    const auto place =
        modified ? place_of({query_.after.substr(std::min(colon + 1, query_.after.size())), 0, static_cast<std::int64_t>(*modified)})
                 : std::nullopt;
    if (!place) throw std::runtime_error("`after` must be the `next` of an earlier page, asked for with the same parameters");
    return *place;
  }

  // True: there is nothing before what was looked through.
  bool look_back(std::int64_t from_ms) {
    std::vector<std::string> ends;  // where the walk of each topic ends; "" with its last key
    for (const auto& topic : topics_)
      ends.push_back(behind_ ? settings_.keys.prefix(fields(topic)) + behind_->time + '\xff' : std::string());
    for (auto span = kFirstSpanMs; found_.size() <= query_.limit; span *= kSpanGrowth) {
      const bool everything = span > std::min(kLongestSpanMs, from_ms);
      for (std::size_t i = 0; i < topics_.size(); ++i) {
        const auto begin = everything ? std::string() : settings_.keys.timed_prefix(fields(topics_[i], from_ms - span));
        if (!ends[i].empty() && begin >= ends[i]) continue;
        walk(settings_.prefix_of(topics_[i], query_.partition), begin, ends[i]);
        ends[i] = begin;
      }
      if (everything) return true;
    }
    return false;
  }

  // Keys behind `marker` and before `end`; "" all.
  bool walk(const std::string& prefix, std::string marker, const std::string& end) {
    while (true) {
      auto reply = client_.list(prefix, marker, kKeysPerPage);
      if (!reply.ok()) give_up(reply.failure);
      for (const auto& object : reply.value.objects) {
        if (!end.empty() && object.key >= end) return true;
        consider(object);
      }
      names_ += reply.value.objects.size();
      marker = reply.value.next_marker;
      if (marker.empty()) return true;
      if (names_ >= kMaxNames || time_is_up())
        throw std::runtime_error(fmt::format(
            "more than {} objects would have to be looked through to find the newest: ask for one partition, for one topic, or for "
            "order=oldest; an object.key.template in which {{time}} stands before {{partition}} spares it",
            names_));
    }
  }

  void consider(const ListedObject& object) {
    auto place = place_of(object);
    if (!place || (behind_ && !(*behind_ > *place))) return;
    found_.insert(std::move(*place));
    if (found_.size() <= kCandidates) return;
    found_.erase(std::prev(found_.end()));
    left_out_ = true;
  }

  // The range stands in the object itself.
  void add(const ListedObject& listed) {
    const auto head = client_.head(listed.key);
    if (head.failure.outcome == Outcome::absent) return;
    if (!head.ok()) give_up(head.failure);
    const auto& metadata = head.value.metadata;
    const auto text = [&](const char* name) {
      const auto found = metadata.find(name);
      return found == metadata.end() ? std::string() : found->second;
    };
    const auto range = range_of(metadata);
    const bool of_topic =
        std::any_of(topics_.begin(), topics_.end(), [&](const std::string& topic) { return text("topic") == header_value(topic); });
    if (!range || !of_topic || text("task") != header_value(settings_.task)) return;
    const auto position = settings_.keys.match(listed.key, settings_.key_fields(text("topic"), 0, 0, 0));
    if (!position) return;
    ch::StoredObject object{listed.key,     text("topic"),   position->partition, range->start, range->end,
                            range->records, head.value.size, listed.modified_ms,  {},           0};
    if (query_.url_life.count() > 0) {
      const auto link = client_.presigned_get(listed.key, query_.url_life.count());
      if (!link.ok()) give_up(link.failure);
      object.url = link.value.url;
      object.url_expires_ms = link.value.expires_ms;
    }
    page_.objects.push_back(std::move(object));
  }

  const Settings& settings_;
  Client& client_;
  const ch::ObjectQuery& query_;
  std::vector<std::string> topics_;
  ch::ObjectPage page_;
  std::optional<Candidate> behind_;            // of the token
  std::set<Candidate, std::greater<>> found_;  // the latest by their names, at most kCandidates
  bool left_out_ = false;                      // there were more
  bool all_looked_through_ = false;            // there is nothing before what was looked through
  std::size_t names_ = 0;
  const std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + kMaxListing;
};

}  // namespace

ch::ObjectPage list_objects(const ch::TaskInfo& task, const Settings& settings, Client& client, const ch::ObjectQuery& query,
                            std::int64_t now_ms) {
  Lister lister(task, settings, client, query);
  return query.newest ? lister.newest_first(now_ms) : lister.oldest_first();
}

}  // namespace ch::cos
