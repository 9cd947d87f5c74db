// What an operator is told when a task stands: unknown is never 0, the delay grows, and nothing stored is never called whole.
#include <catch2/catch.hpp>
#include <thread>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr std::int32_t kPartitions = 2;

// A host with a topic of 600 records, and a task that has stored them, or not.
class Scene {
 public:
  explicit Scene(const std::string& topic, const std::string& bootstrap = shared_broker().bootstrap())
      : world(std::make_unique<World>(bootstrap, json::object())), topic_(topic) {
    world->admin().create_topic(topic, kPartitions);
    producer_ = std::make_unique<LedgerProducer>(bootstrap, topic, Mix{61});
    produce(600);
    world->host().start();
  }
  void produce(std::uint64_t records) {
    producer_->produce(records, kPartitions);
    producer_->flush();
  }
  void send(const std::string& value) {
    producer_->send(0, value);
    producer_->flush();
  }
  void run(const json& config = json::object()) {
    world->create(topic_, world->config(topic_, config));
    REQUIRE(world->reaches(topic_, "RUNNING"));
    REQUIRE(world->drained(topic_, topic_, kPartitions));
  }
  json status() { return world->host().status(topic_); }
  bool lags(std::int64_t records) {
    return eventually(30s, [&] { return status().at("lag") == records; });
  }
  // It is unknown, or grows; but it is never 0, and never smaller than before.
  bool delay_grows() {
    const auto before = status().at("delay_ms");
    if (!before.is_number() || before.get<std::int64_t>() <= 0) return false;
    std::this_thread::sleep_for(1500ms);
    return status().at("delay_ms").get<std::int64_t>() >= before.get<std::int64_t>() + 1400;
  }
  // The sample of a metric of the task; "" if there is none.
  std::string sample(const std::string& metric) {
    const auto text = world->host().get("/metrics").body;
    const auto begin = text.find(metric + "{task=\"" + topic_ + "\"} ");
    if (begin == std::string::npos) return "";
    const auto value = text.find("} ", begin) + 2;
    return text.substr(value, text.find('\n', value) - value);
  }
  json verify() {
    json report;
    Answer answer = world->host().post("/v1/tasks/" + topic_ + "/verify");
    while (answer.status == 200 && !(report = answer.json).at("complete").get<bool>())
      answer = world->host().post("/v1/tasks/" + topic_ + "/verify", report);
    INFO(answer.status << answer.body);
    CHECK(answer.status == 200);
    return report;
  }
  Finished cli(std::vector<std::string> words) {
    words.insert(words.begin(), {binary("connector-host").string(), "task"});
    words.insert(words.end(), {"--url", world->host().url()});
    return ch::test::run(words, 90s);
  }
  // Both verdicts and both exit statuses of a task whose objects are right and that has not stored all.
  json waits(std::uint64_t records, const std::string& reason) {
    const auto report = verify();
    INFO(report.dump(1));
    CHECK(report.at("ok") == true);
    CHECK(report.at("all_stored") == false);
    CHECK(report.at("not_stored") == records);
    REQUIRE(!report.at("waiting").empty());
    CHECK(report.at("waiting").at(0).at("reason") == reason);
    CHECK(cli({"verify", topic_}).status == 0);
    const auto complete = cli({"verify", topic_, "--complete"});
    INFO(complete.output << complete.errors);
    CHECK(complete.status == 7);
    CHECK(complete.errors.find(reason) != std::string::npos);
    return report;
  }
  std::unique_ptr<World> world;

 private:
  std::string topic_;
  std::unique_ptr<LedgerProducer> producer_;
};

}  // namespace

TEST_CASE("brokers go away: the last end is kept with its date, lag is not known, delay grows", "[truth]") {
  KafkaBroker broker;
  broker.start();
  Scene scene("truth-broker", broker.bootstrap());
  scene.run({{"rotate.interval.ms", "600000"}, {"rotate.records", "100"}});
  scene.produce(60);  // too few for an object
  REQUIRE(scene.lags(60));
  CHECK(scene.sample("connector_host_task_lag_records") == "60");
  broker.kill();
  REQUIRE(scene.world->interrupted("truth-broker", "broker_unreachable"));
  const auto status = scene.status();
  INFO(status.dump(1));
  CHECK(status.at("lag").is_null());
  for (const auto& partition : status.at("partitions")) {
    CHECK(partition.at("end_offset") == 330);
    CHECK(partition.at("end_offset_at").is_string());
    CHECK(partition.at("lag").is_null());
  }
  CHECK(scene.delay_grows());
  CHECK(scene.sample("connector_host_task_lag_records").empty());
  CHECK(std::stod(scene.sample("connector_host_task_delay_seconds")) > 0);
  const auto list = scene.cli({"list"});
  CHECK(list.output.find("–") != std::string::npos);
}

TEST_CASE("a disabled task tells what waits for it, also after the host was started anew", "[truth]") {
  Scene scene("truth-disabled");
  scene.run();
  CHECK(scene.verify().at("all_stored") == true);
  CHECK(scene.cli({"verify", "truth-disabled", "--complete"}).status == 0);
  CHECK(scene.world->host().post("/v1/tasks/truth-disabled/disable?wait=60s").status == 200);
  CHECK(scene.lags(0));
  CHECK(scene.status().at("delay_ms") == 0);
  scene.produce(60);
  CHECK(scene.lags(60));
  CHECK(scene.delay_grows());
  CHECK(scene.sample("connector_host_task_lag_records") == "60");
  scene.waits(60, "disabled");
  CHECK(scene.world->host().stop() == 0);
  scene.world->host().start();
  CHECK(scene.lags(60));
  CHECK(scene.delay_grows());
  // What has never begun owes nothing that anybody could know.
  scene.world->create("never-begun", scene.world->config("truth-disabled"), false);
  CHECK(scene.world->host().status("never-begun").at("lag").is_null());
}

