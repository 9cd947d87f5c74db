// A loaded connector, seen from the host: the C table of plugin.h behind C++ types, with every answer checked.
// Includes: api/plugin only. Threads: as plugin.h says for each call; a Connector itself may be used by any thread.
#pragma once

#include <chrono>
#include <connector_host/connector.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ch::plugins {

// One task object of a connector. Destroying it destroys the connector's object. A failed Status means that the
// connector broke the contract or threw: the runner becomes FAILED with that message.
class ConnectorTask {
 public:
  ConnectorTask(const ch_connector& table, void* object);
  ConnectorTask(const ConnectorTask&) = delete;
  ConnectorTask& operator=(const ConnectorTask&) = delete;
  ~ConnectorTask();

  Status open(std::span<const OpenPartition> partitions);
  Result<std::size_t> put(PartitionId partition, const ch_batch& batch);  // records taken: 0 to batch.count
  Status end_of_partition(PartitionId partition, std::int64_t offset);
  Result<std::int64_t> tick(std::int64_t now_ms);  // wall clock of the next call
  Status committed(PartitionId partition, std::int64_t offset, bool stored);
  Status flush();
  Result<std::size_t> pending();
  Status close(std::span<const PartitionId> partitions, bool lost);
  Result<Progress> describe(PartitionId partition);
  Status retry();

 private:
  ch_connector table_;  // a copy: the task does not need the Connector to stay
  void* object_;
};

class Connector {
 public:
  // Takes a table that the loader has checked.
  Connector(const ch_connector& table, std::filesystem::path file);

  const std::string& name() const { return name_; }
  const std::string& version() const { return version_; }
  const std::string& kind() const { return kind_; }
  const std::string& config_schema() const { return config_schema_; }
  const std::filesystem::path& file() const { return file_; }
  bool lists_objects() const { return table_.objects != nullptr; }
  bool inspects() const { return table_.inspect != nullptr; }

  std::vector<KeyProblem> validate(const TaskInfo& task) const;
  std::vector<KeyProblem> preflight(const TaskInfo& task, std::chrono::milliseconds timeout) const;  // none if it has no preflight
  Result<ObjectPage> objects(const TaskInfo& task, const ObjectQuery& query) const;
  Result<Inspection> inspect(const TaskInfo& task, const InspectQuery& query) const;
  // `host` must outlive the task. Error: ErrorCode::invalid with the connector's problems.
  Result<std::unique_ptr<ConnectorTask>> create(const ch_host& host, const TaskInfo& task) const;

 private:
  ch_connector table_;  // zero-filled beyond what the library knew
  std::string name_, version_, kind_, config_schema_;
  std::filesystem::path file_;
};

}  // namespace ch::plugins
