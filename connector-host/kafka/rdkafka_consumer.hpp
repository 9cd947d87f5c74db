// The consumer that librdkafka is. Threads: consumer.hpp.
#pragma once

#include <memory>

#include "kafka/client_config.hpp"
#include "kafka/consumer.hpp"

namespace ch::kafka {

class RdkafkaConsumer final : public Consumer {
 public:
  static Result<std::unique_ptr<RdkafkaConsumer>> create(const ConsumerSettings& settings);
  ~RdkafkaConsumer() override;
  RdkafkaConsumer(const RdkafkaConsumer&) = delete;
  RdkafkaConsumer& operator=(const RdkafkaConsumer&) = delete;

  Status subscribe(const Subscription& topics, Listener& listener) override;
  void poll(milliseconds at_most) override;
  void wake() override;

  bool fetch() override;
  std::vector<ch_partition_id> holding_up() const override;
  const std::vector<ch_partition_id>& readable() override;
  Result<Records> read(ch_partition_id id) override;
  void take(ch_partition_id id, std::size_t count) override;
  void park(ch_partition_id id) override;
  bool parked(ch_partition_id id) const override;
  Status seek(ch_partition_id id, std::int64_t offset) override;
  std::int64_t end_offset(ch_partition_id id) const override;
  bool holds(ch_partition_id id) const override;
  std::optional<Throttled> throttled() const override;

  bool commit(const std::vector<CommitRequest>& requests) override;
  bool commit_under_way() const override;
  milliseconds commit_age() const override;
  void serve_commits() override;

  bool close(milliseconds at_most, Membership membership) override;

  struct Impl;

 private:
  explicit RdkafkaConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::kafka
