// CKafka's own API beside the brokers: the ids of topics make the folders, which never change, and isolation is told and
// healed by renewal.
#include <algorithm>
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr const char* kInstance = "ckafka-system1";
constexpr std::chrono::seconds kHealLimit{90};
constexpr int kRuns = 1, kIsolated = 5;

// The emulator has an address only once it is there: the host is told of it before its start.
json with_api(World& world, const std::string& bootstrap, bool on = true) {
  return {{kInstance,
           {{"bootstrap.servers", bootstrap},
            {"region", "ap-guangzhou"},
            {"ckafka.api", on},
            {"ckafka.api.endpoint", world.cos().origin()},
            {"ckafka.api.secret.id", "AKIDsystemtest"},
            {"ckafka.api.secret.key", "system-test-secret-key"}}}};
}

// Of the keys, what stands before the last "/", each once.
std::vector<std::string> folders(World& world, const std::string& task) {
  std::vector<std::string> out;
  const auto objects = world.host().get("/v1/tasks/" + task + "/objects?limit=1000").json;
  for (const auto& object : objects.at("objects")) {
    const auto key = object.at("key").get<std::string>();
    const auto folder = key.substr(0, key.rfind('/'));
    if (std::find(out.begin(), out.end(), folder) == out.end()) out.push_back(folder);
  }
  return out;
}

bool verified(World& world, const std::string& task) {
  json report;
  auto answer = world.host().post("/v1/tasks/" + task + "/verify");
  while (answer.status == 200 && !(report = answer.json).at("complete").get<bool>())
    answer = world.host().post("/v1/tasks/" + task + "/verify", report);
  UNSCOPED_INFO(answer.body);
  return answer.status == 200 && report.at("ok").get<bool>();
}

}  // namespace

TEST_CASE("folders are called by the ids of topics, and never change while the task is there", "[ckafka]") {
  World world(shared_broker().bootstrap(), json::object());
  auto& host = world.host();
  host.set_config({{"instances", with_api(world, world.bootstrap())}});
  host.start();
  world.admin().create_topic("ids", 2);
  LedgerProducer producer(world.bootstrap(), "ids", Mix{81});
  const auto produce = [&] {
    producer.produce(200, 2);
    producer.flush();
  };
  produce();
  // CKafka does not know the instance yet: nothing is stored under another name meanwhile.
  world.create("ids", world.config("ids"));
  CHECK(world.interrupted("ids", "ckafka_error"));
  CHECK(host.status("ids").at("interruption").at("message").get<std::string>().find("InstanceNotExist") != std::string::npos);
  CHECK(world.cos().counters().requests["put"] == 0);
  world.cos().add_ckafka_instance(kInstance, {{"ids", "topic-aaaa1111"}});
  REQUIRE(world.drained("ids", "ids", 2, kHealLimit));
  CHECK(folders(world, "ids") == std::vector<std::string>{std::string(kInstance) + "/topic-aaaa1111"});
  CHECK(host.get("/v1/tasks/ids").json.at("topic_ids") == json{{"ids", "topic-aaaa1111"}});

  // The API goes, and when it comes back it names the topic otherwise, as one that was made anew; then it is unset.
  REQUIRE(host.stop() == 0);
  world.cos().add_ckafka_instance(kInstance, {{"ids", "topic-bbbb2222"}});
  world.cos().set_access({{"AKIDsystemtest", {"system-test-secret-key", "", std::nullopt}}});
  host.start();
  produce();
  REQUIRE(world.drained("ids", "ids", 2, kHealLimit));
  REQUIRE(host.stop() == 0);
  host.set_config({{"instances", with_api(world, world.bootstrap(), false)}});
  host.start();
  produce();
  REQUIRE(world.drained("ids", "ids", 2, kHealLimit));
  CHECK(folders(world, "ids") == std::vector<std::string>{std::string(kInstance) + "/topic-aaaa1111"});

  // A task that began without the API keeps its topic's name when it is set.
  world.admin().create_topic("names", 1);
  LedgerProducer names(world.bootstrap(), "names", Mix{82});
  names.produce(100, 1);
  names.flush();
  world.create("names", world.config("names"));
  REQUIRE(world.drained("names", "names", 1, kHealLimit));
  REQUIRE(host.stop() == 0);
  host.set_config({{"instances", with_api(world, world.bootstrap())}});
  world.cos().add_ckafka_instance(kInstance, {{"names", "topic-cccc3333"}});
  host.start();
  names.produce(100, 1);
  names.flush();
  REQUIRE(world.drained("names", "names", 1, kHealLimit));
  CHECK(folders(world, "names") == std::vector<std::string>{std::string(kInstance) + "/names"});

  for (const auto& [name, ledger] : {std::pair<std::string, const Ledger*>{"ids", &producer.ledger()}, {"names", &names.ledger()}}) {
    INFO(name);
    const auto report = world.check(name, *ledger);
    INFO(report.summary());
    CHECK(report.ok());
    CHECK(report.records == ledger->records());
    CHECK(verified(world, name));
  }
}

