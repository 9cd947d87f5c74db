// What the error codes of CKafka's API mean for a task, in one table. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cloud/api.hpp"
#include "kafka/types.hpp"

namespace ch::ckafka {

struct Rule {
  std::string_view code;  // without a dot: also for all codes that go on behind one and have no entry of their own
  std::string_view reason;
  std::string_view remedy;
};
std::span<const Rule> rules();

// Of a call that was not answered as it should; `request` is "DescribeTopicAttributes of orders" or the like.
Interruption trouble_of(const cloud::ApiAnswer& answer, const std::string& request);

}  // namespace ch::ckafka
