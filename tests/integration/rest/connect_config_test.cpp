// Configurations over Kafka Connect's paths and /v1, with the real connector: what is shown, validated, and kept as it is.
#include "connect_worker.hpp"

using namespace ch::tests;
using nlohmann::json;

namespace {

// Tasks that are not enabled: nothing of them runs.
struct Sinks : Worker {
  Sinks() : Worker({}, CH_CONNECTORS) {}

  static json config(const json& other = json::object()) {
    json out = {{"topics", "orders"}, {"cos.bucket", "archive-1250000000"}, {"cos.secret.id", "AKIDx"}, {"cos.secret.key", "first"}};
    out.merge_patch(other);
    return out;
  }
  void create(const json& config) {
    INFO(config.dump());
    REQUIRE(call("POST /connectors", json{{"name", "a"}, {"config", config}, {"initial_state", "STOPPED"}}.dump()) == 201);
  }
  int validate(const json& config) {
    const auto status = call("PUT /connector-plugins/cos-sink/config/validate", config.dump());
    INFO(last);
    return status;
  }
  json of(const std::string& key) const {
    for (const auto& one : answer.at("configs")) {
      if (one.at("value").at("name") == key) return one;
    }
    return nullptr;
  }
  std::string kept(const std::string& key) {
    const auto tasks = service.store().tasks();
    REQUIRE(tasks);
    REQUIRE(tasks->size() == 1);
    return tasks->front().config.at(key);
  }
};

constexpr const char* kMask = "********";

}  // namespace

TEST_CASE("connect: every configuration names its class, also of a task that was made without one") {
  Sinks worker;
  worker.create(worker.config());
  CHECK(worker.answer.at("config").at("connector.class") == "cos-sink");
  worker.call("GET /connectors/a");
  CHECK(worker.answer.at("config").at("connector.class") == "cos-sink");
  worker.call("GET /connectors/a/config");
  CHECK(worker.answer.at("connector.class") == "cos-sink");
  worker.call("GET /connectors?expand=info");
  CHECK(worker.answer.at("a").at("info").at("config").at("connector.class") == "cos-sink");
  worker.call("GET /v1/tasks/a");
  CHECK_FALSE(worker.answer.at("config").contains("connector.class"));  // as it was given
}

TEST_CASE("connect: validate answers 200 for whatever a form sends, and every key has a definition") {
  Sinks worker;
  REQUIRE(worker.validate(worker.config({{"connector.class", "cos-sink"}, {"name", "b"}})) == 200);
  CHECK(worker.answer.at("error_count") == 0);
  // A form sends null for what was left empty: a key that there is, and one that there is not.
  auto form = worker.config({{"connector.class", "cos-sink"}, {"name", "b"}});
  form["cos.acl"] = nullptr;
  form["surprise"] = nullptr;
  REQUIRE(worker.validate(form) == 200);
  CHECK(worker.answer.at("error_count") == 0);
  REQUIRE(worker.validate(worker.config(
              {{"connector.class", "cos-sink"}, {"cos.buckt", "x"}, {"consumer.override.fetch.max.bytes", "1048576"}})) == 200);
  CHECK(worker.of("cos.buckt").at("value").at("errors").at(0) == "is not a known key; did you mean cos.bucket?");
  CHECK(worker.of("consumer.override.fetch.max.bytes").at("value").at("errors").empty());
  CHECK(worker.of("consumer.override.fetch.max.bytes").at("value").at("value") == "1048576");
  for (const auto& one : worker.answer.at("configs")) {
    INFO(one.dump());
    REQUIRE(one.at("definition").is_object());
    CHECK(one.at("definition").at("name") == one.at("value").at("name"));
    const auto& groups = worker.answer.at("groups");
    CHECK(std::find(groups.begin(), groups.end(), one.at("definition").at("group")) != groups.end());
  }
  REQUIRE(worker.validate(worker.config({{"connector.class", "cos-sink"}, {"name", "b"}, {"topics.regex", "a.*"}})) == 200);
  CHECK(worker.answer.at("error_count") == 2);
  CHECK(worker.of("topics").at("value").at("errors").size() == 1);
  CHECK(worker.of("topics.regex").at("value").at("errors").size() == 1);
}

