// Finds connectors on the plugin path. Libraries are never unloaded: their code may still run in a job.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/connector.hpp"

namespace ch::plugins {

struct LoadFailure {
  std::filesystem::path file;
  std::string message;  // what is wrong with it, and what would be right
};

class Registry {
 public:
  // Loads every `*.connector.so` of these folders, in the order given and by name within a folder. A library that
  // cannot serve is a LoadFailure and harms nothing else. Of two connectors with one name the first is kept.
  static Registry load(const std::vector<std::filesystem::path>& plugin_path);

  // By `connector.class`; nullptr if there is none.
  std::shared_ptr<const Connector> find(std::string_view name) const;
  const std::vector<std::shared_ptr<const Connector>>& connectors() const { return connectors_; }
  const std::vector<LoadFailure>& failures() const { return failures_; }

 private:
  void load_file(const std::filesystem::path& file);

  std::vector<std::shared_ptr<const Connector>> connectors_;
  std::vector<LoadFailure> failures_;
};

}  // namespace ch::plugins
