#include "config/overrides.hpp"

#include <catch2/catch.hpp>
#include <string>

using ch::config::check_overrides;

TEST_CASE("what exactly-once depends on, and what belongs to the instance, cannot be overridden") {
  const char* const refused[] = {"group.id",
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
                                 "group.remote.assignor",
                                 "bootstrap.servers",
                                 "metadata.broker.list",
                                 "security.protocol",
                                 "sasl.password",
                                 "sasl.oauthbearer.config",
                                 "ssl.ca.location",
                                 "ssl_key",
                                 "ssl.engine.location",
                                 "plugin.library.paths",
                                 "rebalance_cb",
                                 "ssl.certificate.verify_cb",
                                 "oauthbearer_token_refresh_cb",
                                 "opaque",
                                 "enable.ssl.certificate.verification",
                                 "offset.store.method",
                                 "statistics.interval.ms",
                                 "allow.auto.create.topics",
                                 "topic.blacklist"};
  for (const std::string property : refused) {
    INFO(property);
    const auto problems = check_overrides({{"consumer.override." + property, "hunter2"}});
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "consumer.override." + property);
    CHECK(problems[0].value.empty());
    CHECK(problems[0].message.size() > 20);
  }
  CHECK_THAT(check_overrides({{"consumer.override.ssl.engine.location", "x"}})[0].message, Catch::Contains("code"));
  CHECK_THAT(check_overrides({{"consumer.override.sasl.username", "x"}})[0].message, Catch::Contains("instance"));
}

TEST_CASE("everything else may be overridden") {
  CHECK(check_overrides({{"consumer.override.fetch.message.max.bytes", "1"},
                         {"consumer.override.session.timeout.ms", "6000"},
                         {"consumer.override.client.rack", "a"},
                         {"consumer.override.check.crcs", "true"},
                         {"group.id", "not an override"},
                         {"topics", "a"}})
            .empty());
  CHECK(check_overrides({{"a", ""}, {"consumer.override.group.id", "x"}, {"consumer.override.sasl.username", "x"}, {"z", ""}}).size() == 2);
}
