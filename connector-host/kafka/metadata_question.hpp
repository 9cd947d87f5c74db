// Asks the cluster for all its topics on a thread of its own, since nobody can be asked for that without waiting. One question
// at a time. Used by the poll thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <future>
#include <memory>

namespace ch::kafka {

class MetadataQuestion {
 public:
  using Answer = std::unique_ptr<const rd_kafka_metadata_t, void (*)(const rd_kafka_metadata_t*)>;

  bool under_way() const { return answer_.valid(); }
  void ask(rd_kafka_t* client);  // not while one is under way
  Answer take();                 // null: not there yet, or there was none
  void finish();                 // waits for the question under way, up to two seconds: before the client goes

 private:
  std::future<Answer> answer_;
};

}  // namespace ch::kafka
