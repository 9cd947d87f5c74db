// Enable, disable, delete: nothing is lost or stored twice on the way, and asking twice is no mistake.
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

TEST_CASE("disable and enable lose nothing and repeat nothing", "[lifecycle]") {
  const std::string start = GENERATE("earliest", "latest");
  World world;
  const std::string name = "toggle-" + start;
  world.admin().create_topic(name, 2);
  LedgerProducer producer(world.bootstrap(), name, Mix{31});
  auto& host = world.host();
  host.start();
  world.create(name, world.config(name, {{"start.position", start}}), false);
  for (int round = 0; round < 3; ++round) {
    // Also `latest` means once: what comes while the task is disabled later on belongs to it.
    const auto enabled = host.post("/v1/tasks/" + name + "/enable?wait=30s");
    REQUIRE(enabled.status == 200);
    CHECK(enabled.json.at("state") == "RUNNING");
    producer.produce(1500, 2);
    producer.flush();
    const auto disabled = host.post("/v1/tasks/" + name + "/disable?wait=30s");
    REQUIRE(disabled.status == 200);
    CHECK(disabled.json.at("state") == "DISABLED");
    const auto report_now = world.check(name, producer.ledger());
    CHECK(static_cast<std::int64_t>(report_now.records) == committed_sum(world.admin(), name, name, 2));
    producer.produce(500, 2);
    producer.flush();
  }
  REQUIRE(host.post("/v1/tasks/" + name + "/enable?wait=30s").status == 200);
  CHECK(world.drained(name, name, 2));
  const auto report = world.check(name, producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("to enable or disable twice is no mistake", "[lifecycle]") {
  World world;
  world.admin().create_topic("twice", 1);
  LedgerProducer producer(world.bootstrap(), "twice", Mix{32});
  auto& host = world.host();
  host.start();
  world.create("twice", world.config("twice"));
  REQUIRE(world.reaches("twice", "RUNNING"));
  producer.produce(300, 1);
  producer.flush();
  for (int i = 0; i < 2; ++i) {
    const auto answer = host.post("/v1/tasks/twice/enable");
    CHECK(answer.status == 202);
    CHECK(answer.json.at("enabled") == true);
  }
  CHECK(host.post("/v1/tasks/twice/enable?wait=10s").status == 200);
  CHECK(world.drained("twice", "twice", 1));
  for (int i = 0; i < 2; ++i) {
    const auto answer = host.post("/v1/tasks/twice/disable");
    CHECK(answer.status == 202);
    CHECK(answer.json.at("enabled") == false);
  }
  CHECK(host.post("/v1/tasks/twice/disable?wait=10s").status == 200);
  CHECK(host.state("twice") == "DISABLED");
  CHECK(world.check("twice", producer.ledger()).ok());
}

TEST_CASE("a task deleted while enabled stores what is open before it goes", "[lifecycle]") {
  World world;
  world.admin().create_topic("deleted", 2);
  LedgerProducer producer(world.bootstrap(), "deleted", Mix{33});
  producer.produce(400, 2);
  producer.flush();
  auto& host = world.host();
  host.start();
  world.create("deleted", world.config("deleted", {{"rotate.interval.ms", "600000"}}));
  const auto all_read = [&] {
    const auto status = host.status("deleted");
    std::int64_t read = 0;
    for (const auto& partition : status.at("partitions"))
      read += partition.at("position").is_number() ? partition.at("position").get<std::int64_t>() : 0;
    return read == 400;
  };
  REQUIRE(eventually(30s, all_read));
  CHECK(host.request("DELETE", "/v1/tasks/deleted").status < 300);
  CHECK(eventually(30s, [&] { return host.get("/v1/tasks/deleted").status == 404; }));
  const auto report = world.check("deleted", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(host.get("/v1/tasks").body.find("deleted") == std::string::npos);
  CHECK(host.get("/health").status == 200);
}

TEST_CASE("a pause keeps the object open, a resume goes on with it", "[lifecycle]") {
  World world;
  world.admin().create_topic("paused", 1);
  LedgerProducer producer(world.bootstrap(), "paused", Mix{34});
  auto& host = world.host();
  host.start();
  world.create("paused", world.config("paused"));
  REQUIRE(world.reaches("paused", "RUNNING"));
  CHECK(host.post("/v1/tasks/paused/pause?wait=20s").status == 200);
  producer.produce(300, 1);
  producer.flush();
  CHECK(throughout(2s, [&] { return committed_sum(world.admin(), "paused", "paused", 1) == 0; }));
  CHECK(host.state("paused") == "PAUSED");
  CHECK(host.post("/v1/tasks/paused/resume?wait=20s").status == 200);
  CHECK(world.drained("paused", "paused", 1));
  CHECK(world.check("paused", producer.ledger()).ok());
}

TEST_CASE("topics that are added to a running task are read, also if the host is killed meanwhile", "[lifecycle]") {
  World world;
  for (const auto* topic : {"grow-a", "grow-b", "grow-c"}) world.admin().create_topic(topic, 2);
  std::vector<std::unique_ptr<LedgerProducer>> producers;
  for (const auto* topic : {"grow-a", "grow-b", "grow-c"}) {
    producers.push_back(std::make_unique<LedgerProducer>(world.bootstrap(), topic, Mix{71}));
    producers.back()->produce(200, 2);
    producers.back()->flush();
  }
  auto& host = world.host();
  host.start();
  world.create("grow", world.config("grow-a"));
  REQUIRE(world.drained("grow", "grow-a", 2));
  const auto with = [&](const std::string& topics) {
    return host.request("PATCH", "/v1/tasks/grow", {{"config", {{"topics", topics}}}}).status;
  };
  CHECK(with("grow-a,grow-b") == 200);
  CHECK(world.drained("grow", "grow-b", 2));
  CHECK(host.status("grow").at("partitions").size() == 4);
  CHECK(with("grow-a,grow-b,grow-c") == 200);
  host.kill();
  host.start();
  CHECK(world.drained("grow", "grow-c", 2));
  CHECK(host.status("grow").at("partitions").size() == 6);
  CHECK(with("grow-c") == 200);
  CHECK(eventually(30s, [&] { return host.status("grow").at("partitions").size() == 2; }));
}