TEST_CASE("connect: a secret that comes back masked stays as it is") {
  Sinks worker;
  worker.create(worker.config());
  worker.call("GET /connectors/a/config");
  auto edited = worker.answer;
  REQUIRE(edited.at("cos.secret.key") == kMask);
  edited["topics"] = "invoices";
  REQUIRE(worker.validate(edited) == 200);
  CHECK(worker.answer.at("error_count") == 0);
  REQUIRE(worker.call("PUT /connectors/a/config", edited.dump()) == 200);
  CHECK(worker.kept("cos.secret.key") == "first");
  CHECK(worker.kept("topics") == "invoices");
  REQUIRE(worker.call("PATCH /connectors/a/config", json{{"cos.secret.key", kMask}, {"topics", "parcels"}}.dump()) == 200);
  CHECK(worker.kept("cos.secret.key") == "first");
  CHECK(worker.kept("topics") == "parcels");
  REQUIRE(worker.call("PUT /v1/tasks/a", json{{"config", edited}}.dump()) == 422);  // `name` is no key there
  edited.erase("name");
  REQUIRE(worker.call("PUT /v1/tasks/a", json{{"config", edited}}.dump()) == 200);
  CHECK(worker.kept("cos.secret.key") == "first");
  CHECK(worker.call("PATCH /v1/tasks/a", json{{"config", {{"cos.secret.key", kMask}}}}.dump()) == 200);
  CHECK(worker.kept("cos.secret.key") == "first");
  CHECK(worker.call("POST /v1/validate", json{{"name", "a"}, {"config", edited}}.dump()) == 200);
  CHECK(worker.answer.at("valid") == true);
  // A new one is taken.
  REQUIRE(worker.call("PATCH /connectors/a/config", json{{"cos.secret.key", "second"}}.dump()) == 200);
  CHECK(worker.kept("cos.secret.key") == "second");
}

TEST_CASE("connect: a mask where nothing is kept is refused by its key") {
  Sinks worker;
  const auto masked = Sinks::config({{"cos.secret.key", kMask}});
  CHECK(worker.call("POST /connectors", json{{"name", "a"}, {"config", masked}}.dump()) == 400);
  CHECK(worker.message().find("configuration cos.secret.key: stands for a value that is kept as it is, but there is none yet") !=
        std::string::npos);
  CHECK(worker.call("PUT /v1/tasks/a", json{{"config", masked}}.dump()) == 422);
  CHECK(worker.answer.at("errors").at(0).at("key") == "cos.secret.key");
  worker.create(worker.config());
  CHECK(worker.call("PATCH /connectors/a/config", json{{"cos.session.token", kMask}}.dump()) == 400);
  CHECK(worker.message().find("cos.session.token") != std::string::npos);
}

// As another host that shares the store will do it.
TEST_CASE("a task that somebody else makes, changes or removes in the store is shown as it is there") {
  Sinks worker;
  worker.create(worker.config());
  auto record = worker.service.store().tasks()->front();
  record.config["topics"] = "payments";
  REQUIRE(worker.service.store().put_task(record));
  REQUIRE(worker.call("GET /v1/tasks/a") == 200);
  CHECK(worker.answer.at("config").at("topics") == "payments");
  // What is patched is what is there now.
  REQUIRE(worker.call("PATCH /v1/tasks/a", R"({"config":{"time.granularity.minutes":"10"}})") == 200);
  CHECK(worker.kept("topics") == "payments");
  CHECK(worker.kept("time.granularity.minutes") == "10");
  record.name = "b";
  record.version = 0;
  REQUIRE(worker.service.store().put_task(record));
  CHECK(worker.call("GET /v1/tasks/b") == 200);
  CHECK(worker.call("POST /connectors", json{{"name", "b"}, {"config", worker.config()}}.dump()) == 409);
  REQUIRE(worker.service.store().remove_task("b"));
  CHECK(worker.call("POST /connectors", json{{"name", "b"}, {"config", worker.config()}, {"initial_state", "STOPPED"}}.dump()) == 201);
  CHECK(worker.call("GET /v1/tasks/b") == 200);
}

TEST_CASE("validate of a task that exists names the keys that would change, and tells secrets apart without showing them") {
  Sinks worker;
  worker.create(worker.config());
  const auto changes = [&](const json& other) {
    REQUIRE(worker.call("POST /v1/validate", json{{"name", "a"}, {"config", worker.config(other)}}.dump()) == 200);
    CHECK(worker.last.find("first") == std::string::npos);
    return worker.answer.at("changes");
  };
  CHECK(changes(json::object()) == json::array());
  CHECK(changes({{"cos.secret.key", kMask}}) == json::array());
  CHECK(changes({{"cos.secret.key", "second"}, {"rotate.bytes", "5"}}) == json({"cos.secret.key", "rotate.bytes"}));
  REQUIRE(worker.call("POST /v1/validate", json{{"name", "new"}, {"config", worker.config()}}.dump()) == 200);
  CHECK_FALSE(worker.answer.contains("changes"));
}
