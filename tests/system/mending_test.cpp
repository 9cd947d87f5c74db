// Credentials, permissions and the account break and are mended, several tasks of one host at a time: each says what is
// wrong and what to do, goes on by itself, and nothing is lost. And none of the secrets used is anywhere to be read.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/process/temp_dir.hpp"
#include "world.hpp"

using namespace ch::test;
using ch::cos_emulator::Fault;

namespace {

constexpr std::chrono::seconds kHealLimit{90};  // the longest back-off and what comes after it
constexpr std::chrono::seconds kAtOnce{20};     // less than half of it

std::string read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A topic of one partition, its task and what was produced.
struct Archived {
  Archived(World& w, const std::string& n, const json& config, std::uint64_t seed) : world(w), name(n) {
    world.admin().create_topic(name, 1);
    producer = std::make_unique<LedgerProducer>(world.bootstrap(), name, Mix{seed});
    world.create(name, world.config(name, config));
  }
  void produce() const {
    producer->produce(300, 1);
    producer->flush();
  }
  void is_whole(std::chrono::milliseconds limit = kHealLimit) const {
    INFO(name);
    CHECK(world.drained(name, name, 1, limit));
    CHECK(world.reaches(name, "RUNNING", kHealLimit));
    const auto report = world.check(name, producer->ledger());
    INFO(report.summary());
    CHECK(report.ok());
    CHECK(report.records == producer->ledger().records());
  }
  World& world;
  std::string name;
  std::unique_ptr<LedgerProducer> producer;
};

void fault(World& world, const std::string& key_contains, int status, const std::string& code) {
  Fault added;
  added.key_contains = key_contains;
  added.times = -1;
  added.status = status;
  added.code = code;
  world.cos().add_fault(added);
}

void check_remedy(World& world, const std::string& task, const std::string& part) {
  const auto status = world.host().status(task);
  INFO(status.dump());
  CHECK(status.at("interruption").at("remedy").get<std::string>().find(part) != std::string::npos);
  const auto message = status.at("interruption").at("message").get<std::string>();
  CHECK(message.find("request id") != std::string::npos);
  CHECK(eventually(20s, [&] {  // an event is kept behind what it tells of
    return world.host().get("/v1/tasks/" + task + "/events").body.find(message.substr(0, 40)) != std::string::npos;
  }));
}

double skew_seconds(World& world, const std::string& task) {
  const auto page = world.host().get("/metrics").body;
  const auto name = "connector_host_clock_skew_seconds{task=\"" + task + "\"} ";
  const auto at = page.find(name);
  return at == std::string::npos ? 1e9 : std::strtod(page.c_str() + at + name.size(), nullptr);
}

// All that the host says, writes and keeps.
std::string everything(World& world, const std::vector<std::string>& tasks) {
  auto& host = world.host();
  std::string all;
  for (const char* path : {"/v1", "/v1/tasks", "/v1/instances", "/v1/connectors", "/health", "/metrics", "/connectors"})
    all += host.get(path).body;
  for (const auto& task : tasks) {
    for (const char* path : {"", "/status", "/events"}) all += host.get("/v1/tasks/" + task + path).body;
    all += host.get("/connectors/" + task).body + host.get("/connectors/" + task + "/status").body;
    auto config = host.get("/v1/tasks/" + task).json.at("config");
    config["cos.bucket"] = "?";
    all += host.post("/v1/validate?preflight=true", {{"name", task}, {"config", config}}).body;
    config["cos.bucket"] = "other-1250000000";
    all += host.post("/v1/validate?preflight=true", {{"name", task}, {"config", config}}).body;
  }
  all += read_all(host.log_file());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(host.dir() / "state"))
    if (entry.is_regular_file()) all += read_all(entry.path());
  return all;
}

}  // namespace

