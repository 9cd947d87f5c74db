// What a runner under test is made of: a connector that records what it is given, and keepers of what it reports.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "recording_connector.hpp"
#include "runner/runner.hpp"

namespace ch::test {

struct RunnerParts {
  Recording recording;
  runner::Budget budget{std::uint64_t{256} << 20};
  metrics::Metrics metrics;
  std::vector<store::Event> events;
  std::mutex mutex;  // of events

  RunnerParts() { use_recording(&recording); }

  // Of a host that keeps no offsets.
  runner::RunnerSpec spec(const std::string& name, const std::string& bootstrap, const std::vector<std::string>& topics) {
    runner::RunnerSpec s;
    s.info.name = name;
    s.info.buffer_memory = 16 << 20;
    s.info.upload_threads = 1;
    s.host = "test";
    s.group_id = "connect-" + name;
    s.cluster = [bootstrap] { return kafka::Properties{{"bootstrap.servers", bootstrap}}; };
    s.topics = topics;
    s.connector = recording_connector();
    s.host_budget = &budget;
    s.metrics = metrics.task(name);
    s.fix_start = [](kafka::GroupClient&, const auto&) { return runner::StartAnswer{}; };
    s.saved_offset = [](const kafka::TopicPartition&) { return std::optional<store::SavedOffset>(); };
    s.save_offsets = [](const std::vector<store::SavedOffset>&) {};
    s.add_event = [this](store::Event event) {
      const std::lock_guard lock(mutex);
      events.push_back(std::move(event));
    };
    return s;
  }
  std::ptrdiff_t count(const std::string& kind) {
    const std::lock_guard lock(mutex);
    return std::count_if(events.begin(), events.end(), [&](const auto& e) { return e.kind == kind; });
  }
};

}  // namespace ch::test
