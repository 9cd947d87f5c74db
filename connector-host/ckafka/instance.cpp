#include "ckafka/instance.hpp"

#include <fmt/format.h>

#include <array>
#include <connector_host/reasons.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "ckafka/errors.hpp"

namespace ch::ckafka {
namespace {

using Json = nlohmann::json;

constexpr int kDeleting = 2, kDeleted = 3, kIsolated = 5;  // Status of DescribeInstanceAttributes

// The member "Result" of an answer that is ok.
const cloud::Json& result_of(const cloud::ApiAnswer& answer) { return cloud::member(answer.response, "Result"); }

}  // namespace

std::shared_ptr<Instance> Instance::make(const config::Instance& configured) {
  if (!configured.ckafka) return nullptr;
  InstanceOptions options;
  options.id = configured.id;
  options.region = configured.region;
  options.endpoint = configured.ckafka->endpoint;
  options.keys = [api = *configured.ckafka]() -> Result<cloud::Credentials> {
    std::array<std::string, 3> out;
    const std::array<const std::string*, 3> given = {&api.secret_id, &api.secret_key, &api.token};
    for (std::size_t i = 0; i < out.size(); ++i) {
      auto resolved = config::Providers().resolve(*given[i]);
      if (!resolved) return fail(ErrorCode::unavailable, "the keys for CKafka's API: " + resolved.error().message);
      out[i] = std::move(*resolved);
    }
    return cloud::Credentials{out[0], out[1], out[2]};
  };
  return std::make_shared<Instance>(std::move(options));
}

Instance::Instance(InstanceOptions options)
    : options_(std::move(options)),
      api_({"ckafka", "2019-08-19", options_.endpoint, "ckafka.api.endpoint", options_.region, "", [] { return wall_ms(); }}),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Instance::~Instance() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

cloud::ApiAnswer Instance::call(const std::string& action, const std::string& body, std::optional<Interruption>& trouble) {
  const auto keys = options_.keys();
  if (!keys) {
    trouble = Interruption{reasons::kCredentialsExpired, keys.error().message,
                           "Put back what the instance's placeholder names; it is read again."};
    return {};
  }
  const MutexLock lock(api_mutex_);
  return api_.call(action, body, &*keys);
}

kafka::Answer<std::string> Instance::topic_id(const std::string& topic) {
  const Json body = {{"InstanceId", options_.id}, {"TopicName", topic}};
  const auto request = fmt::format("DescribeTopicAttributes of {} in {}", topic, options_.id);
  std::optional<Interruption> trouble;
  auto answer = call("DescribeTopicAttributes", body.dump(-1, ' ', false, Json::error_handler_t::replace), trouble);
  if (trouble) return {std::move(trouble), {}};
  auto id = answer.ok ? cloud::text_of(result_of(answer), "TopicId") : std::string();
  if (!id.empty()) return {{}, std::move(id)};
  if (answer.ok) answer.error.message = "the answer has no TopicId";
  trouble = trouble_of(answer, request);
  trouble->message += fmt::format("; without the id of topic {} its folder is not known", topic);
  return {std::move(trouble), {}};
}

std::optional<Interruption> Instance::ask() {
  std::optional<Interruption> trouble;
  const Json body = {{"InstanceId", options_.id}};
  auto answer = call("DescribeInstanceAttributes", body.dump(), trouble);
  const auto& result = result_of(answer);
  const bool told = answer.ok && cloud::member(result, "Status").is_number_integer();
  const auto status = cloud::number_of(result, "Status");
  if (!trouble && !told) {
    if (answer.ok) answer.error.message = "the answer has no Status";
    trouble = trouble_of(answer, "DescribeInstanceAttributes of " + options_.id);
  }
  const MutexLock lock(mutex_);
  const std::string complaint = trouble ? trouble->message : "";
  if (!complaint.empty() && complaint != complaint_) log::warn("", "{}. {}", complaint, trouble->remedy);
  complaint_ = complaint;
  if (trouble) return isolation_;  // nothing new is known
  const auto expired = cloud::number_of(result, "ExpireTime");
  const auto since = expired > 0 && expired * 1000 < wall_ms() ? ": it expired at " + rfc3339(expired * 1000) : "";
  if (status == kIsolated) {
    return Interruption{
        reasons::kInstanceIsolated, fmt::format("CKafka says that instance {} is isolated (status 5){}", options_.id, since),
        "Renew the instance or pay in the CKafka console; the task goes on by itself. Isolated instances are deleted after some days, and "
        "with them what is not stored yet."};
  }
  if (status == kDeleting || status == kDeleted) {
    return Interruption{reasons::kInstanceIsolated,
                        fmt::format("CKafka says that instance {} is deleted (status {}){}", options_.id, status, since),
                        "What was not stored is lost with the instance. Delete the task, or name another instance."};
  }
  return std::nullopt;
}

void Instance::run(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    if (Clock::now() >= wanted_until_) {
      isolation_.reset();
      changed_.wait(lock, stop, [this]() CH_REQUIRES(mutex_) { return Clock::now() < wanted_until_; });
      continue;
    }
    lock.unlock();
    auto isolation = ask();
    lock.lock();
    isolation_ = std::move(isolation);
    changed_.wait_for(lock, stop, options_.ask_again, [] { return false; });
  }
}

std::optional<Interruption> Instance::isolation() {
  const MutexLock lock(mutex_);
  wanted_until_ = Clock::now() + options_.wanted_for;
  changed_.notify_all();
  return isolation_;
}

}  // namespace ch::ckafka
