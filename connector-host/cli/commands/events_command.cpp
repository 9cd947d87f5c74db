#include "cli/commands/events_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.hpp"
#include "base/time.hpp"
#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;

constexpr int kUsual = 100;
constexpr int kMost = 10000;  // of one answer
constexpr int kPage = 1000;
constexpr std::chrono::seconds kLookAgain{1};

std::int64_t id_of(const Json& object, const char* key, std::int64_t otherwise) {
  return object.is_object() && object.contains(key) && object.at(key).is_number_integer() ? object.at(key).get<std::int64_t>() : otherwise;
}

std::string path_of(const std::string& task) { return task.empty() ? "/v1/events" : task_path(task, "/events"); }

}  // namespace

EventsCommand::EventsCommand(Client client, ClientOptions options) : ClientCommand(std::move(client), std::move(options)) {}

// Page by page back to `since`, or until there are enough.
ExitCode EventsCommand::newest(const std::string& task, const EventsOptions& options, Json& page) {
  const auto path = path_of(task);
  const auto wanted = static_cast<std::size_t>(options.limit > 0 ? options.limit : options.since ? kMost : kUsual);
  const auto begin = options.since ? rfc3339(wall_ms() - options.since->count()) : "";
  page = {{"events", Json::array()}, {"next", nullptr}};
  auto& events = page["events"];
  std::string before;
  while (events.size() < wanted) {
    const auto size = std::min<std::size_t>(wanted - events.size(), kPage);
    const auto answer = client_.send("GET", fmt::format("{}?order=newest&limit={}{}", path, size, before));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok() || !answer->json().is_object()) return refuse(*answer, task);
    const auto body = answer->json();
    for (const auto& event : body.value("events", Json::array())) {
      if (text_of(event, "time") < begin) return kDone;
      events.push_back(event);
    }
    page["next"] = body.value("next", Json());
    if (page["next"].is_null()) return kDone;
    before = "&before=" + text_of(body, "next");
  }
  return kDone;
}

int EventsCommand::of_task(const std::string& name, const EventsOptions& options) {
  if (options.after)
    return read(
        fmt::format("{}?after={}&limit={}", path_of(name), *options.after, options.limit > 0 ? options.limit : kUsual),
        [&](const Json& body) { return events_view(body, false, screen_); }, name);
  Json page;
  if (const auto asked = newest(name, options, page); asked != kDone) return asked;
  fmt::print("{}", options_.json() ? json_view(page) : events_view(page, false, screen_));
  return kDone;
}

int EventsCommand::of_all(const std::string& task, const EventsOptions& options, bool follow) {
  Json page;
  if (const auto asked = newest(task, options, page); asked != kDone) return asked;
  auto& events = page["events"];
  std::reverse(events.begin(), events.end());
  if (!follow) {
    fmt::print("{}", options_.json() ? json_view(page) : events_view(page, true, screen_));
    return kDone;
  }
  std::int64_t last = events.empty() ? 0 : id_of(events.back(), "id", 0);
  if (events.empty()) {  // what is older than --since is not news
    Json newest_one;
    if (const auto asked = newest(task, {{}, {}, 1}, newest_one); asked != kDone) return asked;
    if (!newest_one["events"].empty()) last = id_of(newest_one["events"].front(), "id", 0);
  }
  if (const int told = tell(events); told != kDone) return told;
  return go_on(path_of(task), last);
}

int EventsCommand::go_on(const std::string& path, std::int64_t after) {
  while (true) {
    const auto answer = client_.send("GET", fmt::format("{}?after={}&limit={}", path, after, kPage));
    if (!answer) return unreachable(answer.error());
    if (!answer->ok() || !answer->json().is_object()) return refuse(*answer);
    const auto body = answer->json();
    const auto events = body.value("events", Json::array());
    if (const int told = tell(events); told != kDone) return told;
    after = id_of(body, "next", after);
    if (events.size() < kPage) std::this_thread::sleep_for(kLookAgain);
  }
}

// A line each, as nobody knows how wide those will be that come later. A closed pipe ends it.
int EventsCommand::tell(const Json& events) const {
  for (const auto& event : events)
    fmt::print("{}\n", options_.json() ? event.dump(-1, ' ', true, Json::error_handler_t::replace) : event_line(event));
  return std::fflush(stdout) == 0 ? kDone : kRefused;
}

}  // namespace ch::cli
