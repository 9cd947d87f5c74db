// Making and enabling a task try out what it may do: what is wrong is told at once, with a policy to paste, and refuses
// nothing; when it is mended the warning goes.
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr std::chrono::seconds kHealLimit{90};

std::string warnings(World& world, const std::string& task) { return world.host().status(task).at("warnings").dump(); }

bool warned(World& world, const std::string& task, const std::string& part) {
  const bool found = eventually(20s, [&] { return warnings(world, task).find(part) != std::string::npos; });
  if (!found) UNSCOPED_INFO(warnings(world, task) << "\n" << world.host().log_end());
  return found;
}

// An event is kept behind what it tells of.
bool told(World& world, const std::string& task, const std::string& part) {
  return eventually(20s, [&] { return world.host().get("/v1/tasks/" + task + "/events").body.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("what a task may not do is told when it is made and enabled, and no more when it is mended", "[preflight]") {
  World world;
  auto& host = world.host();
  host.start();
  world.admin().create_topic("tried", 1);
  LedgerProducer producer(world.bootstrap(), "tried", Mix{91});
  producer.produce(100, 1);
  producer.flush();
  const std::string policy = R"({\"version\":\"2.0\",\"statement\":[{\"effect\":\"allow\",\"action\":[\"name/cos:UploadPart\"],)";

  world.cos().set_denied("upload_part", true);  // which small objects do not show
  const auto made = host.post("/v1/tasks", {{"name", "tried"}, {"config", world.config("tried")}});
  CHECK(made.status == 201);
  CHECK(made.json.at("status").at("warnings").is_array());
  CHECK(warned(world, "tried", policy));
  CHECK(world.drained("tried", "tried", 1));  // it stores all the same
  CHECK(told(world, "tried", "\"preflight\""));
  CHECK(told(world, "tried", policy));
  world.cos().set_denied("upload_part", false);
  CHECK(host.post("/v1/tasks/tried/restart", json::object()).status == 202);
  CHECK(eventually(20s, [&] { return warnings(world, "tried") == "[]"; }));
  CHECK(told(world, "tried", "nothing is wrong any more"));

  // A task that is not enabled has nobody else who would find out about the topic.
  world.cos().remove_bucket(World::kBucket);
  auto config = world.config("not-there");
  world.create("resting", config, false);
  CHECK(warned(world, "resting", "create bucket archive-1250000000"));
  CHECK(warned(world, "resting", "does not exist in instance"));
  world.cos().add_bucket(World::kBucket);
  world.admin().create_topic("not-there", 1);
  CHECK(host.post("/v1/tasks/resting/enable", json::object()).status == 202);
  CHECK(eventually(20s, [&] { return warnings(world, "resting") == "[]"; }));
  CHECK(world.reaches("resting", "RUNNING", kHealLimit));

  config["cos.region"] = "ap-beijing";  // the bucket is in another one
  config["cos.cross.region.allowed"] = "true";
  CHECK(host.request("PUT", "/v1/tasks/resting", {{"config", config}}).status == 200);
  CHECK(warned(world, "resting", "is not the region of bucket archive-1250000000: set it to ap-guangzhou"));

  // COS is away: the answer does not wait for it, and nothing is refused.
  world.stop_cos();
  world.admin().create_topic("away", 1);
  const auto begin = std::chrono::steady_clock::now();
  world.create("away", world.config("away"));
  CHECK(std::chrono::steady_clock::now() - begin < 15s);
  CHECK(warned(world, "away", "HEAD of the bucket is refused"));
  world.start_cos();
  CHECK(host.post("/v1/tasks/away/restart", json::object()).status == 202);
  CHECK(eventually(20s, [&] { return warnings(world, "away") == "[]"; }));
  CHECK(world.check("tried", producer.ledger()).ok());
  for (const auto& entry : std::filesystem::directory_iterator(world.bucket() / "objects"))
    CHECK(entry.path().string().find("preflight") == std::string::npos);
}
