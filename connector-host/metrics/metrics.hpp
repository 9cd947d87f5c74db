// Counts what happens, and writes it in Prometheus's text format. Counting takes no lock and no memory, but for the first
// time that a label has a new value, and for gauges. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/catalog.hpp"

namespace ch::metrics {

constexpr std::size_t kMaxValues = 32;        // of one label of a task's metric; what comes later is counted as "other"
constexpr std::size_t kMaxNameLength = 64;    // of what a connector counts
constexpr std::size_t kMaxRestCounters = 64;  // method and code

// A value that is looked up when the page is asked for, with the values of its labels in the catalog's order.
struct Sample {
  Id id = Id::count;
  std::vector<std::string> labels;
  double value = 0;
};

class Metrics;

// The counters of one task. Shared by its runners; its series go with the last owner.
class TaskMetrics {
 public:
  TaskMetrics(Metrics& all, const std::string& task);
  TaskMetrics(const TaskMetrics&) = delete;
  TaskMetrics& operator=(const TaskMetrics&) = delete;
  ~TaskMetrics();

  void add(Id counter, double amount = 1);
  void add(Id counter, std::string_view value, double amount = 1);  // one with a label beside the task
  void observe(Id histogram, double value);
  double total(Id counter) const;  // over the values of its label
  double total(Id counter, std::string_view value) const;

  // What a connector says: "retries/throttled" is the catalog's metric with that value; a name that the catalog does not
  // have is counted as the connector's own. Names that cannot be shown are dropped.
  void connector_count(std::string_view name, double amount);
  void connector_observe(std::string_view name, double value);
  void connector_gauge(std::string_view name, double value);  // only one that the catalog has

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();  // after all TaskMetrics

  std::shared_ptr<TaskMetrics> task(const std::string& name);        // made if there is none
  std::shared_ptr<TaskMetrics> find(const std::string& name) const;  // or null
  void forget(const std::string& task);
  void rest_request(std::string_view method, unsigned code, double seconds);

  // Everything counted, and what is given; each metric of the catalog with its help and type.
  std::string text(const std::vector<Sample>& looked_up) const;

 private:
  friend class TaskMetrics;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::metrics
