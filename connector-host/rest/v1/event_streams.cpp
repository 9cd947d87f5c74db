#include "rest/v1/event_streams.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "rest/v1/task_summaries.hpp"

namespace ch::rest {

namespace {

BodyStream::Piece piece(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// The fields of `now` that differ, with its name; null if none does.
Json difference(const Json& before, const Json& now) {
  Json out = {{"name", now.at("name")}};
  for (const auto& [key, value] : now.items()) {
    const auto old = before.find(key);
    if (old == before.end() || *old != value) out[key] = value;
  }
  return out.size() > 1 ? out : Json();
}

}  // namespace

struct EventStreams::Summaries {
  std::map<std::string, Json> last;
};

std::string sse_message(std::string_view event, std::int64_t id, const Json& data) {
  std::string out;
  if (id > 0) out += fmt::format("id: {}\n", id);
  return out + fmt::format("event: {}\ndata: {}\n\n", event, json_text(data));  // JSON text has no line break
}

EventStreams::EventStreams(const tasks::TaskService& service, std::size_t limit)
    : service_(service), limit_(limit), summaries_(std::make_unique<Summaries>()), thread_([this] { run(); }) {}

EventStreams::~EventStreams() { stop(); }

std::shared_ptr<BodyStream> EventStreams::follow(std::string task, std::optional<std::int64_t> after) {
  const MutexLock lock(mutex_);
  if (count_ >= limit_) return nullptr;
  Follower follower;
  follower.feed = std::make_shared<BodyStream>();
  follower.task = std::move(task);
  follower.after = after;
  auto feed = follower.feed;
  if (stopping_) {
    feed->close();
    return feed;
  }
  ++count_;
  incoming_.push_back(std::move(follower));
  changed_.notify_all();
  return feed;
}

void EventStreams::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void EventStreams::run() {
  MutexLock lock(mutex_);
  while (true) {
    if (followers_.empty()) {
      changed_.wait(lock, [this]() CH_REQUIRES(mutex_) { return stopping_ || !incoming_.empty(); });
    } else {
      changed_.wait_for(lock, kStreamStep, [this]() CH_REQUIRES(mutex_) { return stopping_ || !incoming_.empty(); });
    }
    std::move(incoming_.begin(), incoming_.end(), std::back_inserter(followers_));
    incoming_.clear();
    if (stopping_) break;
    lock.unlock();
    try {
      serve();
    } catch (const std::exception& error) {
      log::error("", "events could not be sent to those who follow: {}", error.what());
    }
    std::erase_if(followers_, [](const Follower& follower) { return follower.feed->over(); });
    lock.lock();
    count_ = followers_.size() + incoming_.size();
  }
  for (const auto& follower : followers_) follower.feed->close();
}

void EventStreams::serve() {
  const auto newest = service_.newest_event();
  if (!newest) {
    log::warn("", "events cannot be read: {}", newest.error().message);
    return;
  }
  const auto now = Clock::now();
  const bool due = *newest != newest_ || now >= progress_due_;
  if (due) progress_due_ = now + kProgressStep;
  newest_ = *newest;
  for (auto& follower : followers_) {
    if (follower.fresh) say(follower, piece("retry: 2000\n\n"));
    if (!follower.after) follower.after = follower.task.empty() ? *newest : 0;
    send_events(follower, *newest);
  }
  send_summaries(*newest, due);
  for (auto& follower : followers_) {
    if (!follower.task.empty() && (due || follower.fresh)) send_status(follower);
    follower.fresh = false;
    if (now - follower.spoke >= kHeartbeat) say(follower, piece(": alive\n\n"));
  }
}

void EventStreams::say(Follower& follower, BodyStream::Piece piece) {
  follower.spoke = Clock::now();
  follower.feed->push(std::move(piece));
}

void EventStreams::send_events(Follower& follower, std::int64_t newest) const {
  if (*follower.after >= newest) return;
  const auto page = follower.task.empty() ? service_.all_events(*follower.after, kStreamPage)
                                          : service_.events(follower.task, *follower.after, kStreamPage);
  if (!page) {
    if (page.error().code == ErrorCode::not_found) {
      say(follower, piece(sse_message("gone", 0, {{"name", follower.task}})));
      follower.feed->close();
    }
    return;
  }
  std::string text;
  for (const auto& event : *page) text += sse_message("change", event.id, event_json(event));
  follower.after = page->empty() ? newest : page->back().id;  // the page may be newer than `newest`
  if (!text.empty()) say(follower, piece(std::move(text)));
}

// To those who follow all tasks: everything first, then what has changed.
void EventStreams::send_summaries(std::int64_t newest, bool due) {
  const auto follows_all = [](const Follower& follower) { return follower.task.empty(); };
  const bool any_fresh = std::any_of(followers_.begin(), followers_.end(), [&](const auto& f) { return follows_all(f) && f.fresh; });
  if (std::none_of(followers_.begin(), followers_.end(), follows_all)) return;
  if (!due && !any_fresh) return;
  const auto changes = take_changes();
  BodyStream::Piece partial;
  BodyStream::Piece full;
  for (auto& follower : followers_) {
    if (!follows_all(follower)) continue;
    if (follower.fresh) {
      if (full == nullptr) {
        auto all = Json::array();
        for (const auto& [name, summary] : summaries_->last) all.push_back(summary);
        full = piece(sse_message("tasks", newest, {{"full", true}, {"tasks", std::move(all)}, {"removed", Json::array()}}));
      }
      say(follower, full);
    } else if (!changes.is_null()) {
      if (partial == nullptr) partial = piece(sse_message("tasks", 0, changes));
      say(follower, partial);
    }
  }
}

Json EventStreams::take_changes() {
  auto changed = Json::array();
  std::map<std::string, Json> now;
  for (auto& summary : task_summaries(service_)) {
    const std::string name = summary.at("name");
    const auto before = summaries_->last.find(name);
    auto news = before == summaries_->last.end() ? summary : difference(before->second, summary);
    if (!news.is_null()) changed.push_back(std::move(news));
    now.emplace(name, std::move(summary));
  }
  auto removed = Json::array();
  for (const auto& [name, summary] : summaries_->last) {
    if (!now.contains(name)) removed.push_back(name);
  }
  summaries_->last = std::move(now);
  if (changed.empty() && removed.empty()) return nullptr;
  return {{"full", false}, {"tasks", std::move(changed)}, {"removed", std::move(removed)}};
}

void EventStreams::send_status(Follower& follower) const {
  const auto status = service_.status(follower.task);
  if (!status) {
    say(follower, piece(sse_message("gone", 0, {{"name", follower.task}})));
    follower.feed->close();
    return;
  }
  auto text = sse_message("status", 0, status_json(*status));
  if (text == follower.status) return;
  follower.status = text;
  say(follower, piece(std::move(text)));
}

}  // namespace ch::rest
