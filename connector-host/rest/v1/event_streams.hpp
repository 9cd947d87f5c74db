// Server-sent events: one thread looks for news on behalf of all clients that follow, so that none holds a handler
// thread and the tasks are asked once, however many look on. openapi.yaml says what is sent. Any thread may call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "rest/http/body_stream.hpp"
#include "rest/v1/json.hpp"

namespace ch::rest {

constexpr std::size_t kMaxStreams = 64;  // well below Limits::connections, so that others are still served
constexpr std::chrono::milliseconds kStreamStep{250};
constexpr std::chrono::milliseconds kProgressStep{2000};  // between two looks at lag, rate and the like
constexpr std::chrono::milliseconds kHeartbeat{15000};    // of silence: then a comment, so that proxies keep the connection
constexpr std::size_t kStreamPage = 500;                  // events a step and client, when it has to catch up

class EventStreams {
 public:
  explicit EventStreams(const tasks::TaskService& service, std::size_t limit = kMaxStreams);
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;
  ~EventStreams();  // as stop()

  // Follows `task`, or all tasks if it is empty, from the event behind `after` on; without it a task's stream begins
  // with what is kept, and that of all tasks with what comes. Null: too many follow.
  std::shared_ptr<BodyStream> follow(std::string task, std::optional<std::int64_t> after);
  void stop();  // ends all answers in order

 private:
  using Clock = std::chrono::steady_clock;
  struct Follower {
    std::shared_ptr<BodyStream> feed;
    std::string task;
    std::optional<std::int64_t> after;
    bool fresh = true;
    std::string status;  // the last one sent
    Clock::time_point spoke = Clock::now();
  };

  void run();
  void serve();
  void send_events(Follower& follower, std::int64_t newest) const;
  void send_summaries(std::int64_t newest, bool due);
  void send_status(Follower& follower) const;
  Json take_changes();
  static void say(Follower& follower, BodyStream::Piece piece);

  const tasks::TaskService& service_;
  const std::size_t limit_;
  struct Summaries;                             // by task, as last sent
  const std::unique_ptr<Summaries> summaries_;  // this and the next three: the thread's own
  std::vector<Follower> followers_;
  std::int64_t newest_ = 0;
  Clock::time_point progress_due_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Follower> incoming_ CH_GUARDED_BY(mutex_);
  std::size_t count_ CH_GUARDED_BY(mutex_) = 0;
  bool stopping_ CH_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

// One message. `id` 0: none.
std::string sse_message(std::string_view event, std::int64_t id, const Json& data);

}  // namespace ch::rest
