// Temporary keys that live 20 s, renewed while records are stored without a pause: no request is signed with dead ones.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr std::int64_t kLifeSeconds = 20;
constexpr std::int32_t kPartitions = 3;

// How long is written: CH_TEST_RENEWAL_SECONDS, else what CI has time for.
std::chrono::seconds written_for() {
  const char* text = std::getenv("CH_TEST_RENEWAL_SECONDS");
  return std::chrono::seconds(text == nullptr ? 60 : std::atoi(text));
}

}  // namespace

TEST_CASE("keys that live 20 s are renewed under load, and no request fails", "[renewal]") {
  World world;
  world.cos().add_role("archiver", kLifeSeconds);
  world.host().start();
  const std::vector<std::string> names = {"renewal-single", "renewal-parts"};  // PUTs alone, and multipart uploads
  std::vector<std::unique_ptr<LedgerProducer>> producers;
  for (const auto& name : names) {
    world.admin().create_topic(name, kPartitions);
    producers.push_back(std::make_unique<LedgerProducer>(world.bootstrap(), name, Mix{71 + producers.size()}));
    json config = {{"cos.credentials", "assume-role"}, {"cos.role.name", "archiver"}, {"sts.endpoint", world.cos().origin()}};
    if (name == "renewal-parts") config.update({{"part.bytes", "1MiB"}, {"rotate.interval.ms", "5000"}, {"rotate.bytes", "8MiB"}});
    world.create(name, world.config(name, config));
  }
  for (const auto& name : names) REQUIRE(world.reaches(name, "RUNNING"));

  const auto time = written_for();
  for (const auto end = std::chrono::steady_clock::now() + time; std::chrono::steady_clock::now() < end;) {
    producers[0]->produce(30, kPartitions);
    producers[1]->produce(6000, kPartitions);
    for (const auto& producer : producers) producer->flush();
    std::this_thread::sleep_for(50ms);
    for (const auto& name : names) CHECK(world.host().state(name) == "RUNNING");
  }
  std::uint64_t records = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    REQUIRE(world.drained(names[i], names[i], kPartitions));
    const auto report = world.check(names[i], producers[i]->ledger());
    INFO(report.summary());
    CHECK(report.ok());
    records += report.records;
    const auto events = world.host().get("/v1/tasks/" + names[i] + "/events?limit=1000").body;
    CHECK(events.find("\"interrupted\"") == std::string::npos);
    CHECK(events.find("\"failed\"") == std::string::npos);
  }
  auto counters = world.cos().counters();
  CHECK(counters.requests["upload_part"] > 0);
  counters.codes.erase("NoSuchKey");  // of looks at what is not stored yet
  for (const auto& [code, count] : counters.codes) FAIL_CHECK(count << " requests were answered with " << code);
  const auto issued = world.cos().issued().size();
  CHECK(issued >= static_cast<std::size_t>(time.count() / kLifeSeconds));
  figure(fmt::format("renewal: {} s of writing with keys of {} s: {} keys issued, {} PUTs, {} parts, {} records, none refused",
                     time.count(), kLifeSeconds, issued, counters.requests["put"], counters.requests["upload_part"], records));
}