TEST_CASE("roles, keys, arrears, throttling and clocks: told, mended, nothing lost, and no secret anywhere", "[mending]") {
  World world(shared_broker().bootstrap(), json{{"log.level", "debug"}});
  const auto secrets = (world.dir() / "secrets.properties").string();
  write_file(secrets, "id=AKIDsystemtest\nkey=system-test-secret-key\nsecond.key=second-secret-key\n");
  write_file(world.dir() / "keys.json", R"({"SecretId": "AKIDsystemtest", "SecretKey": "system-test-secret-key"})");
  using ch::cos_emulator::Access;
  const std::map<std::string, Access> first = {{"AKIDsystemtest", {"system-test-secret-key", "", {}}}};
  auto both = first;
  both["AKIDsecond"] = {"second-secret-key", "", {}};
  world.cos().set_access(both);
  world.cos().add_role("archiver", 20);  // seconds: renewed many times
  const auto id = "${file:" + secrets + ":id}", key = "${file:" + secrets + ":key}";
  world.host().start();

  const Archived role(world, "mend-role",
                      {{"cos.credentials", "assume-role"},
                       {"cos.role.name", "archiver"},
                       {"sts.endpoint", world.cos().origin()},
                       {"cos.secret.id", id},
                       {"cos.secret.key", key}},
                      61);
  const Archived keys(world, "mend-keys", {{"cos.secret.id", "AKIDsecond"}, {"cos.secret.key", "${file:" + secrets + ":second.key}"}}, 62);
  const Archived arrears(world, "mend-arrears", {{"cos.secret.id", id}, {"cos.secret.key", key}}, 63);
  const Archived slow(world, "mend-throttled",
                      {{"cos.credentials", "file"},
                       {"cos.credentials.file", (world.dir() / "keys.json").string()},
                       {"cos.secret.id", nullptr},
                       {"cos.secret.key", nullptr}},
                      64);
  const std::vector<const Archived*> all = {&role, &keys, &arrears, &slow};
  for (const auto* one : all) one->produce();
  for (const auto* one : all) REQUIRE(world.drained(one->name, one->name, 1));

  world.cos().remove_role("archiver", true);
  world.cos().set_access(first);
  fault(world, "mend-arrears/", 402, "PaymentRequired");
  fault(world, "mend-throttled/", 503, "SlowDown");
  for (const auto* one : all) one->produce();
  CHECK(world.interrupted("mend-role", "role_deleted"));
  check_remedy(world, "mend-role", "make the role qcs::cam::uin/100000000001:roleName/archiver again");
  CHECK(world.interrupted("mend-keys", "credentials_refused"));
  check_remedy(world, "mend-keys", "correct cos.secret.id");
  CHECK(world.interrupted("mend-arrears", "arrears"));
  check_remedy(world, "mend-arrears", "top up");
  CHECK(world.interrupted("mend-throttled", "throttled"));
  check_remedy(world, "mend-throttled", "more slowly");

  world.cos().add_role("archiver", 20);
  world.cos().set_access(both);
  world.cos().clear_faults();
  for (const auto* one : all) {
    CHECK(world.host().post("/v1/tasks/" + one->name + "/restart").status == 202);
    one->is_whole(kAtOnce);
  }

  // A clock that is wrong, or set while requests run, is no interruption: it is measured in every answer.
  const auto interruptions = [&] {
    std::size_t count = 0;
    for (const auto* one : all) {
      const auto events = world.host().get("/v1/tasks/" + one->name + "/events?limit=1000").json;
      for (const auto& event : events.at("events")) count += event.at("kind") == "interrupted" ? 1 : 0;
    }
    return count;
  };
  const auto before = interruptions();
  CHECK(before >= all.size());
  for (const std::int64_t minutes : {120, -10, 7}) {
    INFO("the clock is off by " << minutes << " minutes");
    world.cos().set_clock_offset_ms(minutes * 60000);
    for (const auto* one : all) one->produce();
    for (const auto* one : all) one->is_whole();
    for (const auto* one : all) CHECK(eventually(20s, [&] { return std::abs(skew_seconds(world, one->name) - minutes * 60) < 2; }));
  }
  CHECK(interruptions() == before);

  const auto text = everything(world, {"mend-role", "mend-keys", "mend-arrears", "mend-throttled"});
  CHECK(text.find("${file:" + secrets + ":key}") != std::string::npos);
  std::vector<std::string> forbidden = {"system-test-secret-key", "second-secret-key"};
  for (const auto& issued : world.cos().issued()) {
    forbidden.push_back(issued.access.secret_key);
    forbidden.push_back(issued.access.token);
  }
  CHECK(forbidden.size() > 4);
  for (const auto& secret : forbidden) CHECK(text.find(secret) == std::string::npos);
  figure("secrets looked for: " + std::to_string(forbidden.size()) + " in " + std::to_string(text.size()) + " bytes");
}

TEST_CASE("keys that placeholders stand for are taken anew when the old ones are refused, without a restart", "[mending]") {
  World world;
  const auto secrets = (world.dir() / "secrets.properties").string();
  const auto write = [&](const std::string& key) { write_file(secrets, "id=AKIDsystemtest\nkey=" + key + "\n"); };
  const auto allow = [&](const std::string& key) { world.cos().set_access({{"AKIDsystemtest", {key, "", {}}}}); };
  write("first-secret-key");
  allow("first-secret-key");
  world.host().start();
  const json placed = {{"cos.secret.id", "${file:" + secrets + ":id}"}, {"cos.secret.key", "${file:" + secrets + ":key}"}};
  const Archived keys(world, "mend-placed", placed, 65);
  keys.produce();
  REQUIRE(world.drained(keys.name, keys.name, 1));

  allow("next-secret-key");
  keys.produce();
  CHECK(world.interrupted("mend-placed", "credentials_refused"));
  write("next-secret-key");
  keys.is_whole(60s);
}

