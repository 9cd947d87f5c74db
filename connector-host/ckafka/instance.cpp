#include "ckafka/instance.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.hpp"
#include "base/time.hpp"
#include "ckafka/troubles.hpp"

namespace ch::ckafka {
namespace {

using Json = nlohmann::json;

constexpr int kDeleting = 2, kDeleted = 3, kIsolated = 5;  // Status of DescribeInstanceAttributes

// The member "Result" of an answer that is ok.
Json result_of(const cloud::ApiAnswer& answer) {
  const auto document = Json::parse(answer.answer.body, nullptr, false);
  const auto found = document.at("Response").find("Result");
  return found == document.at("Response").end() ? Json() : *found;
}

template <class Value>
Value member_or(const Json& object, const char* name, Value otherwise) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  const bool fits = found != object.end() && (std::is_same_v<Value, std::string> ? found->is_string() : found->is_number_integer());
  return fits ? found->template get<Value>() : otherwise;
}

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
      api_({"ckafka", "2019-08-19", options_.endpoint, "ckafka.api.endpoint", options_.region, "", [] { return now_ms(); }}),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Instance::~Instance() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

cloud::ApiAnswer Instance::call(const std::string& action, const std::string& body, std::optional<kafka::Trouble>& trouble) {
  const auto keys = options_.keys();
  if (!keys) {
    trouble = kafka::Trouble{"credentials_expired", keys.error().message,
                             "Put back what the instance's placeholder names; it is read again.", false};
    return {};
  }
  const std::lock_guard lock(api_mutex_);
  return api_.call(action, body, &*keys);
}

kafka::Answer<std::string> Instance::topic_id(const std::string& topic) {
  const Json body = {{"InstanceId", options_.id}, {"TopicName", topic}};
  const auto request = fmt::format("DescribeTopicAttributes of {} in {}", topic, options_.id);
  std::optional<kafka::Trouble> trouble;
  auto answer = call("DescribeTopicAttributes", body.dump(-1, ' ', false, Json::error_handler_t::replace), trouble);
  if (trouble) return {std::move(trouble), {}};
  auto id = answer.ok ? member_or(result_of(answer), "TopicId", std::string()) : std::string();
  if (!id.empty()) return {{}, std::move(id)};
  if (answer.ok) answer.error.message = "the answer has no TopicId";
  trouble = trouble_of(answer, request);
  trouble->message += fmt::format("; without the id of topic {} its folder is not known", topic);
  return {std::move(trouble), {}};
}

std::optional<kafka::Trouble> Instance::ask() {
  std::optional<kafka::Trouble> trouble;
  const Json body = {{"InstanceId", options_.id}};
  auto answer = call("DescribeInstanceAttributes", body.dump(), trouble);
  const auto result = answer.ok ? result_of(answer) : Json();
  const auto status = member_or(result, "Status", std::int64_t{-2});
  if (!trouble && status == -2) {
    if (answer.ok) answer.error.message = "the answer has no Status";
    trouble = trouble_of(answer, "DescribeInstanceAttributes of " + options_.id);
  }
  const std::lock_guard lock(mutex_);
  const std::string complaint = trouble ? trouble->message : "";
  if (!complaint.empty() && complaint != complaint_) log::warn("", "{}. {}", complaint, trouble->remedy);
  complaint_ = complaint;
  if (trouble) return isolation_;  // nothing new is known
  const auto expired = member_or(result, "ExpireTime", std::int64_t{0});
  const auto since = expired > 0 && expired * 1000 < now_ms() ? ": it expired at " + rfc3339(expired * 1000) : "";
  if (status == kIsolated) {
    return kafka::Trouble{
        "instance_isolated", fmt::format("CKafka says that instance {} is isolated (status 5){}", options_.id, since),
        "Renew the instance or pay in the CKafka console; the task goes on by itself. Isolated instances are deleted after some days, and "
        "with them what is not stored yet.",
        false};
  }
  if (status == kDeleting || status == kDeleted) {
    return kafka::Trouble{"instance_isolated",
                          fmt::format("CKafka says that instance {} is deleted (status {}){}", options_.id, status, since),
                          "What was not stored is lost with the instance. Delete the task, or name another instance.", false};
  }
  return std::nullopt;
}

void Instance::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (Clock::now() >= wanted_until_) {
      isolation_.reset();
      changed_.wait(lock, stop, [this] { return Clock::now() < wanted_until_; });
      continue;
    }
    lock.unlock();
    auto isolation = ask();
    lock.lock();
    isolation_ = std::move(isolation);
    changed_.wait_for(lock, stop, options_.ask_again, [] { return false; });
  }
}

std::optional<kafka::Trouble> Instance::isolation() {
  const std::lock_guard lock(mutex_);
  wanted_until_ = Clock::now() + options_.wanted_for;
  changed_.notify_all();
  return isolation_;
}

}  // namespace ch::ckafka
