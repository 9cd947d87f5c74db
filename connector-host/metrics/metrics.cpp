#include "metrics/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <sstream>

#include "base/mutex.hpp"

namespace ch::metrics {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Labels = prometheus::Labels;
template <class T>
using Family = prometheus::Family<T>;

constexpr std::string_view kOther = "other";
constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

std::size_t index(Id id) { return static_cast<std::size_t>(id); }

std::size_t label_count(const Metric& metric) {
  return static_cast<std::size_t>(std::count_if(metric.labels.begin(), metric.labels.end(), [](const char* l) { return l != nullptr; }));
}

bool of_task(const Metric& metric) { return metric.id <= Id::clock_skew; }

prometheus::MetricType type_of(Type type) {
  return type == Type::counter ? prometheus::MetricType::Counter
         : type == Type::gauge ? prometheus::MetricType::Gauge
                               : prometheus::MetricType::Histogram;
}

// The counters of one metric by the value of a label. Found without a lock; entries are only ever added.
class ByValue {
 public:
  template <class Make>
  Counter* find(std::string_view value, Make&& make) {
    if (auto* found = look(value)) return found;
    const MutexLock lock(mutex_);
    if (auto* found = look(value)) return found;
    const auto at = used_.load(std::memory_order_relaxed);
    if (at == kMaxValues) return look(kOther);
    // The last place is for all that come too late.
    const std::string kept(at + 1 == kMaxValues ? kOther : value);
    entries_[at] = {kept, make(kept)};
    used_.store(at + 1, std::memory_order_release);
    return entries_[at].counter;
  }
  template <class Each>
  void each(Each&& call) const {
    const auto used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) call(entries_[i].counter);
  }
  double value_of(std::string_view value) const {
    const auto* found = look(value);
    return found == nullptr ? 0 : found->Value();
  }

 private:
  struct Entry {
    std::string value;
    Counter* counter = nullptr;
  };
  Counter* look(std::string_view value) const {
    const auto used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) {
      if (entries_[i].value == value) return entries_[i].counter;
    }
    return nullptr;
  }
  Mutex mutex_;
  std::atomic<std::size_t> used_{0};
  std::array<Entry, kMaxValues> entries_;
};

bool nameable(std::string_view name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-";
  return !name.empty() && name.size() <= kMaxNameLength && name.find_first_not_of(allowed) == std::string_view::npos;
}

// "retries" stands for connector_host_retries_total.
const Metric* named(std::string_view name, Type type) {
  constexpr std::string_view prefix = "connector_host_";
  const std::string_view suffix = type == Type::counter ? "_total" : "";
  for (const auto& one : catalog()) {
    const std::string_view full = one.name;
    if (one.type != type || !of_task(one) || full.size() != prefix.size() + name.size() + suffix.size()) continue;
    if (full.substr(prefix.size(), name.size()) == name && full.substr(prefix.size() + name.size()) == suffix) return &one;
  }
  return nullptr;
}

}  // namespace

struct Metrics::Impl {
  std::array<std::unique_ptr<Family<Counter>>, kMetrics> counters;
  std::array<std::unique_ptr<Family<Histogram>>, kMetrics> histograms;
  std::array<std::unique_ptr<Family<Gauge>>, kMetrics> gauges;
  Histogram* rest_seconds = nullptr;
  Mutex mutex;
  std::map<std::string, std::shared_ptr<TaskMetrics>> tasks CH_GUARDED_BY(mutex);
  std::map<std::pair<std::string, unsigned>, Counter*> rest CH_GUARDED_BY(mutex);
};

struct TaskMetrics::Impl {
  Impl(Metrics::Impl& metrics, std::string name) : all(metrics), task(std::move(name)) {}

  Metrics::Impl& all;
  const std::string task;
  std::array<Counter*, kMetrics> counters{};
  std::array<Histogram*, kMetrics> histograms{};
  std::array<std::unique_ptr<ByValue>, kMetrics> by_value;
  Mutex mutex;
  std::array<Gauge*, kMetrics> gauges CH_GUARDED_BY(mutex){};  // those that have been set
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  for (const auto& one : catalog()) {
    if (!of_task(one) && one.id != Id::rest_requests && one.id != Id::rest_seconds) continue;
    if (one.type == Type::histogram) {
      impl_->histograms[index(one.id)] = std::make_unique<Family<Histogram>>(one.name, one.help, Labels{});
    } else if (one.type == Type::gauge) {
      impl_->gauges[index(one.id)] = std::make_unique<Family<Gauge>>(one.name, one.help, Labels{});
    } else {
      impl_->counters[index(one.id)] = std::make_unique<Family<Counter>>(one.name, one.help, Labels{});
    }
  }
  impl_->rest_seconds =
      &impl_->histograms[index(Id::rest_seconds)]->Add({}, Histogram::BucketBoundaries(buckets().begin(), buckets().end()));
}

Metrics::~Metrics() = default;

std::shared_ptr<TaskMetrics> Metrics::task(const std::string& name) {
  const MutexLock lock(impl_->mutex);
  auto& found = impl_->tasks[name];
  if (found == nullptr) found = std::make_shared<TaskMetrics>(*this, name);
  return found;
}

std::shared_ptr<TaskMetrics> Metrics::find(const std::string& name) const {
  const MutexLock lock(impl_->mutex);
  const auto found = impl_->tasks.find(name);
  return found == impl_->tasks.end() ? nullptr : found->second;
}

void Metrics::forget(const std::string& task) {
  const MutexLock lock(impl_->mutex);
  impl_->tasks.erase(task);
}

