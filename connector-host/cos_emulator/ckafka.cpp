#include "cos_emulator/ckafka.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cos_emulator/api.hpp"

namespace ch::cos_emulator {

using nlohmann::json;

void CkafkaInstances::add(const std::string& id, const std::map<std::string, std::string>& topic_ids) {
  const std::lock_guard lock(mutex_);
  auto& instance = instances_[id];
  for (const auto& [name, topic_id] : topic_ids) instance.topic_ids[name] = topic_id;
}

void CkafkaInstances::set_status(const std::string& id, int status, std::int64_t expires_s) {
  const std::lock_guard lock(mutex_);
  auto& instance = instances_[id];
  instance.status = status;
  instance.expires_s = expires_s;
}

Response CkafkaInstances::answer(const Account& account, const Request& request, const std::string& text,
                                 const std::string& request_id) const {
  return api_answer(request_id, [&]() -> json {
    authenticate(account, request, text, "ckafka");
    if (find_or(request.canonical.headers, "x-tc-version", "") != "2019-08-19")
      throw ApiRefusal{"InvalidParameter", "X-TC-Version must be 2019-08-19."};
    if (find_or(request.canonical.headers, "x-tc-region", "").empty()) throw ApiRefusal{"MissingParameter", "X-TC-Region is missing."};
    const auto body = json::parse(text, nullptr, false);
    if (!body.is_object()) throw ApiRefusal{"InvalidParameter", "The body is not a JSON object."};
    const auto id = api_text(body, "InstanceId");
    const std::lock_guard lock(mutex_);
    const auto found = instances_.find(id);
    if (found == instances_.end()) throw ApiRefusal{"InvalidParameterValue.InstanceNotExist", "The instance does not exist."};
    const auto& instance = found->second;
    const auto action = find_or(request.canonical.headers, "x-tc-action", "");
    if (action == "DescribeInstanceAttributes") {
      return {{"Result", {{"InstanceId", id}, {"Status", instance.status}, {"Healthy", 1}, {"ExpireTime", instance.expires_s}}}};
    }
    if (action != "DescribeTopicAttributes") throw ApiRefusal{"InvalidParameterValue.WrongAction", "There is no such action."};
    const auto topic = instance.topic_ids.find(api_text(body, "TopicName"));
    if (topic == instance.topic_ids.end()) throw ApiRefusal{"ResourceNotFound", "The topic does not exist."};
    return {{"Result", {{"TopicId", topic->second}, {"Note", ""}, {"PartitionNum", 1}, {"CreateTime", 1720525148}}}};
  });
}

}  // namespace ch::cos_emulator
