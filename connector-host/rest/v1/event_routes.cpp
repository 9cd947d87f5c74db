#include <nlohmann/json.hpp>

#include "rest/core/request_body.hpp"
#include "rest/core/request_filter.hpp"
#include "rest/v1/json.hpp"
#include "rest/v1/routes.hpp"

namespace ch::rest {

namespace {

// Where to go on: what a browser says when it connects again comes before what the address said at first.
std::optional<std::int64_t> position(const Call& call, std::vector<KeyProblem>& problems) {
  const auto asked = number_parameter(call.parameters, "after", 0, INT64_MAX, problems);
  const auto* last = call.request.header("Last-Event-ID");
  if (last == nullptr || last->empty()) return asked;
  return number_parameter({{"Last-Event-ID", *last}}, "Last-Event-ID", 0, INT64_MAX, problems);
}

Answer follow(EventStreams& streams, const std::string& task, std::optional<std::int64_t> after) {
  auto feed = streams.follow(task, after);
  if (feed == nullptr) return try_again("too many clients follow events; close a stream or try again later", 5);
  return Response{200, {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}}, {}, std::move(feed)};
}

// From the newest back to the oldest. `next` goes on as `before`; null when there are none left.
Answer newest_first(const RouteContext& context, const std::string& task, std::int64_t before, std::size_t limit) {
  const auto found = context.service.latest_events(task, before, limit);
  if (!found) return error_response(found.error());
  auto body = events_json(*found, 0);
  if (found->size() < limit) body["next"] = nullptr;
  return json_response(200, body);
}

// `task`: empty for all of them.
Answer events(const RouteContext& context, const Call& call, const std::string& task) {
  std::vector<KeyProblem> problems;
  const auto after = position(call, problems);
  const auto limit = limit_parameter(call.parameters, problems);
  const auto before = number_parameter(call.parameters, "before", 1, INT64_MAX, problems);
  const bool newest = newest_parameter(call.parameters, problems);
  const bool stream = wants_event_stream(call.request);
  if (newest && (stream || after))
    problems.push_back({"order", "newest", stream ? "a stream is oldest first" : "goes with `before`, not with `after`"});
  if (before && !newest) problems.push_back({"before", std::to_string(*before), "goes with order=newest"});
  if (!problems.empty()) return error_response({ErrorCode::invalid, "query parameters that cannot be used", std::move(problems)});
  if (newest) return newest_first(context, task, before.value_or(INT64_MAX), static_cast<std::size_t>(limit));
  if (stream) {
    const auto known = task.empty() ? Result<std::vector<store::Event>>() : context.service.events(task, 0, 1);
    if (!known) return error_response(known.error());
    return follow(context.streams, task, after);
  }
  const auto begin = after.value_or(0);
  const auto found = task.empty() ? context.service.all_events(begin, static_cast<std::size_t>(limit))
                                  : context.service.events(task, begin, static_cast<std::size_t>(limit));
  return found ? json_response(200, events_json(*found, begin)) : error_response(found.error());
}

}  // namespace

void add_event_routes(Router& router, const RouteContext& context) {
  router.add("GET", "/v1/events", {"after", "before", "order", "limit"}, [context](const Call& call) { return events(context, call, ""); });
  router.add("GET", "/v1/tasks/{}/events", {"after", "before", "order", "limit"},
             [context](const Call& call) { return events(context, call, call.names[0]); });
}

}  // namespace ch::rest
