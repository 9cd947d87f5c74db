// How a consumer is closed: what librdkafka is asked on the way, and in which order. librdkafka before 2.10 drops without
// an answer what it is asked at the moment when it has closed, and rd_kafka_assign() waits for an answer without a bound.
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <catch2/catch.hpp>

#include "dev/broker.hpp"
#include "kafka/group_client.hpp"
#include "kafka/rdkafka_consumer.hpp"
#include "support/process/eventually.hpp"

using namespace ch::kafka;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 120s;  // the embedded broker takes its time for a join, sanitizers and neighbours for everything
constexpr auto kClose = 8s;

// What librdkafka was asked; all on the test's thread.
struct Calls {
  std::vector<std::string> made;
  rd_kafka_t* client = nullptr;
} calls;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// In the place of librdkafka's own for everything that is linked into this program.
extern "C" {
rd_kafka_resp_err_t rd_kafka_subscribe(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* topics) {
  calls = {{}, client};
  return next<decltype(rd_kafka_subscribe)>("rd_kafka_subscribe")(client, topics);
}
rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t* client, const rd_kafka_topic_partition_list_t* partitions) {
  calls.made.emplace_back(partitions != nullptr ? "assign" : "unassign");
  return next<decltype(rd_kafka_assign)>("rd_kafka_assign")(client, partitions);
}
rd_kafka_error_t* rd_kafka_consumer_close_queue(rd_kafka_t* client, rd_kafka_queue_t* queue) {
  calls.made.emplace_back("close");
  return next<decltype(rd_kafka_consumer_close_queue)>("rd_kafka_consumer_close_queue")(client, queue);
}
void rd_kafka_destroy_flags(rd_kafka_t* client, int flags) {
  if (client == calls.client) calls.made.emplace_back("destroy");
  next<decltype(rd_kafka_destroy_flags)>("rd_kafka_destroy_flags")(client, flags);
}
}

namespace {

class Told : public Listener {
 public:
  void on_assigned(std::vector<Assignment>& partitions) override {
    assigned += static_cast<int>(partitions.size());
    for (const auto& p : partitions) seen[p.where.partition] = p;
  }
  void on_revoked(const std::vector<ch_partition_id>& partitions, bool) override { revoked += static_cast<int>(partitions.size()); }
  void on_committed(const std::vector<CommitResult>&) override {}
  void on_trouble(const ch::Interruption&) override {}
  void on_reachable() override {}
  void on_rejoin_needed(const std::string&) override { ++rejoins; }
  void on_topics_changed() override {}

  int assigned = 0, revoked = 0, rejoins = 0;
  std::map<std::int32_t, Assignment> seen;
};

struct Member {
  std::unique_ptr<ch::dev::Broker> broker = ch::dev::Broker::start().value();
  Told told;
  std::unique_ptr<Consumer> consumer;

  explicit Member(const std::string& group_instance_id = "") {
    REQUIRE(broker->create_topic("orders", 2));
    ConsumerSettings settings;
    settings.cluster = {{"bootstrap.servers", broker->bootstrap()}};
    settings.group_id = "connect-orders";
    settings.group_instance_id = group_instance_id;
    settings.fetch_memory = 1 << 20;
    consumer = RdkafkaConsumer::create(settings).value();
    REQUIRE(consumer->subscribe({{"orders"}, ""}, told));
  }
};

}  // namespace

TEST_CASE("consumer: what it holds is given up before librdkafka is told to close") {
  Member member;
  REQUIRE(ch::test::eventually(kLong, [&] {
    member.consumer->poll(10ms);
    return member.told.assigned == 2;
  }));
  CHECK(member.consumer->close(kClose));
  CHECK(member.told.revoked == 2);
  member.consumer.reset();
  CHECK(calls.made == std::vector<std::string>{"assign", "unassign", "close", "destroy"});
}

TEST_CASE("consumer: an assignment that comes when it is closed is left to librdkafka") {
  Member member;
  const std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(rd_kafka_queue_get_consumer(calls.client),
                                                                                   &rd_kafka_queue_destroy);
  REQUIRE(ch::test::eventually(kLong, [&] { return rd_kafka_queue_length(queue.get()) > 0; }));
  CHECK(member.consumer->close(kClose));
  member.consumer.reset();
  CHECK(member.told.assigned == 0);
  CHECK(calls.made == std::vector<std::string>{"close", "destroy"});
}

TEST_CASE("consumer: a static member does not leave, so librdkafka is not told to close") {
  Member member("host-0");
  CHECK(member.consumer->close(kClose));
  member.consumer.reset();
  CHECK(calls.made == std::vector<std::string>{"unassign", "destroy"});
}

TEST_CASE("consumer: a static member that will not come back gives up what it holds, and leaves") {
  Member member("host-0");
  REQUIRE(ch::test::eventually(kLong, [&] {
    member.consumer->poll(10ms);
    return member.told.assigned == 2;
  }));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(member.consumer->close(kClose, Consumer::Membership::ended));
  CHECK(std::chrono::steady_clock::now() - begin < 1500ms);  // answered, not given up waiting
  CHECK(member.told.revoked == 2);
  member.consumer.reset();
  CHECK(calls.made.front() == "assign");
  CHECK(calls.made.back() == "destroy");
  CHECK(std::count(calls.made.begin(), calls.made.end(), "close") == 0);
}

TEST_CASE("consumer: a partition without a leader does not keep the others from being assigned") {
  const std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> owner(rd_kafka_new(RD_KAFKA_PRODUCER, nullptr, nullptr, 0),
                                                                       &rd_kafka_destroy);
  const std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> cluster(
      rd_kafka_mock_cluster_new(owner.get(), 1), &rd_kafka_mock_cluster_destroy);
  REQUIRE(rd_kafka_mock_topic_create(cluster.get(), "half", 2, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  REQUIRE(rd_kafka_mock_partition_set_leader(cluster.get(), "half", 1, -1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  const Properties properties = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster.get())}};
  GroupClient group(properties, "connect-half", "test");
  REQUIRE(group.commit({{{"half", 1}, 7, "kept"}}, 10s).value);
  // Where a task begins is not decided without its leader.
  CHECK(group.watermarks({{"half", 0}, {"half", 1}}, Watermark::low, 5s).trouble);

  Told told;
  ConsumerSettings settings;
  settings.cluster = properties;
  settings.group_id = "connect-half";
  settings.fetch_memory = 1 << 20;
  const std::unique_ptr<Consumer> consumer = RdkafkaConsumer::create(settings).value();
  REQUIRE(consumer->subscribe({{"half"}, ""}, told));
  REQUIRE(ch::test::eventually(kLong, [&] {
    consumer->poll(10ms);
    return told.assigned == 2 || told.rejoins > 0;
  }));
  CHECK(told.rejoins == 0);
  CHECK((told.seen[0].low == 0 && told.seen[0].high == 0 && told.seen[0].committed_offset == -1));
  CHECK((told.seen[1].low == -1 && told.seen[1].high == -1));
  CHECK((told.seen[1].committed_offset == 7 && told.seen[1].metadata == "kept"));
  CHECK(consumer->close(kClose));
}
