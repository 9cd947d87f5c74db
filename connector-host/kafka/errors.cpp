#include "kafka/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <connector_host/reasons.hpp>
#include <initializer_list>
#include <map>

namespace ch::kafka {

namespace {

using Code = rd_kafka_resp_err_t;

struct Row {
  Meaning meaning;
  std::initializer_list<Code> codes;
};

const std::initializer_list<Row> kRows = {
    {Meaning::fine,
     {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR__PARTITION_EOF, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
      RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, RD_KAFKA_RESP_ERR__NOOP, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS}},
    {Meaning::damaged, {RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION, RD_KAFKA_RESP_ERR_INVALID_MSG}},
    {Meaning::record,
     {RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
      RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
      RD_KAFKA_RESP_ERR_INVALID_RECORD}},
    {Meaning::missing,
     {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION}},
    {Meaning::position,
     {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR__NO_OFFSET, RD_KAFKA_RESP_ERR__LOG_TRUNCATION,
      RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE}},
    {Meaning::member,
     {RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH,
      RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH, RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID}},
    {Meaning::group,
     {RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL,
      RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE,
      RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,
      RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC, RD_KAFKA_RESP_ERR_UNSUPPORTED_ASSIGNOR}},
    {Meaning::cluster,
     {RD_KAFKA_RESP_ERR_UNKNOWN,
      RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
      RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS,
      RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
      RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
      RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
      RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT,
      RD_KAFKA_RESP_ERR_INVALID_CONFIG,
      RD_KAFKA_RESP_ERR_INVALID_REQUEST,
      RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
      RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER,
      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
      RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
      RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
      RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED,
      RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED,
      RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND,
      RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
      RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE,
      RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED,
      RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE,
      RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED,
      RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
      RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND,
      RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE,
      RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET,
      RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION,
      RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED,
      RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE,
      RD_KAFKA_RESP_ERR_UNKNOWN_SUBSCRIPTION_ID,
      RD_KAFKA_RESP_ERR_TELEMETRY_TOO_LARGE}},
    {Meaning::authentication,
     {RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
      RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR_SECURITY_DISABLED,
      RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED, RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND,
      RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH, RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
      RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL}},
    {Meaning::authorisation,
     {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED}},
    {Meaning::unreachable,
     {RD_KAFKA_RESP_ERR__FAIL,
      RD_KAFKA_RESP_ERR__TRANSPORT,
      RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
      RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__ISR_INSUFF,
      RD_KAFKA_RESP_ERR__NODE_UPDATE,
      RD_KAFKA_RESP_ERR__WAIT_COORD,
      RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      RD_KAFKA_RESP_ERR__WAIT_CACHE,
      RD_KAFKA_RESP_ERR__RETRY,
      RD_KAFKA_RESP_ERR__UNKNOWN_BROKER,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
      RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
      RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
      RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
      RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH,
      RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
      RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED}},
    {Meaning::ours,
     {RD_KAFKA_RESP_ERR__DESTROY,
      RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
      RD_KAFKA_RESP_ERR__FS,
      RD_KAFKA_RESP_ERR__INVALID_ARG,
      RD_KAFKA_RESP_ERR__QUEUE_FULL,
      RD_KAFKA_RESP_ERR__IN_PROGRESS,
      RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
      RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION,
      RD_KAFKA_RESP_ERR__CONFLICT,
      RD_KAFKA_RESP_ERR__STATE,
      RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL,
      RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED,
      RD_KAFKA_RESP_ERR__OUTDATED,
      RD_KAFKA_RESP_ERR__INTR,
      RD_KAFKA_RESP_ERR__KEY_SERIALIZATION,
      RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION,
      RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION,
      RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION,
      RD_KAFKA_RESP_ERR__PARTIAL,
      RD_KAFKA_RESP_ERR__READ_ONLY,
      RD_KAFKA_RESP_ERR__NOENT,
      RD_KAFKA_RESP_ERR__UNDERFLOW,
      RD_KAFKA_RESP_ERR__INVALID_TYPE,
      RD_KAFKA_RESP_ERR__PURGE_QUEUE,
      RD_KAFKA_RESP_ERR__PURGE_INFLIGHT,
      RD_KAFKA_RESP_ERR__INCONSISTENT,
      RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE,
      RD_KAFKA_RESP_ERR__NOT_CONFIGURED,
      RD_KAFKA_RESP_ERR__APPLICATION}},
};

const std::map<Code, Meaning>& table() {
  static const std::map<Code, Meaning> made = [] {
    std::map<Code, Meaning> out;
    for (const auto& row : kRows)
      for (const auto code : row.codes) out.emplace(code, row.meaning);
    return out;
  }();
  return made;
}

// Words of each meaning: the reason, what stands before what was done, and what to do.
struct Words {
  const char* reason;
  const char* said;
  const char* remedy;
};

Words words(Meaning meaning) {
  switch (meaning) {
    case Meaning::record:
      return {reasons::kRecordRejected, "A record cannot be handed over",
              "If it is too large to be read, raise receive.message.max.bytes of the instance above the record's size; the task goes on by "
              "itself."};
    case Meaning::damaged:
      return {reasons::kOffsetLost, "What the broker has is damaged",
              "It is read again every minute. Make a replica the leader that has it whole; or, if the records are given up, disable the "
              "task, set the partition's offset behind them with kafka-consumer-groups --reset-offsets, and enable it."};
    case Meaning::position:
      return {reasons::kOffsetLost, "Kafka does not have what comes next",
              "Disable the task, set its offsets with kafka-consumer-groups --reset-offsets, or change start.position; then enable it."};
    case Meaning::missing:
      return {reasons::kTopicMissing, "Kafka does not have what was asked for", "Create the topic, or correct `topics` of the task."};
    case Meaning::authentication:
      return {
          reasons::kBrokerAuth, "Kafka refused us",
          "Check the instance's security.protocol, sasl.* and ssl.* settings, and the user's password or certificate at the brokers. What "
          "placeholders and files hold is looked at again every few seconds; the task goes on by itself."};
    case Meaning::authorisation:
      return {reasons::kBrokerAuth, "Kafka refused us",
              "Let the instance's user read the topic and use the group (ACL: Read and Describe of both); the task goes on by itself."};
    case Meaning::member:
    case Meaning::group:
      return {reasons::kGroupRefused, "The group coordinator refused us",
              "Compare what the message names with the brokers' limits (group.min.session.timeout.ms, group.max.session.timeout.ms, "
              "group.max.size, offset.metadata.max.bytes) and with consumer.override.* of the task; the task goes on by itself."};
    case Meaning::cluster:
      return {reasons::kBrokerRefused, "Kafka refused it",
              "Look for the reason in the broker's log at this time: a limit, a policy or a version of the brokers is in the way."};
    case Meaning::fine:
    case Meaning::ours:
      return {
          reasons::kClientError, "The Kafka client of this host failed",
          "It is tried again by itself. If it stays: check consumer.override.* and the instance's settings, and report it with the host's "
          "log and version."};
    case Meaning::unreachable:
      break;
  }
  return {reasons::kBrokerUnreachable, "Kafka did not answer",
          "Check that the brokers in bootstrap.servers run and can be reached from this host; the task goes on by itself."};
}

}  // namespace

std::optional<Meaning> known_meaning(Code code) {
  const auto found = table().find(code);
  return found == table().end() ? std::nullopt : std::optional(found->second);
}

Meaning meaning(Code code) { return known_meaning(code).value_or(is_local(code) ? Meaning::ours : Meaning::cluster); }

Interruption trouble(Code code, std::string_view doing, std::string_view detail) {
  const auto told = words(meaning(code));
  const std::string why = detail.empty() ? std::string(rd_kafka_err2str(code)) : fmt::format("{}: {}", rd_kafka_err2name(code), detail);
  return {told.reason, fmt::format("{} while {}: {}", told.said, doing, why), told.remedy};
}

rd_kafka_resp_err_t meant(rd_kafka_resp_err_t code, std::string_view reason) {
  // From handshake_failure to access_denied, and certificate_required; protocol and internal errors are no refusals.
  constexpr int kFirst = 40, kLast = 49, kRequired = 116;
  constexpr std::string_view kAlert = "SSL alert number ";  // as OpenSSL says it
  const auto found = reason.find(kAlert);
  if (code != RD_KAFKA_RESP_ERR__TRANSPORT || found == std::string_view::npos) return code;
  int number = 0;
  std::from_chars(reason.data() + found + kAlert.size(), reason.data() + reason.size(), number);
  return (number >= kFirst && number <= kLast) || number == kRequired ? RD_KAFKA_RESP_ERR__SSL : code;
}

void LastError::add(Code code, const char* text) {
  const auto what = meaning(code);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || (what != Meaning::authentication && what != Meaning::unreachable)) return;
  if (refusal_ && what != Meaning::authentication) return;  // it says more than that others do not answer
  text_ = text;
  text_.erase(std::min(text_.rfind(" (after "), text_.size()));  // how long it took, and how often it was the same
  if (what == Meaning::authentication) refusal_ = code;
}

Interruption LastError::explain(Code code, std::string_view doing) const {
  if (refusal_ && meaning(code) == Meaning::unreachable) return trouble(*refusal_, doing, text_);
  if (text_.empty() || meaning(code) != Meaning::unreachable) return trouble(code, doing);
  return trouble(code, doing, text_);
}

}  // namespace ch::kafka
