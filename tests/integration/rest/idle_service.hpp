// A TaskService without tasks, clusters or connectors, which is never started.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "store/store.hpp"
#include "tasks/service.hpp"

namespace ch::tests {

class IdleService {
 public:
  IdleService() : folder_(std::filesystem::temp_directory_path() / ("ch-idle-service-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    auto opened = store::Store::open(folder_ / "host.sqlite");
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
  const config::HostConfig config_;
  const plugins::Registry registry_ = plugins::Registry::load({});
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tasks::TaskService> service_;
};

}  // namespace ch::tests
