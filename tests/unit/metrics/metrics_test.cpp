#include "metrics/metrics.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "metrics/process.hpp"

using namespace ch::metrics;

namespace {

bool has(const Metrics& metrics, const std::string& line) {
  const auto text = "\n" + metrics.text({});
  return text.find("\n" + line + "\n") != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("what is counted is on the page, until the task goes") {
  Metrics metrics;
  const auto task = metrics.task("orders");
  REQUIRE(metrics.task("orders") == task);
  task->add(Id::records_read, 7);
  task->add(Id::records_read);
  task->add(Id::interruptions, "access_denied");
  task->observe(Id::object_store_seconds, 0.3);
  CHECK(has(metrics, R"(connector_host_records_read_total{task="orders"} 8)"));
  CHECK(has(metrics, R"(connector_host_commits_total{task="orders"} 0)"));
  CHECK(has(metrics, R"(connector_host_interruptions_total{reason="access_denied",task="orders"} 1)"));
  CHECK(has(metrics, R"(connector_host_object_store_seconds_bucket{task="orders",le="0.5"} 1)"));
  CHECK(has(metrics, R"(connector_host_object_store_seconds_count{task="orders"} 1)"));
  CHECK(task->total(Id::interruptions) == 1);
  CHECK(task->total(Id::interruptions, "access_denied") == 1);
  CHECK(task->total(Id::interruptions, "arrears") == 0);
  metrics.forget("orders");
  CHECK(metrics.find("orders") == nullptr);
  CHECK(has(metrics, R"(connector_host_commits_total{task="orders"} 0)"));  // somebody still counts
}

TEST_CASE("a task's series go with its last owner") {
  Metrics metrics;
  metrics.task("orders")->add(Id::rotations, "bytes");
  metrics.task("bills")->add(Id::records_read);
  metrics.forget("orders");
  CHECK(metrics.text({}).find("orders") == std::string::npos);
  CHECK(has(metrics, R"(connector_host_records_read_total{task="bills"} 1)"));
}

TEST_CASE("a connector's names become the catalog's metrics, or its own") {
  Metrics metrics;
  const auto task = metrics.task("t");
  task->connector_count("retries/throttled", 2);
  task->connector_count("rotations", 1);
  task->connector_count("objects_stored", 3);
  task->connector_count("pages_turned", 5);
  task->connector_observe("object_store_seconds", 0.01);
  CHECK(has(metrics, R"(connector_host_retries_total{class="throttled",task="t"} 2)"));
  CHECK(has(metrics, R"(connector_host_rotations_total{reason="other",task="t"} 1)"));
  CHECK(has(metrics, R"(connector_host_objects_stored_total{task="t"} 3)"));
  CHECK(has(metrics, R"(connector_host_connector_events_total{name="pages_turned",task="t"} 5)"));
  CHECK(has(metrics, R"(connector_host_object_store_seconds_count{task="t"} 1)"));
  const auto before = metrics.text({});
  for (const auto& name : {std::string("a b"), std::string("x\n"), std::string(65, 'x'), std::string(), std::string("a/")})
    task->connector_count(name, 1);
  task->connector_count("pages_turned", -1);
  task->connector_count("rest_requests/GET", 1);  // not the connector's to count: its own name
  CHECK(metrics.text({}).size() > before.size());
  CHECK(has(metrics, R"(connector_host_connector_events_total{name="rest_requests",task="t"} 1)"));
  CHECK(count(metrics.text({}), "connector_events_total{") == 2);
}

TEST_CASE("a gauge is there from the first value on, until its task goes") {
  Metrics metrics;
  auto task = metrics.task("t");
  CHECK(count(metrics.text({}), "clock_skew_seconds{") == 0);
  task->connector_gauge("clock_skew_seconds", -12.5);
  task->connector_gauge("made_up", 1);
  CHECK(has(metrics, R"(connector_host_clock_skew_seconds{task="t"} -12.5)"));
  task->connector_gauge("clock_skew_seconds", 0);
  CHECK(has(metrics, R"(connector_host_clock_skew_seconds{task="t"} 0)"));
  CHECK(metrics.text({}).find("made_up") == std::string::npos);
  metrics.forget("t");
  task.reset();
  CHECK(count(metrics.text({}), "clock_skew_seconds{") == 0);
}

TEST_CASE("values of a label are bounded, whoever makes them up, and none is lost") {
  Metrics metrics;
  const auto task = metrics.task("t");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) task->connector_count("made_up_" + std::to_string(i), 1);
      });
    }
  }
  const auto text = metrics.text({});
  CHECK(count(text, "connector_events_total{") == kMaxValues);
  CHECK(text.find("name=\"other\"") != std::string::npos);
  CHECK(task->total(Id::connector_events) == 800);
}

TEST_CASE("looked up values, hostile label values, requests and the process") {
  Metrics metrics;
  metrics.rest_request("GET", 200, 0.001);
  metrics.rest_request("BREW", 405, 0.001);
  const auto text = metrics.text({{Id::task_state, {"a\"b\\c\nd", "RUNNING"}, 1}, {Id::kc_read_total, {"a", "0"}, 12}});
  CHECK(text.find(R"(connector_host_task_state{task="a\"b\\c\nd",state="RUNNING"} 1)") != std::string::npos);
  CHECK(text.find(R"(kafka_connect_sink_task_sink_record_read_total{connector="a",task="0"} 12)") != std::string::npos);
  CHECK(text.find(R"(connector_host_rest_requests_total{code="405",method="other"} 1)") != std::string::npos);
  for (const auto& one : catalog()) CHECK(text.find(std::string("# HELP ") + one.name + " ") != std::string::npos);
  std::size_t seen = 0;
  for (const auto& sample : process_samples()) {
    INFO(metric(sample.id).name);
    CHECK(sample.value > 0);
    ++seen;
  }
  CHECK(seen == 6);
}
