// The world breaks and is mended: the task says what is wrong and what to do, goes on by itself, and nothing is lost.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "world.hpp"

using namespace ch::test;
using ch::cos_emulator::Fault;

namespace {

constexpr std::int32_t kPartitions = 2;
constexpr std::chrono::seconds kHealLimit{90};  // the longest back-off and what comes after it

// A running task with 600 records stored; then something is broken, 600 more come, and it is mended.
class Outage {
 public:
  explicit Outage(const std::string& name, const json& config = json::object()) : name_(name) {
    world.admin().create_topic(name, kPartitions);
    producer_ = std::make_unique<LedgerProducer>(world.bootstrap(), name, Mix{51});
    world.host().start();
    world.create(name, world.config(name, config));
    REQUIRE(world.reaches(name, "RUNNING"));
    produce();
    REQUIRE(world.drained(name, name, kPartitions));
  }
  void produce() {
    producer_->produce(600, kPartitions);
    producer_->flush();
  }
  void heals() {
    CHECK(world.drained(name_, name_, kPartitions, kHealLimit));
    CHECK(world.reaches(name_, "RUNNING", kHealLimit));
    const auto report = world.check(name_, producer_->ledger());
    INFO(report.summary());
    CHECK(report.ok());
    CHECK(report.records == producer_->ledger().records());
  }
  bool ok() const { return world.check(name_, producer_->ledger()).ok(); }
  World world;

 private:
  std::string name_;
  std::unique_ptr<LedgerProducer> producer_;
};

}  // namespace