TEST_CASE("a topic that comes while a task with a pattern runs has its id asked for first", "[ckafka]") {
  World world(shared_broker().bootstrap(), json::object());
  auto& host = world.host();
  host.set_config({{"instances", with_api(world, world.bootstrap())}});
  world.cos().add_ckafka_instance(kInstance, {{"pattern-a", "topic-aaaa"}, {"pattern-b", "topic-bbbb"}});
  host.start();
  world.admin().create_topic("pattern-a", 1);
  json config = world.config(
      "pattern-a", {{"topics", nullptr}, {"topics.regex", "pattern-.*"}, {"consumer.override.topic.metadata.refresh.interval.ms", "1000"}});
  world.create("pattern", config);
  REQUIRE(world.reaches("pattern", "RUNNING"));
  world.admin().create_topic("pattern-b", 1);
  LedgerProducer producer(world.bootstrap(), "pattern-b", Mix{83});
  producer.produce(100, 1);
  producer.flush();
  REQUIRE(world.drained("pattern", "pattern-b", 1, kHealLimit));
  const auto objects = host.get("/v1/tasks/pattern/objects?topic=pattern-b").json;
  INFO(objects.dump());
  REQUIRE_FALSE(objects.at("objects").empty());
  for (const auto& object : objects.at("objects"))
    CHECK(object.at("key").get<std::string>().find(std::string(kInstance) + "/topic-bbbb/") == 0);
}

TEST_CASE("an instance that is isolated, and renewed", "[ckafka]") {
  KafkaBroker broker;
  broker.start();
  World world(broker.bootstrap(), json::object());
  auto& host = world.host();
  host.set_config({{"instances", with_api(world, broker.bootstrap())}});
  world.cos().add_ckafka_instance(kInstance, {{"isolated", "topic-dddd4444"}, {"later", "topic-eeee5555"}});
  host.start();
  for (const char* name : {"isolated", "later"}) world.admin().create_topic(name, 1);
  LedgerProducer producer(broker.bootstrap(), "isolated", Mix{84});
  producer.produce(300, 1);
  producer.flush();
  world.create("isolated", world.config("isolated"));
  REQUIRE(world.drained("isolated", "isolated", 1));
  const auto quiet = world.cos().counters().requests["ckafka"];

  broker.stop();
  world.cos().set_ckafka_status(kInstance, kIsolated, 1700000000);
  world.create("later", world.config("later"));  // one that has not joined yet
  for (const char* task : {"isolated", "later"}) {
    CHECK(world.interrupted(task, "instance_isolated", kHealLimit));
    const auto why = host.status(task).at("interruption");
    CHECK(why.at("remedy").get<std::string>().find("Renew the instance") != std::string::npos);
    CHECK(why.at("runbook") == "/docs/runbook.md#instance_isolated");
    CHECK(eventually(20s, [&] {  // an event is kept behind what it tells of
      return host.get(std::string("/v1/tasks/") + task + "/events").body.find("instance_isolated") != std::string::npos;
    }));
  }
  CHECK(host.get("/metrics").body.find(R"(connector_host_task_interrupted{task="isolated",reason="instance_isolated"} 1)") !=
        std::string::npos);
  CHECK(world.cos().counters().requests["ckafka"] > quiet);

  broker.start();
  world.cos().set_ckafka_status(kInstance, kRuns);
  producer.produce(300, 1);
  producer.flush();
  for (const char* task : {"isolated", "later"}) CHECK(world.reaches(task, "RUNNING", kHealLimit));
  REQUIRE(world.drained("isolated", "isolated", 1, kHealLimit));
  const auto report = world.check("isolated", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.records == producer.ledger().records());
}
