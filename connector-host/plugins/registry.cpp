#include "plugins/registry.hpp"

#include <algorithm>
#include <system_error>

#include "plugins/library.hpp"

namespace ch::plugins {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".connector.so";

// The libraries of a folder, by name: which of two with one name is kept must not depend on the file system.
std::vector<fs::path> libraries(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> files;
  fs::directory_iterator entry(folder, error);
  while (!error && entry != fs::directory_iterator()) {
    const auto name = entry->path().filename().string();
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix)) files.push_back(entry->path());
    entry.increment(error);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Registry Registry::load(const std::vector<fs::path>& plugin_path) {
  Registry registry;
  for (const auto& folder : plugin_path) {
    std::error_code error;
    for (const auto& file : libraries(folder, error)) registry.load_file(file);
    if (error) registry.failures_.push_back({folder, "cannot be read (" + error.message() + "): plugin.path must name folders"});
  }
  return registry;
}

std::shared_ptr<const Connector> Registry::find(std::string_view name) const {
  const auto found = std::find_if(connectors_.begin(), connectors_.end(), [&](const auto& connector) { return connector->name() == name; });
  return found == connectors_.end() ? nullptr : *found;
}

void Registry::load_file(const fs::path& file) {
  const auto same_file = [&](const auto& connector) {
    std::error_code ignored;  // a file that is gone is the same as none
    return fs::equivalent(connector->file(), file, ignored);
  };
  if (std::any_of(connectors_.begin(), connectors_.end(), same_file)) return;

  const auto table = load_library(file);
  if (!table) {
    failures_.push_back({file, table.error().message});
  } else if (const auto first = find(table->name); first != nullptr) {
    failures_.push_back({file, "its name " + first->name() + " is taken by " + first->file().string() + ", which was found before " +
                                   file.string() + ": remove one of them or rename a connector"});
  } else {
    connectors_.push_back(std::make_shared<const Connector>(*table, file));
  }
}

}  // namespace ch::plugins
