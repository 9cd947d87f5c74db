// Every way to log in to a broker that clusters of today offer, and what is told when it refuses.
#include <catch2/catch.hpp>

#include "world.hpp"

using namespace ch::test;

namespace {

constexpr int kRecords = 100;

struct Way {
  std::string name;
  json right;
  json wrong;  // put over it
};

std::vector<Way> ways(const KafkaBroker& broker) {
  const auto& certificates = broker.certificates();
  const json tls{{"bootstrap.servers", broker.tls_bootstrap()},
                 {"security.protocol", "SSL"},
                 {"ssl.ca.location", certificates.authority.string()},
                 {"ssl.certificate.location", certificates.client.string()},
                 {"ssl.key.location", certificates.client_key.string()}};
  const json stranger{{"ssl.certificate.location", certificates.stranger.string()},
                      {"ssl.key.location", certificates.stranger_key.string()}};
  std::vector<Way> out = {{"certificate", tls, stranger}, {"authority", tls, {{"ssl.ca.location", certificates.stranger.string()}}}};
  const auto add = [&](const std::string& name, const char* mechanism, json more) {
    more.merge_patch(
        {{"sasl.mechanisms", mechanism}, {"sasl.username", KafkaBroker::kSaslUser}, {"sasl.password", KafkaBroker::kSaslPassword}});
    out.push_back({name, more, {{"sasl.password", "not-this-one"}}});
  };
  const json open{{"bootstrap.servers", broker.sasl_bootstrap()}, {"security.protocol", "SASL_PLAINTEXT"}};
  add("plain", "PLAIN", open);
  add("scram-256", "SCRAM-SHA-256", open);
  add("scram-512", "SCRAM-SHA-512", open);
  add("scram-tls", "SCRAM-SHA-512",
      {{"bootstrap.servers", broker.sasl_tls_bootstrap()},
       {"security.protocol", "SASL_SSL"},
       {"ssl.ca.location", certificates.authority.string()}});
  return out;
}

}  // namespace

TEST_CASE("every way to log in to a broker archives, and is told when the broker refuses", "[login]") {
  auto& broker = shared_broker();
  json instances = json::object();
  for (const auto& way : ways(broker)) {
    for (const bool right : {true, false}) {
      json instance{{"region", "ap-guangzhou"}};
      instance.merge_patch(way.right);
      if (!right) instance.merge_patch(way.wrong);
      instances[way.name + (right ? "" : "-wrong")] = instance;
    }
  }
  World world(broker.bootstrap(), {{"instances", instances}});
  world.host().start();
  world.admin().create_topic("login", 2);
  LedgerProducer producer(broker.bootstrap(), "login", Mix{91});
  producer.produce(kRecords, 2);
  producer.flush();
  for (const auto& [instance, settings] : instances.items()) world.create(instance, world.config("login", {{"instance.id", instance}}));
  for (const auto& way : ways(broker)) {
    INFO(way.name);
    CHECK(world.drained(way.name, "login", 2));
    const auto report = world.check(way.name, producer.ledger());
    INFO(report.summary());
    CHECK(report.ok());
    CHECK(report.records == producer.ledger().records());
    CHECK(world.interrupted(way.name + "-wrong", "broker_auth"));
    const auto told = world.host().status(way.name + "-wrong").dump();
    INFO(told);
    CHECK(told.find("not-this-one") == std::string::npos);
    CHECK(told.find(KafkaBroker::kSaslPassword) == std::string::npos);
  }
}
