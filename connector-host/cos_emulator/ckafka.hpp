// CKafka's own API as far as a reader of topics needs it: DescribeInstanceAttributes and DescribeTopicAttributes, signed
// with TC3-HMAC-SHA256. Written from the documentation, apart from the host's. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "cos_emulator/account.hpp"
#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"

namespace ch::cos_emulator {

class CkafkaInstances {
 public:
  void add(const std::string& id, const std::map<std::string, std::string>& topic_ids);  // topics are added to those there are
  void set_status(const std::string& id, int status, std::int64_t expires_s);

  // Of an API call: the answer, or the refusal of one that is not signed, allowed or understood.
  Response answer(const Account& account, const Request& request, const std::string& body, const std::string& request_id) const;

 private:
  struct Instance {
    int status = 1;
    std::int64_t expires_s = 0;
    std::map<std::string, std::string> topic_ids;  // by name
  };
  mutable std::mutex mutex_;
  std::map<std::string, Instance> instances_;
};

}  // namespace ch::cos_emulator