void Metrics::rest_request(std::string_view method, unsigned code, double seconds) {
  const bool known = std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
  const std::pair key(std::string(known ? method : kOther), code);
  impl_->rest_seconds->Observe(seconds);
  const MutexLock lock(impl_->mutex);
  auto found = impl_->rest.find(key);
  if (found == impl_->rest.end()) {
    if (impl_->rest.size() >= kMaxRestCounters) return;
    auto& made = impl_->counters[index(Id::rest_requests)]->Add({{"method", key.first}, {"code", std::to_string(code)}});
    found = impl_->rest.emplace(key, &made).first;
  }
  found->second->Increment();
}

std::string Metrics::text(const std::vector<Sample>& looked_up) const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(kMetrics);
  for (const auto& one : catalog()) {
    prometheus::MetricFamily family{one.name, one.help, type_of(one.type), {}};
    const auto take = [&family](const auto& counted) {
      if (counted == nullptr) return;
      for (auto& collected : counted->Collect())
        std::move(collected.metric.begin(), collected.metric.end(), std::back_inserter(family.metric));
    };
    take(impl_->counters[index(one.id)]);
    take(impl_->histograms[index(one.id)]);
    take(impl_->gauges[index(one.id)]);
    families.push_back(std::move(family));
  }
  for (const auto& sample : looked_up) {
    const auto& known = metric(sample.id);
    prometheus::ClientMetric out;
    for (std::size_t i = 0; i < sample.labels.size(); ++i) out.label.push_back({known.labels.at(i), sample.labels[i]});
    (known.type == Type::counter ? out.counter.value : out.gauge.value) = sample.value;
    families[index(sample.id)].metric.push_back(std::move(out));
  }
  std::ostringstream stream;
  prometheus::TextSerializer().Serialize(stream, families);
  return stream.str();
}

TaskMetrics::TaskMetrics(Metrics& all, const std::string& task) : impl_(std::make_unique<Impl>(*all.impl_, task)) {
  for (const auto& one : catalog()) {
    if (!of_task(one) || one.type == Type::gauge) continue;
    const auto at = index(one.id);
    if (one.type == Type::histogram) {
      impl_->histograms[at] =
          &impl_->all.histograms[at]->Add({{"task", task}}, Histogram::BucketBoundaries(buckets().begin(), buckets().end()));
    } else if (label_count(one) == 1) {
      impl_->counters[at] = &impl_->all.counters[at]->Add({{"task", task}});
    } else {
      impl_->by_value[at] = std::make_unique<ByValue>();
    }
  }
}

TaskMetrics::~TaskMetrics() {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (impl_->counters[i] != nullptr) impl_->all.counters[i]->Remove(impl_->counters[i]);
    if (impl_->histograms[i] != nullptr) impl_->all.histograms[i]->Remove(impl_->histograms[i]);
    if (impl_->gauges[i] != nullptr) impl_->all.gauges[i]->Remove(impl_->gauges[i]);
    if (impl_->by_value[i] != nullptr) impl_->by_value[i]->each([&](Counter* counter) { impl_->all.counters[i]->Remove(counter); });
  }
}

void TaskMetrics::add(Id counter, double amount) {
  if (auto* known = impl_->counters[index(counter)]) known->Increment(amount);
}

void TaskMetrics::add(Id counter, std::string_view value, double amount) {
  const auto at = index(counter);
  if (impl_->by_value[at] == nullptr) return;
  auto* found = impl_->by_value[at]->find(value, [&](const std::string& kept) {
    return &impl_->all.counters[at]->Add({{"task", impl_->task}, {metric(counter).labels[1], kept}});
  });
  found->Increment(amount);
}

void TaskMetrics::observe(Id histogram, double value) {
  if (auto* known = impl_->histograms[index(histogram)]) known->Observe(value);
}

double TaskMetrics::total(Id counter) const {
  const auto at = index(counter);
  if (impl_->counters[at] != nullptr) return impl_->counters[at]->Value();
  double sum = 0;
  if (impl_->by_value[at] != nullptr) impl_->by_value[at]->each([&](const Counter* one) { sum += one->Value(); });
  return sum;
}

double TaskMetrics::total(Id counter, std::string_view value) const {
  const auto& values = impl_->by_value[index(counter)];
  return values == nullptr ? 0 : values->value_of(value);
}

void TaskMetrics::connector_count(std::string_view name, double amount) {
  if (!(amount >= 0)) return;
  const auto slash = name.find('/');
  const auto base = name.substr(0, slash);
  const auto value = slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
  if (!nameable(base) || (slash != std::string_view::npos && !nameable(value))) return;
  const auto* known = named(base, Type::counter);
  if (known == nullptr) return add(Id::connector_events, base, amount);
  if (label_count(*known) == 1) return add(known->id, amount);
  add(known->id, value.empty() ? kOther : value, amount);
}

void TaskMetrics::connector_observe(std::string_view name, double value) {
  if (!nameable(name) || !(value >= 0)) return;
  if (const auto* known = named(name, Type::histogram)) return observe(known->id, value);
  add(Id::connector_events, name, 1);
}

void TaskMetrics::connector_gauge(std::string_view name, double value) {
  const auto* known = named(name, Type::gauge);
  if (known == nullptr) return;
  const MutexLock lock(impl_->mutex);
  auto& gauge = impl_->gauges[index(known->id)];
  if (gauge == nullptr) gauge = &impl_->all.gauges[index(known->id)]->Add({{"task", impl_->task}});
  gauge->Set(value);
}

}  // namespace ch::metrics