TEST_CASE("a paused task that has never read anything: all waits", "[truth]") {
  Scene scene("truth-paused");
  scene.world->create("truth-paused", scene.world->config("truth-paused"), false);
  CHECK(scene.world->host().post("/v1/tasks/truth-paused/pause?wait=60s").status == 200);
  CHECK(scene.lags(600));
  CHECK(scene.delay_grows());
  const auto report = scene.waits(600, "paused");
  CHECK(report.at("objects") == 0);
  const auto shown = scene.cli({"verify", "truth-paused"});
  CHECK(shown.output.find("nothing is stored") != std::string::npos);
  const auto enable = scene.cli({"enable", "truth-paused", "--wait", "30s"});
  CHECK(enable.status == 4);
  CHECK(enable.errors.find("task resume truth-paused") != std::string::npos);
}

TEST_CASE("a bucket that is missing: delay grows", "[truth]") {
  Scene scene("truth-bucket");
  scene.world->cos().remove_bucket(World::kBucket);
  scene.world->create("truth-bucket", scene.world->config("truth-bucket"));
  REQUIRE(scene.world->interrupted("truth-bucket", "bucket_missing"));
  CHECK(scene.lags(600));
  CHECK(eventually(20s, [&] { return scene.delay_grows(); }));
}

TEST_CASE("one record that cannot be stored", "[truth]") {
  Scene scene("truth-rejected");
  // Names that are the same whatever the format.
  const json names = {{"object.key.template", "{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}"}};
  scene.run(names);
  scene.send("good");
  REQUIRE(scene.world->drained("truth-rejected", "truth-rejected", kPartitions));
  auto config = scene.world->config("truth-rejected", names);
  config["format"] = "csv";
  CHECK(scene.world->host().request("PUT", "/v1/tasks/truth-rejected", {{"config", config}, {"enabled", true}}).status == 200);
  REQUIRE(scene.world->reaches("truth-rejected", "RUNNING"));
  scene.send("\xFF");
  scene.send("behind it");
  REQUIRE(scene.world->interrupted("truth-rejected", "record_rejected"));
  CHECK(scene.lags(2));
  CHECK(scene.delay_grows());
  const auto report = scene.waits(2, "record_rejected");
  CHECK(report.at("waiting").at(0).at("message").get<std::string>().find("offset 301") != std::string::npos);
}

TEST_CASE("a topic that never existed is told as such, and is not complete", "[truth]") {
  World world;
  world.host().start();
  world.create("truth-nowhere", world.config("truth-nowhere"));
  REQUIRE(world.interrupted("truth-nowhere", "topic_missing"));
  const auto status = world.host().status("truth-nowhere");
  CHECK(status.at("lag").is_null());
  Answer answer = world.host().post("/v1/tasks/truth-nowhere/verify");
  INFO(answer.body);
  CHECK(answer.json.at("all_stored") == false);
  CHECK(answer.json.at("not_stored").is_null());
  CHECK(answer.json.at("waiting").at(0).at("message") == "topic truth-nowhere does not exist, and nothing of it is stored");
  const auto complete =
      run({binary("connector-host").string(), "task", "verify", "truth-nowhere", "--complete", "--url", world.host().url()}, 60s);
  CHECK(complete.status == 7);
}

TEST_CASE("a pattern is shown with what it matches, and the interval that rules", "[truth]") {
  Scene scene("truth-pattern");
  auto config = scene.world->config("truth-pattern", {{"topics.regex", "truth-pat.*"}, {"rotate.interval.ms", "5000"}});
  config.erase("topics");
  scene.world->create("truth-pattern", config);
  json line;
  CHECK(eventually(30s, [&] {
    const auto answer = scene.world->host().get("/v1/tasks").json;
    for (const auto& task : answer.at("tasks"))
      if (task.at("name") == "truth-pattern") line = task;
    return line.is_object() && !line.at("matched_topics").is_null();
  }));
  INFO(line.dump(1));
  CHECK(line.at("topics") == "/truth-pat.*/");
  CHECK(line.at("matched_topics") == json({{"count", 1}, {"names", {"truth-pattern"}}}));
  CHECK(line.at("rotate_interval_ms") == 5000);
  const auto list = scene.cli({"list"});
  CHECK(list.output.find("/truth-pat.*/ → 1 topic ") != std::string::npos);
  CHECK(list.output.find(" 5s") != std::string::npos);
}

TEST_CASE("a quota that is used up is told as such, with the broker's waits, and is over when it is raised", "[truth]") {
  KafkaBroker broker;
  broker.start();
  Scene scene("throttled", broker.bootstrap());
  scene.run();
  broker.limit_readers(2000);
  const std::string value(2000, 'v');
  for (int i = 0; i < 600; ++i) scene.send(value);  // ten minutes' worth
  json status;
  const bool told = eventually(120s, [&] {
    status = scene.status();
    return status.at("interruption").is_object();
  });
  INFO(status.dump(1));
  REQUIRE(told);
  CHECK(status.at("state") == "INTERRUPTED");
  CHECK(status.at("interruption").at("reason") == "quota_throttled");
  const auto message = status.at("partitions").at(0).at("interruption").at("message").get<std::string>();
  CHECK_THAT(message,
             Catch::Contains("throttled-0 has records up to offset 899 that are not read") && Catch::Contains("makes each request wait"));
  CHECK(status.at("partitions").at(1).at("interruption").is_null());  // it has nothing to read
  broker.limit_readers({});
  CHECK(scene.world->drained("throttled", "throttled", kPartitions));
  CHECK(scene.world->reaches("throttled", "RUNNING"));
}
