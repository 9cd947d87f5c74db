// Whether the topics that an expression matches are still those that have been subscribed to. librdkafka is never given the
// expression: it would match with the C library's regular expressions, which take all memory, or all time, for some that are
// short (docs/security.md). Used by the poll thread.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "kafka/metadata_question.hpp"

namespace ch::kafka {

class TopicWatch {
 public:
  // `expression`: "" if the topics were named, and there is nothing to watch; `every`: between two looks.
  TopicWatch(std::string expression, const std::vector<std::string>& subscribed, std::chrono::milliseconds every);

  // Asks when it is time. True: there are others, or fewer.
  bool changed(rd_kafka_t* client);
  void finish() { question_.finish(); }  // before the client goes

 private:
  using Clock = std::chrono::steady_clock;

  const std::string expression_;
  const std::set<std::string> subscribed_;
  const std::chrono::milliseconds every_;
  Clock::time_point due_;
  MetadataQuestion question_;
};

}  // namespace ch::kafka
