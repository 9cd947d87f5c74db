// A restart makes runners anew without storing anything, and neither loses nor repeats a record; what ends while COS hangs
// does so behind the answer; offsets can be altered as soon as a connector has stopped.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <thread>

#include "world.hpp"

using namespace ch::test;
using ch::cos_emulator::Fault;

namespace {

std::int64_t records_read(const HostProcess& host, const std::string& task) {
  const auto status = host.status(task);
  std::int64_t sum = 0;
  if (!status.is_object()) return -1;
  for (const auto& partition : status.at("partitions")) {
    if (const auto& position = partition.at("position"); position.is_number()) sum += position.get<std::int64_t>();  // null: not read yet
  }
  return sum;
}

// Since when a runner is what it is: a runner that was made anew is so since then.
std::string since(const HostProcess& host, const std::string& task, std::size_t runner = 0) {
  const auto status = host.status(task);
  return status.at("runners").at(runner).at("since").get<std::string>();
}

template <class Act>
std::chrono::milliseconds took(Act&& act) {
  const auto begin = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

json alteration(const std::string& topic, std::int64_t offset) {
  return {{"offsets",
           json::array({{{"partition", {{"kafka_topic", topic}, {"kafka_partition", 0}}}, {"offset", {{"kafka_offset", offset}}}}})}};
}

}  // namespace

TEST_CASE("a restart of a running task makes its runners anew: what is open is read again, and stored once", "[restart]") {
  World world;
  world.admin().create_topic("anew", 2);
  LedgerProducer producer(world.bootstrap(), "anew", Mix{91});
  producer.produce(500, 2);
  producer.flush();
  auto& host = world.host();
  host.start();
  world.create("anew", world.config("anew", {{"rotate.interval.ms", "3600000"}, {"tasks.max", "2"}}));
  REQUIRE(eventually(30s, [&] { return records_read(host, "anew") == 500; }));

  const auto restarted = [&](const std::string& path, int status, std::set<std::size_t> runners) {
    INFO(path);
    const std::string before[] = {since(host, "anew", 0), since(host, "anew", 1)};
    const auto answer = host.post(path, json::object());
    INFO(answer.body);
    CHECK(answer.status == status);
    CHECK(eventually(30s, [&] {
      for (std::size_t i = 0; i < 2; ++i) {
        const auto now = host.status("anew").at("runners").at(i);
        if (now.at("state") != "RUNNING" || (now.at("since") != before[i]) != runners.contains(i)) return false;
      }
      return true;
    }));
    CHECK(eventually(30s, [&] { return records_read(host, "anew") == 500; }));
    CHECK(count_objects(world.bucket()) == 0);
    return answer.json;
  };
  const auto native = restarted("/v1/tasks/anew/restart", 202, {0, 1});
  CHECK(native.at("message").get<std::string>().find("what was open is read again") != std::string::npos);
  const auto connect = restarted("/connectors/anew/restart?includeTasks=true", 202, {0, 1});
  CHECK(connect.at("connector").at("state") == "RESTARTING");
  CHECK(connect.at("tasks").at(1).at("state") == "RESTARTING");
  restarted("/connectors/anew/tasks/1/restart", 204, {1});
  // Nothing has failed, and a connector alone has nothing to restart.
  const auto failed = restarted("/connectors/anew/restart?includeTasks=true&onlyFailed=true", 202, {});
  CHECK(failed.at("tasks").at(0).at("state") == "RUNNING");
  restarted("/connectors/anew/restart", 204, {});
  const auto waited = host.post("/v1/tasks/anew/restart?wait=30s");
  CHECK(waited.status == 200);
  CHECK(waited.json.at("state") == "RUNNING");

  REQUIRE(host.post("/v1/tasks/anew/disable?wait=30s").status == 200);
  CHECK(host.post("/v1/tasks/anew/restart").status == 409);
  const auto report = world.check("anew", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
  CHECK(report.objects == 2);
}

TEST_CASE("restarts at any moment lose nothing and repeat nothing", "[restart]") {
  World world;
  world.admin().create_topic("restarts", 4);
  LedgerProducer producer(world.bootstrap(), "restarts", Mix{92});
  auto& host = world.host();
  host.start();
  world.create("restarts", world.config("restarts", {{"rotate.interval.ms", "200"}, {"tasks.max", "2"}}));
  REQUIRE(world.reaches("restarts", "RUNNING"));
  const std::string ways[] = {"/v1/tasks/restarts/restart", "/connectors/restarts/restart?includeTasks=true",
                              "/connectors/restarts/tasks/0/restart", "/connectors/restarts/tasks/1/restart"};
  for (int round = 0; round < 24; ++round) {
    producer.produce(400, 4);
    std::this_thread::sleep_for(std::chrono::milliseconds(37 * (round % 11)));
    const auto answer = host.post(ways[round % 4], json::object());
    INFO(answer.body);
    CHECK(answer.status < 300);
  }
  producer.flush();
  CHECK(world.drained("restarts", "restarts", 4));
  const auto report = world.check("restarts", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a restart takes up what placeholders stand for now, and where one cannot be resolved the task goes on as it is", "[restart]") {
  World world;
  const auto secrets = world.dir() / "restart.properties";
  std::ofstream(secrets) << "id=AKIDsystemtest\n";
  world.admin().create_topic("placed", 1);
  world.host().start();
  world.create("placed", world.config("placed", {{"cos.secret.id", "${file:" + secrets.string() + ":id}"}}));
  REQUIRE(world.reaches("placed", "RUNNING"));
  const auto before = since(world.host(), "placed");
  std::filesystem::remove(secrets);
  const auto refused = world.host().post("/v1/tasks/placed/restart");
  INFO(refused.body);
  CHECK(refused.status == 422);
  CHECK(refused.json.at("errors").at(0).at("key") == "cos.secret.id");
  CHECK(world.host().post("/connectors/placed/restart?includeTasks=true", json::object()).status == 400);
  CHECK(world.host().state("placed") == "RUNNING");
  CHECK(since(world.host(), "placed") == before);
  std::ofstream(secrets) << "id=AKIDsystemtest\n";
  CHECK(world.host().post("/v1/tasks/placed/restart?wait=30s").status == 200);
  CHECK(since(world.host(), "placed") != before);
}

TEST_CASE("with a COS that answers nothing pause, stop and delete answer within 5 s, and go on behind", "[connect]") {
  World world;
  auto& host = world.host();
  host.start();
  LedgerProducer producer(world.bootstrap(), "hangs", Mix{93});
  world.admin().create_topic("hangs", 1);
  for (const auto* task : {"hangs-stop", "hangs-delete"}) {
    world.create(task, world.config("hangs", {{"object.key.template", "{task}/{partition}-{start_offset}{ext}"}}));
    REQUIRE(world.reaches(task, "RUNNING"));
  }
  Fault fault;
  fault.kind = Fault::Kind::stall;
  fault.times = -1;
  fault.stall_ms = 20000;
  world.cos().add_fault(fault);
  producer.produce(200, 1);
  producer.flush();
  for (const auto* task : {"hangs-stop", "hangs-delete"}) {
    REQUIRE(eventually(30s, [&] {
      return world.admin().committed("connect-" + std::string(task), "hangs", 1).at(0).metadata.find(task) != std::string::npos;
    }));
  }
  const auto within = [&](const std::string& method, const std::string& path, int status) {
    INFO(method << ' ' << path);
    const auto time = took([&] { CHECK(host.request(method, path, json::object()).status == status); });
    CHECK(time < 5000ms);
  };
  within("PUT", "/connectors/hangs-stop/pause", 202);
  within("PUT", "/connectors/hangs-stop/resume", 202);
  within("PUT", "/connectors/hangs-stop/stop", 204);
  within("PUT", "/connectors/hangs-stop/pause", 202);  // while it is stopping
  within("PUT", "/connectors/hangs-stop/stop", 204);
  within("DELETE", "/connectors/hangs-delete", 204);
  CHECK(host.get("/connectors/hangs-stop/status").json.at("connector").at("state") == "RUNNING");
  CHECK(host.state("hangs-stop") != "DISABLED");
  CHECK(host.get("/connectors/hangs-delete").status == 200);
  const auto deleted = host.get("/v1/tasks/hangs-delete/status").json;
  CHECK(deleted.at("state") == "STOPPING");
  CHECK(deleted.at("deleting") == true);
  CHECK(host.get("/v1/tasks/hangs-stop/status").json.at("deleting") == false);
  world.cos().clear_faults();
  CHECK(world.reaches("hangs-stop", "DISABLED", 60s));
  CHECK(eventually(60s, [&] { return host.get("/connectors/hangs-delete").status == 404; }));
  CHECK(host.get("/connectors/hangs-stop/status").json.at("connector").at("state") == "STOPPED");
  CHECK(world.admin().lag("connect-hangs-stop", "hangs", 1) == 0);
  CHECK(world.admin().lag("connect-hangs-delete", "hangs", 1) == 0);
}

TEST_CASE(
    "offsets can be altered as soon as a connector has stopped, however long its sessions, and while others are in the group they are "
    "named",
    "[connect]") {
  World world;
  world.admin().create_topic("prompt", 1);
  LedgerProducer producer(world.bootstrap(), "prompt", Mix{94});
  producer.produce(300, 1);
  producer.flush();
  auto& host = world.host();
  host.start();
  const auto config = world.config("prompt", {{"consumer.override.session.timeout.ms", "30000"}});
  world.create("prompt", config);
  REQUIRE(world.drained("prompt", "prompt", 1));
  REQUIRE(host.request("PUT", "/connectors/prompt/stop", json::object()).status == 204);
  const auto time = took([&] {
    const auto altered = host.request("PATCH", "/connectors/prompt/offsets", alteration("prompt", 100));
    INFO(altered.body);
    CHECK(altered.status == 200);
  });
  CHECK(time < 5000ms);

  const auto second = world.another_host();
  second->start();
  REQUIRE(second->post("/v1/tasks", {{"name", "prompt"}, {"config", world.config("prompt")}}).status == 201);
  REQUIRE(eventually(30s, [&] { return second->state("prompt") == "RUNNING"; }));
  REQUIRE(host.request("PATCH", "/connectors/prompt/config", {{"consumer.override.session.timeout.ms", nullptr}}).status == 200);
  const auto refused = host.request("PATCH", "/connectors/prompt/offsets", alteration("prompt", 0));
  INFO(refused.body);
  CHECK(refused.status == 500);
  const auto message = refused.json.at("message").get<std::string>();
  CHECK(message.find("zombie sink task") != std::string::npos);
  CHECK(message.find("connector-consumer-prompt-0 at /127.0.0.1") != std::string::npos);
  CHECK(message.find("a runner of this host that died") == std::string::npos);
  REQUIRE(second->post("/v1/tasks/prompt/disable?wait=30s").status == 200);
  CHECK(host.request("PATCH", "/connectors/prompt/offsets", alteration("prompt", 0)).status == 200);
}
