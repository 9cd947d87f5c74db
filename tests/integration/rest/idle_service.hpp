// A TaskService without tasks, which is never started; without clusters and connectors, or with those of a folder and a
// cluster where nobody is.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "store/sqlite/sqlite_store.hpp"
#include "tasks/task_service.hpp"

namespace ch::tests {

class IdleService {
 public:
  explicit IdleService(const std::filesystem::path& plugins = {})
      : folder_(std::filesystem::temp_directory_path() / ("ch-idle-service-" + std::to_string(::getpid()))),
        registry_(plugins::Registry::load(plugins.empty() ? std::vector<std::filesystem::path>{} : std::vector{plugins})) {
    if (!plugins.empty()) config_.instances = {{"default", {"default", "ap-guangzhou", {{"bootstrap.servers", "127.0.0.1:1"}}}}};
    std::filesystem::create_directories(folder_);
    auto opened = store::open_sqlite_store(folder_ / "host.sqlite");
    if (!opened) FAIL(opened.error().message);
    store_ = std::move(*opened);
    service_ = std::make_unique<tasks::TaskService>(tasks::ServiceOptions{"127.0.0.1:1", &config_, &registry_, store_.get()});
  }
  IdleService(const IdleService&) = delete;
  IdleService& operator=(const IdleService&) = delete;
  ~IdleService() {
    service_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  tasks::TaskService& operator*() { return *service_; }
  store::Store& store() { return *store_; }

 private:
  const std::filesystem::path folder_;
  config::HostConfig config_;
  const plugins::Registry registry_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tasks::TaskService> service_;
};

}  // namespace ch::tests