TEST_CASE("a password that the broker refuses, and a disk that is full", "[mending]") {
  const TempDir dir;
  const auto secrets = dir.path() / "kafka.properties";
  write_file(secrets, "password=not-this-one\n");
  World sasl(shared_broker().bootstrap(), {{"instances",
                                            {{"default",
                                              {{"bootstrap.servers", shared_broker().sasl_bootstrap()},
                                               {"region", "ap-guangzhou"},
                                               {"security.protocol", "SASL_PLAINTEXT"},
                                               {"sasl.mechanisms", "PLAIN"},
                                               {"sasl.username", KafkaBroker::kSaslUser},
                                               {"sasl.password", "${file:" + secrets.string() + ":password}"}}}}}});
  sasl.host().start();
  const Archived archived(sasl, "mend-sasl", json::object(), 65);
  archived.produce();
  CHECK(sasl.interrupted("mend-sasl", "broker_auth"));
  const auto status = sasl.host().status("mend-sasl");
  CHECK(status.dump().find("not-this-one") == std::string::npos);
  write_file(secrets, std::string("password=") + KafkaBroker::kSaslPassword + "\n");
  archived.is_whole();
  CHECK(read_all(sasl.host().log_file()).find(KafkaBroker::kSaslPassword) == std::string::npos);

  // No file of the host may grow any more: to it that is a disk without room.
  sasl.create("mend-disk", sasl.config("mend-disk"));
  CHECK(sasl.interrupted("mend-disk", "topic_missing"));
  const auto pid = sasl.host().process().pid();
  const rlimit none{1, RLIM_INFINITY}, all{RLIM_INFINITY, RLIM_INFINITY};
  REQUIRE(::prlimit(pid, RLIMIT_FSIZE, &none, nullptr) == 0);
  sasl.admin().create_topic("mend-disk", 1);
  LedgerProducer producer(sasl.bootstrap(), "mend-disk", Mix{66});
  producer.produce(300, 1);
  producer.flush();
  CHECK(sasl.interrupted("mend-disk", "disk_full"));
  archived.produce();  // what runs needs no disk
  CHECK(sasl.drained("mend-sasl", "mend-sasl", 1));
  REQUIRE(::prlimit(pid, RLIMIT_FSIZE, &all, nullptr) == 0);
  CHECK(sasl.reaches("mend-disk", "RUNNING", kHealLimit));
  CHECK(sasl.drained("mend-disk", "mend-disk", 1));
  CHECK(sasl.check("mend-disk", producer.ledger()).ok());
  archived.is_whole();
}

// The consumer keeps what it was made with. Once its session is over it has no partitions, and nothing of its own to do.
TEST_CASE("a password that is rotated while nothing comes is taken within a minute, by nobody's hand", "[mending]") {
  const TempDir dir;
  const auto secrets = dir.path() / "kafka.properties";
  write_file(secrets, std::string("password=") + KafkaBroker::kSaslPassword + "\n");
  KafkaBroker broker;
  broker.start();
  World world(broker.bootstrap(), {{"instances",
                                    {{"default",
                                      {{"bootstrap.servers", broker.sasl_bootstrap()},
                                       {"region", "ap-guangzhou"},
                                       {"security.protocol", "SASL_PLAINTEXT"},
                                       {"sasl.mechanisms", "PLAIN"},
                                       {"sasl.username", KafkaBroker::kSaslUser},
                                       {"sasl.password", "${file:" + secrets.string() + ":password}"}}}}}});
  world.host().start();
  const Archived archived(world, "rotated",
                          {{"consumer.override.session.timeout.ms", "1500"}, {"consumer.override.heartbeat.interval.ms", "300"}}, 67);
  archived.produce();
  archived.is_whole();
  broker.stop();
  const auto properties = broker.log_file().parent_path() / "server.properties";
  auto text = read_all(properties);
  text.replace(text.find(KafkaBroker::kSaslPassword), std::string(KafkaBroker::kSaslPassword).size(), "the-next-password");
  write_file(properties, text);
  broker.start();
  CHECK(world.interrupted("rotated", "broker_auth"));
  std::this_thread::sleep_for(5s);  // its session is over
  CHECK(world.reaches("rotated", "INTERRUPTED"));
  write_file(secrets, "password=the-next-password\n");
  CHECK(world.reaches("rotated", "RUNNING", 60s));
  archived.produce();
  archived.is_whole();
  CHECK(read_all(world.host().log_file()).find("the-next-password") == std::string::npos);
}