TEST_CASE("a broker that is not there at enable, then dies while the task runs", "[outages]") {
  KafkaBroker broker;
  World world(broker.bootstrap(), json::object());
  auto& host = world.host();
  host.start();
  world.create("broker-away", world.config("broker-away"));
  CHECK(world.interrupted("broker-away", "broker_unreachable"));

  broker.start();
  world.admin().create_topic("broker-away", kPartitions);
  CHECK(world.reaches("broker-away", "RUNNING", kHealLimit));
  LedgerProducer producer(broker.bootstrap(), "broker-away", Mix{52});
  producer.produce(1000, kPartitions);
  producer.flush();
  CHECK(world.drained("broker-away", "broker-away", kPartitions));

  producer.produce(1000, kPartitions);
  broker.kill();
  CHECK(world.interrupted("broker-away", "broker_unreachable"));
  broker.start();
  producer.flush();
  CHECK(world.drained("broker-away", "broker-away", kPartitions, kHealLimit));
  CHECK(world.reaches("broker-away", "RUNNING", kHealLimit));
  const auto report = world.check("broker-away", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a broker that hangs for longer than a session, in the middle of commits", "[outages]") {
  KafkaBroker broker;
  broker.start();
  World world(broker.bootstrap(), json::object());
  world.admin().create_topic("broker-hangs", kPartitions);
  LedgerProducer producer(broker.bootstrap(), "broker-hangs", Mix{53});
  world.host().start();
  world.create("broker-hangs", world.config("broker-hangs", {{"rotate.interval.ms", "200"}}));
  REQUIRE(world.reaches("broker-hangs", "RUNNING"));
  for (const auto hang : {2s, 15s}) {
    const auto before = count_objects(world.bucket());
    producer.produce(5000, kPartitions);
    CHECK(eventually(30s, [&] { return count_objects(world.bucket()) > before; }));
    producer.produce(5000, kPartitions);
    broker.freeze();
    CHECK(throughout(hang, [&] { return world.host().running(); }));
    CHECK(world.host().get("/health").status != 0);
    broker.thaw();
  }
  producer.flush();
  CHECK(world.drained("broker-hangs", "broker-hangs", kPartitions, kHealLimit));
  const auto report = world.check("broker-hangs", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

// What a client has asked a broker keeps its end waiting, for a bounded time.
TEST_CASE("a broker that hangs keeps no task from stopping, nor the host from ending", "[outages]") {
  KafkaBroker broker;
  broker.start();
  World world(broker.bootstrap(), json::object());
  world.host().start();
  world.admin().create_topic("stop", kPartitions);
  LedgerProducer producer(broker.bootstrap(), "stop", Mix{56});
  for (const auto* task : {"stop-task", "stop-host"}) {
    world.create(task, world.config("stop", {{"rotate.interval.ms", "200"}}));
    REQUIRE(world.reaches(task, "RUNNING"));
  }
  const auto before = count_objects(world.bucket());
  producer.produce(5000, kPartitions);
  CHECK(eventually(30s, [&] { return count_objects(world.bucket()) > before; }));
  broker.freeze();  // what was stored last is being committed

  const auto stop = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - stop).count(); };
  CHECK(world.host().post("/v1/tasks/stop-task/disable").status == 202);
  CHECK(world.reaches("stop-task", "DISABLED", 45s));
  const auto disabled = seconds();
  CHECK(world.host().stop() == 0);
  figure(fmt::format("with a broker that hangs: a task stopped after {:.1f} s, the host ended {:.1f} s later", disabled,
                     seconds() - disabled));
}

TEST_CASE("a topic that is missing, and is made later", "[outages]") {
  World world;
  world.host().start();
  world.create("topic-missing", world.config("topic-missing"));
  CHECK(world.interrupted("topic-missing", "topic_missing"));
  world.admin().create_topic("topic-missing", kPartitions);
  LedgerProducer producer(world.bootstrap(), "topic-missing", Mix{54});
  producer.produce(500, kPartitions);
  producer.flush();
  CHECK(world.reaches("topic-missing", "RUNNING", kHealLimit));
  CHECK(world.drained("topic-missing", "topic-missing", kPartitions));
  CHECK(world.check("topic-missing", producer.ledger()).ok());
}

TEST_CASE("a bucket that is removed and comes back", "[outages]") {
  Outage outage("bucket-missing");
  outage.world.cos().remove_bucket(World::kBucket);
  outage.produce();
  CHECK(outage.world.interrupted("bucket-missing", "bucket_missing"));
  outage.world.cos().add_bucket(World::kBucket);
  outage.heals();
}

TEST_CASE("a bucket that is missing from the start", "[outages]") {
  World world;
  world.cos().remove_bucket(World::kBucket);
  world.admin().create_topic("no-bucket", kPartitions);
  LedgerProducer producer(world.bootstrap(), "no-bucket", Mix{55});
  producer.produce(500, kPartitions);
  producer.flush();
  world.host().start();
  world.create("no-bucket", world.config("no-bucket"));
  CHECK(world.interrupted("no-bucket", "bucket_missing"));
  world.cos().add_bucket(World::kBucket);
  CHECK(world.drained("no-bucket", "no-bucket", kPartitions, kHealLimit));
  CHECK(world.reaches("no-bucket", "RUNNING", kHealLimit));
  CHECK(world.check("no-bucket", producer.ledger()).ok());
}

TEST_CASE("a policy that denies writing, and is mended", "[outages]") {
  Outage outage("denied");
  outage.world.cos().set_denied("put", true);
  outage.produce();
  CHECK(outage.world.interrupted("denied", "access_denied"));
  outage.world.cos().set_denied("put", false);
  outage.heals();
}

TEST_CASE("a COS that nobody can reach, with a kill -9 of the host meanwhile", "[outages]") {
  Outage outage("cos-down");
  outage.world.stop_cos();
  outage.produce();
  CHECK(outage.world.interrupted("cos-down", "cos_unreachable"));
  outage.world.host().kill();
  outage.world.host().start();
  outage.produce();
  outage.world.start_cos();
  outage.heals();
}

TEST_CASE("answers of COS that are lost, late, damaged or errors", "[outages]") {
  Outage outage("cos-faults");
  auto& cos = outage.world.cos();
  const auto fault = [&](Fault::Kind kind, Fault::When when, int status, const std::string& code) {
    Fault added;
    added.operation = "put";
    added.times = 2;
    added.kind = kind;
    added.when = when;
    added.status = status;
    added.code = code;
    added.stall_ms = 1500;
    cos.add_fault(added);
  };
  fault(Fault::Kind::reset, Fault::When::before, 0, "");
  fault(Fault::Kind::reset, Fault::When::after, 0, "");
  fault(Fault::Kind::error, Fault::When::before, 503, "SlowDown");
  fault(Fault::Kind::error, Fault::When::after, 500, "InternalError");
  fault(Fault::Kind::wrong_crc, Fault::When::after, 200, "");
  fault(Fault::Kind::stall, Fault::When::after, 200, "");
  fault(Fault::Kind::somebody_else, Fault::When::before, 200, "");
  fault(Fault::Kind::somebody_else, Fault::When::after, 404, "");
  for (int i = 0; i < 4; ++i) outage.produce();
  outage.heals();
}

// A gateway, a login page, a proxy that inspects TLS.
TEST_CASE("somebody else answers 200 in COS's place, and nothing counts as stored by it", "[outages]") {
  Outage outage("impostor");
  Fault fault;
  fault.kind = Fault::Kind::somebody_else;
  fault.status = 200;
  fault.times = -1;
  outage.world.cos().add_fault(fault);
  outage.produce();
  CHECK(outage.world.interrupted("impostor", "cos_unreachable"));
  CHECK_THAT(outage.world.host().status("impostor").at("interruption").at("message").get<std::string>(),
             Catch::Contains("x-cos-request-id"));
  outage.world.cos().clear_faults();
  for (const auto* operation : {"put", "head"}) {
    fault.operation = operation;
    fault.times = 2;
    outage.world.cos().add_fault(fault);
  }
  outage.produce();
  outage.heals();
}

// Longer than a request may take (10 s without a byte), and than the poll interval. tests/chaos/prove.sh has it last minutes.
TEST_CASE("a COS that takes requests and answers none for a long time", "[outages]") {
  const char* seconds = std::getenv("CH_TEST_STALL_S");
  const std::chrono::seconds stall(seconds != nullptr ? std::atoi(seconds) : 15);
  Outage outage("cos-stalls", {{"consumer.override.session.timeout.ms", "6000"},
                               {"consumer.override.heartbeat.interval.ms", "500"},
                               {"consumer.override.max.poll.interval.ms", "8000"}});
  Fault fault;
  fault.kind = Fault::Kind::stall;
  fault.times = -1;
  fault.stall_ms = std::chrono::milliseconds(stall).count();  // and takes effect then, when nobody waits for it any more
  outage.world.cos().add_fault(fault);
  outage.produce();
  CHECK(outage.world.interrupted("cos-stalls", "cos_unreachable"));
  CHECK(throughout(stall, [&] { return outage.world.host().running() && outage.world.host().get("/health").status != 0; }));
  outage.produce();
  outage.world.cos().clear_faults();
  outage.heals();
  const auto events = outage.world.host().get("/v1/tasks/cos-stalls/events?limit=1000").body;
  CHECK(events.find("rejoin") == std::string::npos);  // it has kept its place in the group
  const auto late = [&] { return outage.ok(); };
  CHECK(throughout(stall, late));
}

TEST_CASE("a task is disabled while objects whose storing was broken off are read again", "[outages]") {
  World world;
  world.admin().create_topic("again", 2);
  LedgerProducer producer(world.bootstrap(), "again");
  world.host().start();
  world.create("again", world.config("again", {{"rotate.bytes", "6291456"}, {"rotate.interval.ms", "3000"}}));
  REQUIRE(world.reaches("again", "RUNNING"));
  world.stop_cos();
  const std::string value(1000, 'v');
  const auto produce = [&](int count) {
    for (int i = 0; i < 2 * count; ++i) producer.send(i % 2, value);
    producer.flush();
  };
  produce(6500);
  REQUIRE(eventually(30s, [&] {
    const auto committed = world.admin().committed("connect-again", "again", 2);
    return std::all_of(committed.begin(), committed.end(), [](const auto& c) { return c.metadata.find("\"k\"") != std::string::npos; });
  }));
  world.host().kill();
  produce(15000);  // more than is read at once lies behind each of the objects
  world.host().start();
  REQUIRE(world.reaches("again", "INTERRUPTED"));
  CHECK(world.host().post("/v1/tasks/again/disable").status == 202);
  world.start_cos();
  CHECK(world.reaches("again", "DISABLED", 90s));
  CHECK(world.host().post("/v1/tasks/again/enable").status == 202);
  CHECK(world.drained("again", "again", 2));
  const auto report = world.check("again", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a new configuration mends what kept a running task from storing", "[outages]") {
  World world;
  world.admin().create_topic("rekeyed", 1);
  LedgerProducer producer(world.bootstrap(), "rekeyed");
  world.host().start();
  auto config = world.config("rekeyed");
  world.create("rekeyed", config);
  producer.produce(500, 1);
  REQUIRE(world.drained("rekeyed", "rekeyed", 1));
  world.cos().set_access({{"AKIDnew", {"another-secret", "", std::nullopt}}});
  producer.produce(500, 1);
  producer.flush();
  REQUIRE(world.reaches("rekeyed", "INTERRUPTED", 60s));
  config["cos.secret.id"] = "AKIDnew";
  config["cos.secret.key"] = "another-secret";
  CHECK(world.host().request("PUT", "/v1/tasks/rekeyed", {{"config", config}, {"enabled", true}}).status == 200);
  CHECK(world.drained("rekeyed", "rekeyed", 1, 90s));
  const auto report = world.check("rekeyed", producer.ledger());
  INFO(report.summary());
  CHECK(report.ok());
}

TEST_CASE("a partition has no leader when the host starts: the others are stored, and it as soon as it has one", "[outages]") {
  // The mock cluster's, since the brokers' controller would choose a leader by itself.
  const auto owner = make_client(RD_KAFKA_PRODUCER, {});
  const std::unique_ptr<rd_kafka_mock_cluster_t, decltype(&rd_kafka_mock_cluster_destroy)> cluster(
      rd_kafka_mock_cluster_new(owner.get(), 1), &rd_kafka_mock_cluster_destroy);
  REQUIRE(rd_kafka_mock_topic_create(cluster.get(), "half", 2, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  World world(rd_kafka_mock_cluster_bootstraps(cluster.get()), json::object());
  LedgerProducer producer(world.bootstrap(), "half", Mix{77});
  producer.produce(200, 2);
  producer.flush();
  world.host().start();
  world.create("half", world.config("half"));
  CHECK(world.drained("half", "half", 2));

  world.host().kill();
  producer.produce(200, 2);
  producer.flush();
  REQUIRE(rd_kafka_mock_partition_set_leader(cluster.get(), "half", 1, -1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  world.host().start();
  CHECK(eventually(60s, [&] { return world.admin().committed("connect-half", "half", 2).at(0).offset == 200; }));
  CHECK(world.admin().committed("connect-half", "half", 2).at(1).offset == 100);
  const auto partitions = world.host().status("half").at("partitions");
  CHECK(partitions.at(0).at("interruption").is_null());
  CHECK(partitions.at(1).at("interruption").value("reason", "") == "broker_unreachable");
  REQUIRE(rd_kafka_mock_partition_set_leader(cluster.get(), "half", 1, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
  CHECK(world.drained("half", "half", 2));
  CHECK(world.reaches("half", "RUNNING"));
  const auto report = world.check("half", producer.ledger());
  INFO(report.summary() << world.host().log_end());
  CHECK(report.ok());
}
