// CKafka's API as the emulator gives it, which was written apart from what asks it here.
#include "ckafka/instance.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "ckafka/errors.hpp"
#include "cos_emulator/emulator.hpp"

using namespace ch;
using namespace std::chrono_literals;
using ch::cos_emulator::Emulator;

namespace {

struct World {
  std::filesystem::path dir;
  std::unique_ptr<Emulator> emulator;
  cloud::Credentials keys{"AKIDreader", "reader-secret", ""};

  World() {
    static int count = 0;
    dir = std::filesystem::temp_directory_path() / ("ckafka-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(dir);
    cos_emulator::Options options;
    options.dir = dir;
    options.buckets = {"unused-1250000000"};
    options.access = {{"AKIDreader", {"reader-secret", "", {}}}, {"AKIDtemporary", {"temporary-secret", "tok/en+==", {}}}};
    emulator = std::make_unique<Emulator>(options);
    emulator->add_ckafka_instance("ckafka-1", {{"orders", "topic-aaaa1111"}});
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    emulator.reset();
    std::filesystem::remove_all(dir);
  }
  std::unique_ptr<ckafka::Instance> instance(const std::string& id = "ckafka-1", const std::string& endpoint = "") const {
    ckafka::InstanceOptions options;
    options.id = id;
    options.region = "ap-guangzhou";
    options.endpoint = endpoint.empty() ? emulator->origin() : endpoint;
    options.keys = [this]() -> Result<cloud::Credentials> { return keys; };
    options.ask_again = 20ms;
    options.wanted_for = 10s;
    return std::make_unique<ckafka::Instance>(std::move(options));
  }
};

template <class Condition>
bool soon(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(5ms)) {
    if (condition()) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("CKafka tells the id of a topic, whatever our clock says, also to temporary keys") {
  World world;
  world.emulator->set_clock_offset_ms(GENERATE(0, -1800000, 1800000));
  const auto id = world.instance()->topic_id("orders");
  INFO((id.trouble ? id.trouble->message : ""));
  CHECK_FALSE(id.trouble);
  CHECK(id.value == "topic-aaaa1111");
  world.keys = {"AKIDtemporary", "temporary-secret", "tok/en+=="};
  CHECK(world.instance()->topic_id("orders").value == "topic-aaaa1111");
}

TEST_CASE("what CKafka's API refuses is told, with its request id and what to do, and no secret") {
  World world;
  std::string id = "ckafka-1", endpoint, topic = "orders", reason = "ckafka_error", part;
  SECTION("an instance that it does not know") {
    id = "ckafka-2";
    part = "called in `instances`";
  }
  SECTION("a topic that it does not know") {
    topic = "bills";
    part = "ResourceNotFound";
  }
  SECTION("a wrong secret") {
    world.keys.secret_key = "hunter2hunter2";
    reason = "credentials_refused";
    part = "ckafka.api.secret.id";
  }
  SECTION("an unknown key") {
    world.keys.secret_id = "AKIDnobody";
    reason = "credentials_refused";
    part = "SecretIdNotFound";
  }
  SECTION("a fault") {
    cos_emulator::Fault fault;
    fault.operation = "ckafka";
    fault.status = 500;
    fault.code = "InternalError";
    world.emulator->add_fault(fault);
    part = "it is asked again";
  }
  SECTION("nobody answers") {
    endpoint = "http://127.0.0.1:1";
    part = "ckafka.api.endpoint";
  }
  const auto answer = world.instance(id, endpoint)->topic_id(topic);
  REQUIRE(answer.trouble);
  INFO(answer.trouble->message << " | " << answer.trouble->remedy);
  CHECK(answer.trouble->reason == reason);
  CHECK((answer.trouble->message + answer.trouble->remedy).find(part) != std::string::npos);
  CHECK(answer.trouble->message.find(endpoint.empty() ? "request id" : "no answer") != std::string::npos);
  CHECK((answer.trouble->message + answer.trouble->remedy).find("hunter2") == std::string::npos);
}

TEST_CASE("isolation and renewal are told without blocking, and nothing is asked when nobody wants to know") {
  World world;
  const auto instance = world.instance();
  const auto asked = [&] { return world.emulator->counters().requests["ckafka"]; };
  std::this_thread::sleep_for(100ms);
  CHECK(asked() == 0);
  CHECK_FALSE(instance->isolation());
  CHECK(soon([&] { return asked() > 0; }));
  CHECK_FALSE(instance->isolation());

  world.emulator->set_ckafka_status("ckafka-1", 5, 1700000000);
  CHECK(soon([&] { return instance->isolation().has_value(); }));
  const auto isolated = instance->isolation();
  REQUIRE(isolated);
  CHECK(isolated->reason == "instance_isolated");
  CHECK(isolated->message.find("ckafka-1 is isolated (status 5): it expired at 2023-11-14T22:13:20.000Z") != std::string::npos);
  CHECK(isolated->remedy.find("Renew") != std::string::npos);

  world.emulator->set_access({});  // what is known stays known while the API does not answer
  const auto before = asked();
  CHECK(soon([&] { return asked() > before + 2; }));
  CHECK(instance->isolation());
  world.emulator->set_access({{"AKIDreader", {"reader-secret", "", {}}}});
  world.emulator->set_ckafka_status("ckafka-1", 1);
  CHECK(soon([&] { return !instance->isolation(); }));
  world.emulator->set_ckafka_status("ckafka-1", 3);
  CHECK(soon([&] { return instance->isolation() && instance->isolation()->message.find("is deleted") != std::string::npos; }));
}

TEST_CASE("every code of CKafka's API has its meaning") {
  struct Row {
    std::string code, reason;
  };
  // errorcodes.py of Tencent's SDK for ckafka 2019-08-19, and codes that every API of the cloud may give.
  const std::vector<Row> rows = {
      {"AuthFailure", "credentials_refused"},
      {"AuthFailure.SecretIdNotFound", "credentials_refused"},
      {"AuthFailure.SignatureFailure", "credentials_refused"},
      {"AuthFailure.TokenFailure", "credentials_expired"},
      {"AuthFailure.SignatureExpire", "ckafka_error"},
      {"AuthFailure.UnauthorizedOperation", "access_denied"},
      {"UnauthorizedOperation", "access_denied"},
      {"OperationDenied", "access_denied"},
      {"DryRunOperation", "ckafka_error"},
      {"FailedOperation", "ckafka_error"},
      {"InternalError", "ckafka_error"},
      {"InvalidParameter", "ckafka_error"},
      {"InvalidParameterValue", "ckafka_error"},
      {"InvalidParameterValue.InstanceNotExist", "ckafka_error"},
      {"InvalidParameterValue.WrongAction", "ckafka_error"},
      {"InvalidParameterValue.NotAllowedEmpty", "ckafka_error"},
      {"RequestLimitExceeded", "ckafka_error"},
      {"ResourceInUse", "ckafka_error"},
      {"ResourceNotFound", "ckafka_error"},
      {"ResourceUnavailable", "ckafka_error"},
      {"UnknownParameter", "ckafka_error"},
      {"UnsupportedOperation", "ckafka_error"},
      {"UnsupportedOperation.OssReject", "ckafka_error"},
      {"SomethingNew", "ckafka_error"},
      {"", "ckafka_error"},
  };
  for (const auto& row : rows) {
    INFO(row.code);
    cloud::ApiAnswer answer;
    answer.answer.status = 200;
    answer.error = {row.code, "Something.", "req-1"};
    const auto trouble = ckafka::trouble_of(answer, "DescribeTopicAttributes of orders");
    CHECK(trouble.reason == row.reason);
    CHECK(trouble.message.find("request id req-1") != std::string::npos);
    CHECK_FALSE(trouble.remedy.empty());
  }
  for (const auto& rule : ckafka::rules()) CHECK_FALSE(rule.remedy.empty());
}
