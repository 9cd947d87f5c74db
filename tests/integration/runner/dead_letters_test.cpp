// Dead letters that their topic does not take: kept, told, and sent again, each for itself.
#include "kafka/dead_letters.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <catch2/catch.hpp>

#include "support/kafka/handles.hpp"
#include "support/kafka/producer.hpp"
#include "support/process/eventually.hpp"

using namespace ch;
using namespace ch::kafka;
using namespace std::chrono_literals;

namespace {

constexpr std::int16_t kProduce = 0;  // of Kafka's protocol

struct Burying {
  std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> owner{rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0),
                                                                 &rd_kafka_destroy};
  std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> mock{rd_kafka_mock_cluster_new(owner.get(), 1),
                                                                                          &rd_kafka_mock_cluster_destroy};
  std::string bootstrap = rd_kafka_mock_cluster_bootstraps(mock.get());
  test::Handle<rd_kafka_t> reader;
  test::Handle<rd_kafka_message_t> message;  // a record of "orders"
  std::unique_ptr<DeadLetters> letters;

  Burying() {
    for (const auto* topic : {"orders", "dead"}) rd_kafka_mock_topic_create(mock.get(), topic, 1, 1);
    test::LedgerProducer producer(bootstrap, "orders");
    producer.send(0, "what cannot be stored");
    producer.flush();
    reader = test::make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap}, {"group.id", "test"}});
    const test::Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), "orders", 0)->offset = 0;
    test::expect_ok(rd_kafka_assign(reader.get(), list.get()), "assign");
    message.reset(rd_kafka_consumer_poll(reader.get(), 30000));
    REQUIRE(message);
    REQUIRE(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
    DeadLetterSettings settings;
    settings.cluster = {{"bootstrap.servers", bootstrap}};
    settings.client_id = "test";
    settings.topic = "dead";
    letters = make_dead_letters(settings, [] {}).value();
  }
  void push_refusals(rd_kafka_resp_err_t code, std::size_t count) {
    const std::vector<rd_kafka_resp_err_t> codes(count, code);
    rd_kafka_mock_push_request_errors_array(mock.get(), kProduce, count, codes.data());
  }
  void send(ch_partition_id assignment) {
    const ch_record record{
        {nullptr, 0}, {static_cast<const unsigned char*>(message->payload), message->len}, message->offset, 0, message.get()};
    REQUIRE(letters->send(assignment, {"orders", 0}, record, "it is no JSON") == DeadLetters::Sent::yes);
  }
  template <class Condition>
  bool comes_true(Condition&& condition) {
    return test::eventually(40s, [&] {
      letters->serve();
      return condition();
    });
  }
};

}  // namespace

TEST_CASE("dead letters: one that the topic refuses stands for itself, is sent again, and is there in the end") {
  const auto code = GENERATE(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD);
  Burying burying;
  burying.push_refusals(code, 1);
  burying.send(1);
  REQUIRE(burying.comes_true([&] { return burying.letters->refusal(1).has_value(); }));
  const auto refusal = *burying.letters->refusal(1);
  CHECK(refusal.of_record);
  CHECK(refusal.why.reason == "record_rejected");
  CHECK(refusal.why.message == rd_kafka_err2str(code));
  CHECK(refusal.offset == 0);
  CHECK_FALSE(burying.letters->trouble());
  CHECK_FALSE(burying.letters->stuck());
  CHECK_FALSE(burying.letters->acknowledged(1, burying.letters->last(1)));
  burying.send(2);  // of another partition
  CHECK(burying.comes_true([&] { return burying.letters->acknowledged(2, burying.letters->last(2)); }));
  CHECK(burying.comes_true([&] { return burying.letters->acknowledged(1, burying.letters->last(1)); }));
  CHECK_FALSE(burying.letters->refusal(1));
}

TEST_CASE("dead letters: a topic that takes nothing holds up those who write to it, and its reason is told") {
  Burying burying;
  burying.push_refusals(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
  burying.send(1);
  REQUIRE(burying.comes_true([&] { return burying.letters->refusal(1).has_value(); }));
  const auto refusal = *burying.letters->refusal(1);
  CHECK_FALSE(refusal.of_record);
  CHECK(refusal.why.reason == "broker_auth");
  CHECK_THAT(refusal.why.message, Catch::Contains("the dead-letter topic dead") && !Catch::Contains("what cannot be stored"));
  CHECK(burying.letters->stuck());
  CHECK_FALSE(burying.letters->trouble());
  CHECK(burying.comes_true([&] { return burying.letters->acknowledged(1, burying.letters->last(1)); }));
  CHECK_FALSE(burying.letters->stuck());
}
