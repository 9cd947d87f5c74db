#include <catch2/catch.hpp>
#include <vector>

#include "kafka/handles.hpp"

using ch::kafka::trouble;

TEST_CASE("trouble: each of Kafka's codes is about the permission, the topic, or a broker that is away") {
  struct Row {
    rd_kafka_resp_err_t code;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, "broker_auth"},
      {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "broker_auth"},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "broker_auth"},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "broker_auth"},
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "broker_auth"},
      {RD_KAFKA_RESP_ERR__SSL, "broker_auth"},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic_missing"},
      {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "topic_missing"},
      {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "topic_missing"},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__TRANSPORT, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__RESOLVE, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "broker_unreachable"},
      {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, "broker_unreachable"},
  };
  for (const auto& row : rows) {
    INFO(rd_kafka_err2name(row.code));
    const auto told = trouble(row.code, "asking", "detail");
    CHECK(told.reason == row.reason);
    CHECK(told.message.find("asking") != std::string::npos);
    CHECK(told.message.find("detail") != std::string::npos);
    CHECK_FALSE(told.remedy.empty());
  }
}
