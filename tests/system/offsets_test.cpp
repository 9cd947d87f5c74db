// Offsets altered over Kafka Connect's API, on the real broker: a wanted rewind comes true, once, and what was under way
// before it does not come back.
#include <catch2/catch.hpp>
#include <set>

#include "world.hpp"

using namespace ch::test;

namespace {

json offset_of(const std::string& topic, const json& offset) {
  return {{"offsets", json::array({{{"partition", {{"kafka_topic", topic}, {"kafka_partition", 0}}}, {"offset", offset}}})}};
}

struct Stored {
  std::int64_t records = 0;
  std::set<std::int64_t> starts;
};

Stored stored(const HostProcess& host, const std::string& task) {
  Stored out;
  const auto answer = host.get("/v1/tasks/" + task + "/objects?limit=1000");
  for (const auto& object : answer.json.at("objects")) {
    out.records += object.at("records").get<std::int64_t>();
    out.starts.insert(object.at("start_offset").get<std::int64_t>());
  }
  return out;
}

}  // namespace

TEST_CASE("altered and reset offsets are gone on from, and the audit does not undo them", "[connect]") {
  World world;
  world.admin().create_topic("rewound", 1);
  LedgerProducer producer(world.bootstrap(), "rewound", Mix{81});
  producer.produce(300, 1);
  producer.flush();
  auto& host = world.host();
  host.start();
  world.create("rewound", world.config("rewound"));
  REQUIRE(world.drained("rewound", "rewound", 1));
  REQUIRE(stored(world.host(), "rewound").records == 300);
  CHECK(host.request("PATCH", "/connectors/rewound/offsets", offset_of("rewound", {{"kafka_offset", 100}})).status == 400);
  CHECK(host.request("PUT", "/connectors/rewound/stop", json::object()).status == 204);
  CHECK(host.get("/connectors/rewound/status").json.at("connector").at("state") == "STOPPED");

  const auto altered = host.request("PATCH", "/connectors/rewound/offsets", offset_of("rewound", {{"kafka_offset", 100}}));
  INFO(altered.body);
  REQUIRE(altered.status == 200);
  CHECK(altered.json.at("message") == "The offsets for this connector have been altered successfully");
  CHECK(host.get("/connectors/rewound/offsets").json.at("offsets").at(0).at("offset").at("kafka_offset") == 100);
  REQUIRE(host.request("PUT", "/connectors/rewound/resume", json::object()).status == 202);
  CHECK(world.drained("rewound", "rewound", 1));
  const auto again = stored(world.host(), "rewound");
  CHECK(again.records == 500);
  CHECK(again.starts.contains(100));

  // A crash right behind it: the new series is followed, not the old one.
  host.kill();
  host.start();
  producer.produce(50, 1);
  producer.flush();
  CHECK(world.drained("rewound", "rewound", 1));
  CHECK(stored(world.host(), "rewound").records == 550);

  REQUIRE(host.request("PUT", "/connectors/rewound/stop", json::object()).status == 204);
  const auto reset = host.request("DELETE", "/connectors/rewound/offsets", json::object());
  INFO(reset.body);
  REQUIRE(reset.status == 200);
  CHECK(host.get("/connectors/rewound/offsets").json.at("offsets").empty());
  REQUIRE(host.request("PUT", "/connectors/rewound/resume", json::object()).status == 202);
  CHECK(world.drained("rewound", "rewound", 1));
  CHECK(stored(world.host(), "rewound").records == 900);
}

TEST_CASE("a host that knows nothing of the task takes over after one partition's offset was altered", "[connect]") {
  World world;
  world.admin().create_topic("handed", 2);
  LedgerProducer producer(world.bootstrap(), "handed", Mix{82});
  producer.produce(300, 2);
  producer.flush();
  world.host().start();
  const auto config = world.config("handed");
  world.create("handed", config);
  REQUIRE(world.drained("handed", "handed", 2));
  REQUIRE(world.host().request("PUT", "/connectors/handed/stop", json::object()).status == 204);
  REQUIRE(world.host().request("PATCH", "/connectors/handed/offsets", offset_of("handed", {{"kafka_offset", 0}})).status == 200);
  CHECK(world.host().stop() == 0);

  const auto second = world.another_host();
  second->start();
  REQUIRE(second->post("/v1/tasks", {{"name", "handed"}, {"config", config}}).status == 201);
  REQUIRE(world.drained("handed", "handed", 2));
  // Partition 0 is there again, as was asked for; the other is not.
  CHECK(stored(*second, "handed").records == 450);
}

TEST_CASE("an intent from before the offsets were altered does not come back", "[connect]") {
  World world;
  world.admin().create_topic("intended", 1);
  LedgerProducer producer(world.bootstrap(), "intended", Mix{82});
  auto& host = world.host();
  host.start();
  world.create("intended", world.config("intended"));
  REQUIRE(world.reaches("intended", "RUNNING"));
  world.stop_cos();
  producer.produce(200, 1);
  producer.flush();
  // Its intent is committed, the object cannot be stored: so it cannot come to rest either, until the host dies.
  REQUIRE(world.interrupted("intended", "cos_unreachable"));
  REQUIRE(eventually(30s, [&] {
    return world.admin().committed("connect-intended", "intended", 1).at(0).metadata.find("intended") != std::string::npos;
  }));
  REQUIRE(host.post("/v1/tasks/intended/disable").status == 202);
  host.kill();
  host.start();
  REQUIRE(host.state("intended") == "DISABLED");

  const auto altered = host.request("PATCH", "/connectors/intended/offsets", offset_of("intended", {{"kafka_offset", 50}}));
  INFO(altered.body);
  REQUIRE(altered.status == 200);
  world.start_cos();
  REQUIRE(host.request("PUT", "/connectors/intended/resume", json::object()).status == 202);
  CHECK(world.drained("intended", "intended", 1));
  const auto found = stored(world.host(), "intended");
  CHECK(found.records == 150);
  CHECK_FALSE(found.starts.contains(0));
  CHECK(found.starts.contains(50));
}
