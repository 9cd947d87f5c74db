#include "config/overrides.hpp"

#include <catch2/catch.hpp>
#include <embedded/ch_schemas.hpp>
#include <string>

using ch::config::check_overrides;

namespace {

std::vector<ch::KeyProblem> problems_of(const std::string& property, const std::string& value) {
  return check_overrides({{"consumer.override." + property, value}});
}

}  // namespace

// What ends or replaces things inside librdkafka, what exactly-once depends on, what belongs to the instance, and what nobody has
// heard of yet.
TEST_CASE("a property that is not in the table is refused by name, without its value") {
  const std::string refused[] = {"internal.termination.signal",
                                 "test.mock.num.brokers",
                                 "debug",
                                 "receive.message.max.bytes",
                                 "queued.max.messages.kbytes",
                                 "queued.min.messages",
                                 "group.id",
                                 "group.instance.id",
                                 "client.id",
                                 "enable.auto.commit",
                                 "auto.commit.enable",
                                 "enable.auto.offset.store",
                                 "auto.offset.reset",
                                 "enable.partition.eof",
                                 "isolation.level",
                                 "partition.assignment.strategy",
                                 "group.protocol",
                                 "bootstrap.servers",
                                 "metadata.broker.list",
                                 "security.protocol",
                                 "sasl.password",
                                 "ssl.ca.location",
                                 "ssl_key",
                                 "plugin.library.paths",
                                 "rebalance_cb",
                                 "statistics.interval.ms",
                                 "allow.auto.create.topics",
                                 "topic.blacklist",
                                 "resolve_cb",
                                 "a.property.of.the.next.version"};
  for (const auto& property : refused) {
    INFO(property);
    const auto problems = problems_of(property, "hunter2");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "consumer.override." + property);
    CHECK(problems[0].value.empty());
    CHECK(problems[0].message.size() > 20);
    CHECK(problems[0].message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a refusal says what would be right") {
  const auto says = [](const std::string& property, const std::string& what) {
    INFO(property);
    CHECK_THAT(problems_of(property, "1").at(0).message, Catch::Contains(what));
  };
  says("fetch.max.byte", "did you mean consumer.override.fetch.max.bytes?");
  says("sasl.username", "in the instance");
  says("auto.offset.reset", "start.position");
  says("queued.max.messages.kbytes", "buffer.memory");
  says("max.poll.records", "buffer.memory");
  says("internal.termination.signal", "fetch.min.bytes");  // the list of all
  says("internal.termination.signal", "topic.metadata.refresh.interval.ms");
}

TEST_CASE("what is in the table may be set within its bounds") {
  CHECK(check_overrides({{"consumer.override.fetch.message.max.bytes", "1048576"},
                         {"consumer.override.session.timeout.ms", "6000"},
                         {"consumer.override.client.rack", "a"},
                         {"consumer.override.check.crcs", "true"},
                         {"consumer.override.topic.metadata.refresh.interval.ms", "1000"},
                         {"consumer.override.socket.keepalive.enable", "false"},
                         {"group.id", "not an override"},
                         {"topics", "a"}})
            .empty());
  CHECK(check_overrides({{"a", ""}, {"consumer.override.group.id", "x"}, {"consumer.override.sasl.username", "x"}, {"z", ""}}).size() == 2);
  for (const auto& [property, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"fetch.max.bytes", "16777217"},
                                                                  {"fetch.max.bytes", "1GiB"},
                                                                  {"fetch.max.bytes", "-1"},
                                                                  {"fetch.min.bytes", "99999999999999999999"},
                                                                  {"session.timeout.ms", "0"},
                                                                  {"session.timeout.ms", "ten"},
                                                                  {"session.timeout.ms", ""},
                                                                  {"topic.metadata.refresh.interval.ms", "-1"},
                                                                  {"reconnect.backoff.ms", "0"},
                                                                  {"check.crcs", "yes"},
                                                                  {"client.rack", ""}}) {
    INFO(property << " = " << value);
    const auto problems = problems_of(property, value);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].value == value);
    CHECK_THAT(problems[0].message, Catch::StartsWith("must"));
  }
  CHECK(problems_of("session.timeout.ms", "0")[0].message == "must be a whole number from 1000 to 1800000");
}

TEST_CASE("the schema's description, which is the documentation, names every property of the table") {
  const std::string_view schema = ch::schemas::task_schema_json;
  for (const auto& allowed : ch::config::allowed_overrides()) {
    INFO(allowed.property);
    CHECK(schema.find(" " + std::string(allowed.property)) != std::string_view::npos);
  }
}
