#include "listing.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "identity.hpp"

namespace ch::cos {
namespace {

constexpr int kMaxPages = 20;       // of one answer: other objects may lie between
constexpr int kKeysPerPage = 1000;  // COS's largest page

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

  ch::ObjectPage page() {
    const auto prefix = shared_prefix();
    std::string marker = query_.after;
    for (int i = 0; i < kMaxPages; ++i) {
      auto reply = client_.list(prefix, marker, kKeysPerPage);
      if (!reply.ok()) throw std::runtime_error(reply.failure.message + ": " + reply.failure.remedy);
      for (const auto& object : reply.value.objects) {
        if (page_.objects.size() == query_.limit) return ended_after(marker);
        marker = object.key;
        if (matches(object.key)) add(object);
      }
      if (reply.value.next_marker.empty()) return std::move(page_);
      marker = reply.value.next_marker;
    }
    return ended_after(marker);
  }

 private:
  ch::ObjectPage ended_after(const std::string& key) {
    page_.next = key;
    return std::move(page_);
  }

  std::string shared_prefix() const {
    auto shared = settings_.prefix_of(topics_.front(), query_.partition);
    for (const auto& topic : topics_) shared = common_prefix(shared, settings_.prefix_of(topic, query_.partition));
    return shared;
  }

  bool matches(const std::string& key) const {
    return std::any_of(topics_.begin(), topics_.end(), [&](const std::string& topic) {
      const auto position = settings_.keys.match(key, settings_.key_fields(topic, 0, 0, 0));
      return position && (!query_.partition || *query_.partition == position->partition);
    });
  }

  // The range stands in the object itself.
  void add(const ListedObject& listed) {
    const auto head = client_.head(listed.key);
    if (head.failure.outcome == Outcome::absent) return;
    if (!head.ok()) throw std::runtime_error(head.failure.message + ": " + head.failure.remedy);
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
      if (!link.ok()) throw std::runtime_error(link.failure.message + ": " + link.failure.remedy);
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
};

}  // namespace

ch::ObjectPage list_objects(const ch::TaskInfo& task, const Settings& settings, Client& client, const ch::ObjectQuery& query) {
  return Lister(task, settings, client, query).page();
}

}  // namespace ch::cos
