#include "kafka/errors.hpp"

#include <catch2/catch.hpp>
#include <span>
#include <vector>

using namespace ch::kafka;

namespace {

std::span<const rd_kafka_err_desc> all_codes() {
  const rd_kafka_err_desc* list = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&list, &count);
  return {list, count};
}

}  // namespace

TEST_CASE("errors: every code of librdkafka has its place in the table, and words that do not blame the network") {
  int walked = 0;
  for (const auto& one : all_codes()) {
    if (one.desc == nullptr || one.code == RD_KAFKA_RESP_ERR__BEGIN || one.code == RD_KAFKA_RESP_ERR__END) continue;
    INFO(one.name << " (" << one.code << "): " << one.desc);
    ++walked;
    const auto known = known_meaning(one.code);
    CHECK(known.has_value());
    const auto told = trouble(one.code, "asking", "what was said");
    CHECK(told.message.find("asking") != std::string::npos);
    CHECK(told.message.find("what was said") != std::string::npos);
    CHECK_FALSE(told.remedy.empty());
    CHECK((told.reason == "broker_unreachable") == (known == Meaning::unreachable));
  }
  CHECK(walked > 150);
}

TEST_CASE("errors: what each kind of code is called") {
  struct Row {
    rd_kafka_resp_err_t code;
    Meaning meaning;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, Meaning::authentication, "broker_auth"},
      {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, Meaning::authentication, "broker_auth"},
      {RD_KAFKA_RESP_ERR__SSL, Meaning::authentication, "broker_auth"},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Meaning::authorisation, "broker_auth"},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Meaning::authorisation, "broker_auth"},
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Meaning::authorisation, "broker_auth"},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Meaning::missing, "topic_missing"},
      {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, Meaning::missing, "topic_missing"},
      {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, Meaning::missing, "topic_missing"},
      {RD_KAFKA_RESP_ERR__BAD_MSG, Meaning::damaged, "offset_lost"},
      {RD_KAFKA_RESP_ERR_INVALID_MSG, Meaning::damaged, "offset_lost"},
      {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, Meaning::position, "offset_lost"},
      {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, Meaning::record, "record_rejected"},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Meaning::record, "record_rejected"},
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, Meaning::record, "record_rejected"},
      {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Meaning::member, "group_refused"},
      {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, Meaning::group, "group_refused"},
      {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, Meaning::group, "group_refused"},
      {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, Meaning::group, "group_refused"},
      {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Meaning::cluster, "broker_refused"},
      {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, Meaning::cluster, "broker_refused"},
      {RD_KAFKA_RESP_ERR__INVALID_ARG, Meaning::ours, "client_error"},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__TRANSPORT, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__RESOLVE, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, Meaning::unreachable, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Meaning::unreachable, "broker_unreachable"},
      // Of a later Kafka: a broker's refusal is none of the network's, either.
      {static_cast<rd_kafka_resp_err_t>(250), Meaning::cluster, "broker_refused"},
      {static_cast<rd_kafka_resp_err_t>(-120), Meaning::ours, "client_error"},
  };
  for (const auto& row : rows) {
    INFO(row.code << " " << rd_kafka_err2name(row.code));
    CHECK(meaning(row.code) == row.meaning);
    CHECK(trouble(row.code, "asking").reason == row.reason);
  }
}

TEST_CASE("errors: a topic refuses a record, not everything that is written to it") {
  for (const auto code : {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG,
                          RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE})
    CHECK(refuses_record(code));
  for (const auto code : {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
                          RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS})
    CHECK_FALSE(refuses_record(code));
}

TEST_CASE("errors: what the connections failed with explains that nobody answers, and nothing else") {
  LastError last;
  last.add(RD_KAFKA_RESP_ERR__RESOLVE,
           "nohost.invalid:9092/bootstrap: Failed to resolve 'nohost.invalid:9092': Name or service not known "
           "(after 3ms in state CONNECT, 7 identical error(s) suppressed)");
  last.add(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
  const auto away = last.explain(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "asking");
  CHECK(away.reason == "broker_unreachable");
  CHECK(
      away.message ==
      "Kafka did not answer while asking: _ALL_BROKERS_DOWN: nohost.invalid:9092/bootstrap: Failed to resolve 'nohost.invalid:9092': Name "
      "or service not known");
  CHECK(last.explain(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "asking").message.find("nohost") == std::string::npos);

  last.add(RD_KAFKA_RESP_ERR__AUTHENTICATION, "10.0.0.5:9092/1: SASL authentication error: wrong password");
  last.add(RD_KAFKA_RESP_ERR__TRANSPORT, "10.0.0.6:9092/2: Connect to ipv4#10.0.0.6:9092 failed: Connection refused");
  const auto refused = last.explain(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking");
  CHECK(refused.reason == "broker_auth");
  CHECK(refused.message.find("wrong password") != std::string::npos);

  last.forget();
  CHECK(last.explain(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking").message == "Kafka did not answer while asking: Local: Timed out");
}
