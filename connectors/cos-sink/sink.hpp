// cos-sink's task object: keeps the writers of the open partitions, shares memory and requests among them, and serves
// their deadlines. Poll thread; nothing here blocks or locks.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "writer/partition_writer.hpp"
#include "writer/upload_context.hpp"
#include "writer/versioning.hpp"

namespace ch::cos {

class CosSink : public ch::SinkTask {
 public:
  CosSink(ch::Host host, Settings settings, std::shared_ptr<Client> client, std::function<std::int64_t()> steady_ms = &steady_clock_ms);

  void open(std::span<const ch::OpenPartition> partitions) override;
  std::size_t put(ch::PartitionId partition, const ch::Batch& batch) override;
  void end_of_partition(ch::PartitionId partition, std::int64_t offset) override;
  std::int64_t tick(std::int64_t now_ms) override;
  void committed(ch::PartitionId partition, std::int64_t offset, bool stored) override;
  void flush() override;
  std::size_t pending() const override;
  void close(std::span<const ch::PartitionId> partitions, bool lost) override;
  ch::Progress describe(ch::PartitionId partition) const override;
  void retry() override;

 private:
  PartitionWriter* find(ch::PartitionId id) const;
  void make_pool(std::span<const ch::OpenPartition> partitions);
  void start_audits(const std::vector<PartitionWriter*>& opened);
  void job_done(ch::PartitionId owner);
  void step_all(std::int64_t now);
  void settle(std::int64_t now);
  bool relieve(std::int64_t now);
  void tell_clock();

  Context context_;
  std::shared_ptr<Versioning> versioning_ = std::make_shared<Versioning>(context_);
  std::map<ch::PartitionId, std::unique_ptr<PartitionWriter>> writers_;
  bool memory_spent_ = false;  // a record was refused for want of memory
  bool clock_wrong_ = false;   // and said so
};

}  // namespace ch::cos
