#include "kafka/metadata_question.hpp"

#include <chrono>
#include <system_error>

#include "base/log.hpp"

namespace ch::kafka {

namespace {

constexpr std::chrono::milliseconds kTimeout{2000};

}  // namespace

void MetadataQuestion::ask(rd_kafka_t* client) {
  try {
    answer_ = std::async(std::launch::async, [client] {
      const rd_kafka_metadata_t* answer = nullptr;
      rd_kafka_metadata(client, 1, nullptr, &answer, static_cast<int>(kTimeout.count()));
      return Answer(answer, &rd_kafka_metadata_destroy);
    });
  } catch (const std::system_error& error) {  // no thread can be had now
    log::debug("", "metadata are not asked for: {}", error.what());
  }
}

MetadataQuestion::Answer MetadataQuestion::take() {
  if (!answer_.valid() || answer_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return {nullptr, &rd_kafka_metadata_destroy};
  return answer_.get();
}

void MetadataQuestion::finish() {
  if (answer_.valid()) answer_.wait();
}

}  // namespace ch::kafka
