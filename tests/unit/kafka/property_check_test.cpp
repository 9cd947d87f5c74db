#include "kafka/property_check.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "config/overrides.hpp"

using namespace ch::kafka;

namespace {

std::string message(const std::vector<ch::KeyProblem>& problems, const std::string& key) {
  for (const auto& problem : problems) {
    if (problem.key == key) return problem.message;
  }
  return "";
}

std::vector<ch::KeyProblem> refused(const Properties& overrides, std::uint64_t memory = 8 << 20, const Properties& cluster = {}) {
  ConsumerSettings settings;
  settings.overrides = overrides;
  settings.fetch_memory = memory;
  settings.cluster = cluster;
  return refused_overrides(settings);
}

}  // namespace

TEST_CASE("properties: unknown ones, wrong values and what was not built in are told, without values") {
  const auto problems = refused_properties({{"bootstrap.servers", "127.0.0.1:1"},
                                            {"security.protcol", "hunter2"},
                                            {"session.timeout.ms", "soon"},
                                            {"heartbeat.interval.ms", "99999999"},
                                            {"wholly.unknown", "hunter2"},
                                            {"fetch.wait.max.ms", "100"}});
  CHECK(problems.size() == 4);
  CHECK_THAT(message(problems, "security.protcol"), Catch::Contains("did you mean security.protocol?"));
  CHECK_THAT(message(problems, "session.timeout.ms"), Catch::Contains("session.timeout.ms"));
  CHECK_THAT(message(problems, "heartbeat.interval.ms"), Catch::Contains("outside allowed range"));
  CHECK_THAT(message(problems, "wholly.unknown"), Catch::Contains("has no such property"));
  for (const auto& problem : problems) {
    CHECK(problem.value.empty());
    CHECK(problem.message.find("hunter2") == std::string::npos);
    CHECK(problem.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("properties: what would reach beyond the client is refused before librdkafka hears of it") {
  const auto problems = refused_properties({{"internal.termination.signal", "9"}, {"plugin.library.paths", "/nowhere/a.so"}});
  CHECK(problems.size() == 2);
  CHECK_THAT(message(problems, "internal.termination.signal"), Catch::Contains("whole process"));
  CHECK_THAT(message(problems, "plugin.library.paths"), Catch::Contains("loads code"));
}

TEST_CASE("properties together: what no client can be made of is told, and a file that is not there") {
  CHECK(refused_together({{"bootstrap.servers", "127.0.0.1:1"}}).empty());
  CHECK_THAT(refused_together({{"max.poll.interval.ms", "5000"}}), Catch::Contains("max.poll.interval.ms"));
  CHECK_THAT(refused_together({{"security.protocol", "ssl"}, {"ssl.ca.location", "/nowhere/ca.pem"}}), Catch::Contains("ssl.ca.location"));
}

TEST_CASE("overrides: an answer of a broker stays within the task's memory") {
  CHECK(refused({{"fetch.max.bytes", "4194304"}}).empty());
  CHECK_THAT(message(refused({{"fetch.max.bytes", "4194305"}}), "fetch.max.bytes"),
             Catch::Contains("at most 4194304") && Catch::Contains("buffer.memory"));
  CHECK_THAT(message(refused({{"max.partition.fetch.bytes", "4194305"}}), "max.partition.fetch.bytes"), Catch::Contains("at most"));
  CHECK_THAT(message(refused({{"fetch.message.max.bytes", "4194305"}}), "fetch.message.max.bytes"), Catch::Contains("at most"));
  CHECK(refused({{"max.partition.fetch.bytes", "4194305"}}, 64 << 20).empty());
}

TEST_CASE("overrides: what does not go together is refused under the task's key") {
  CHECK_THAT(message(refused({{"session.timeout.ms", "2000"}}), "session.timeout.ms"), Catch::Contains("heartbeat.interval.ms (3000)"));
  CHECK(refused({{"session.timeout.ms", "2000"}, {"heartbeat.interval.ms", "400"}}).empty());
  CHECK_THAT(message(refused({{"session.timeout.ms", "600000"}}), "session.timeout.ms"), Catch::Contains("max.poll.interval.ms (300000)"));
  CHECK_THAT(message(refused({{"reconnect.backoff.ms", "30000"}}), "reconnect.backoff.ms"),
             Catch::Contains("reconnect.backoff.max.ms (5000)"));
  CHECK_THAT(message(refused({{"reconnect.backoff.max.ms", "50"}}), "reconnect.backoff.max.ms"),
             Catch::Contains("reconnect.backoff.ms (100)"));
  CHECK_THAT(message(refused({{"heartbeat.interval.ms", "7000"}}, 8 << 20, {{"session.timeout.ms", "6000"}}), "heartbeat.interval.ms"),
             Catch::Contains("session.timeout.ms (6000)"));
  CHECK(refused({{"client.rack", "a"}}, 8 << 20, {{"session.timeout.ms", "1000"}}).empty());  // the instance's own fault
}

// The table of what a task may set names what this librdkafka has, with bounds that it takes.
TEST_CASE("overrides: librdkafka takes every property of the table, at both ends") {
  for (const auto& allowed : ch::config::allowed_overrides()) {
    const std::string property(allowed.property);
    INFO(property);
    if (allowed.kind == ch::config::AllowedOverride::Kind::truth) {
      CHECK(refused_properties({{property, "true"}}).empty());
      CHECK(refused_properties({{property, "false"}}).empty());
    } else if (allowed.kind == ch::config::AllowedOverride::Kind::text) {
      CHECK(refused_properties({{property, std::string(static_cast<std::size_t>(allowed.most), 'x')}}).empty());
    } else {
      CHECK(allowed.least < allowed.most);
      CHECK(refused_properties({{property, std::to_string(allowed.least)}}).empty());
      CHECK(refused_properties({{property, std::to_string(allowed.most)}}).empty());
    }
  }
  CHECK(ch::config::allowed_overrides().size() >= 15);
}
