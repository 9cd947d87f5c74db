#include "kafka/offset_commits.hpp"

#include <fmt/format.h>

#include <connector_host/failpoint.hpp>
#include <map>
#include <utility>

namespace ch::kafka {

namespace {

// Asking again is of no use with these: this member is none any more.
bool is_fatal(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || code == RD_KAFKA_RESP_ERR__STATE;
}

CommitResult result_of(const CommitRequest& request, rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {request.id, std::nullopt, false, false};
  const auto doing = fmt::format("committing {} of {}-{}", request.offset, request.where.topic, request.where.partition);
  return {request.id, trouble(code, doing), meaning(code) == Meaning::member || is_local(code), is_fatal(code)};
}

}  // namespace

OffsetCommits::OffsetCommits(rd_kafka_t* client, Fence& fence, std::function<void()> wake)
    : client_(client), fence_(fence), wake_(std::move(wake)), queue_(rd_kafka_queue_new(client)) {
  rd_kafka_queue_cb_event_enable(
      queue_.get(), [](rd_kafka_t*, void* opaque) { static_cast<OffsetCommits*>(opaque)->wake_(); }, this);
}

OffsetCommits::~OffsetCommits() { rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr); }

Status OffsetCommits::send(const std::vector<CommitRequest>& requests) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(requests.size())));
  for (const auto& r : requests) {
    auto* element = rd_kafka_topic_partition_list_add(list.get(), r.where.topic.c_str(), r.where.partition);
    element->offset = r.offset;
    set_metadata(*element, r.metadata);
  }
  fence_.commit_asked();
  const auto code = rd_kafka_commit_queue(client_, list.get(), queue_.get(), nullptr, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(ErrorCode::unavailable, fmt::format("a commit could not be sent: {}", rd_kafka_err2str(code)));
  in_flight_ = requests;
  sent_at_ = Clock::now();
  return {};
}

milliseconds OffsetCommits::age() const {
  return under_way() ? std::chrono::duration_cast<milliseconds>(Clock::now() - sent_at_) : milliseconds(0);
}

void OffsetCommits::serve(Listener& listener) {
  while (const Event event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_OFFSET_COMMIT) answered(event.get(), listener);
  }
}

void OffsetCommits::answered(rd_kafka_event_t* event, Listener& listener) {
  const auto whole = rd_kafka_event_error(event);
  const auto* list = rd_kafka_event_topic_partition_list(event);
  bool by_broker = !is_local(whole);
  std::map<TopicPartition, rd_kafka_resp_err_t> codes;  // each partition's own result counts, not the call's
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const auto& one = list->elems[i];
    codes[{one.topic, one.partition}] = one.err;
    by_broker = by_broker && !is_local(one.err);
  }
  const auto requests = std::exchange(in_flight_, {});
  // Nothing may be decided from this answer on: whatever is committed behind it could be undone.
  if (fence_.copy_under_way(by_broker) && !CH_BUG("no_fence"))
    return listener.on_rejoin_needed("an offset commit may have been sent twice: a new generation refuses the late copy");
  std::vector<CommitResult> results;
  for (const auto& request : requests) {
    const auto own = codes.find(request.where);
    auto code = own != codes.end() ? own->second : RD_KAFKA_RESP_ERR_NO_ERROR;
    const bool of_the_call = own == codes.end() || is_fatal(whole) || list->cnt == 1;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && of_the_call) code = whole;
    results.push_back(result_of(request, code));
  }
  listener.on_committed(results);
}

}  // namespace ch::kafka
