// A network that delivers a commit a second time, long after the client has sent it again and has gone on: the committed
// offset goes back. Audit and fence, each alone and both, keep every record once, the fence also what no audit can see;
// without them the test must notice.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <thread>

#include "support/kafka/late_proxy.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

struct Variant {
  std::string name;
  std::string bugs;  // what is switched off
  bool waits_for_fence = false;
  // The copy arrives while the next object is on its way to the bucket, and its sender is gone before it is there: no audit
  // can see it.
  bool object_on_its_way = false;
  bool stored_twice = false;
};

struct Verdict {
  std::string trouble;  // the test itself could not do what it should
  int taken = -1;       // the broker's error code for the late copy
  bool went_back = false;
  Report report;
};

class Late {
 public:
  Late(LateProxy& proxy, const Variant& variant)
      : proxy_(proxy),
        variant_(variant),
        topic_("late-" + variant.name),
        group_("connect-" + topic_),
        world_(fmt::format("127.0.0.1:{}", shared_broker().late_advertised()), json::object()),
        admin_(shared_broker().bootstrap()),
        producer_(shared_broker().bootstrap(), topic_) {}

  Verdict run() {
    Verdict verdict;
    admin_.create_topic(topic_, 1);
    auto& host = world_.host();
    host.set_environment({{"CH_FAILPOINTS", variant_.bugs}});
    host.start();
    (void)host.post("/v1/tasks", {{"name", topic_}, {"config", world_.config(topic_, {{"rotate.interval.ms", "250"}})}});
    if (!store(200)) return {"the first records are not stored", -1, false, {}};
    proxy_.hold_next_commit(group_);
    if (!eventually(20s, [&] { return store(50) && proxy_.holds(group_); })) return {"no commit was held", -1, false, {}};
    if (!variant_.object_on_its_way)
      for (int i = 0; i < 3; ++i)
        if (!store(200)) return {"the task does not go on after its connection broke", -1, false, {}};
    if (variant_.waits_for_fence &&
        !eventually(20s, [&] { return host.get("/v1/tasks/" + topic_ + "/events").body.find("sent twice") != std::string::npos; }))
      return {"the fence saw nothing", -1, false, {}};
    if (!store(200)) return {"the task does not go on", -1, false, {}};
    if (variant_.object_on_its_way && !send_late()) return {"no object is on its way", -1, false, {}};
    const auto before = committed();
    verdict.taken = proxy_.deliver(group_).value_or(-1);
    verdict.went_back = committed() < before;
    host.kill();                                                          // before it commits again, which would repair it
    if (variant_.object_on_its_way) std::this_thread::sleep_for(1100ms);  // so that the same records get another name
    host.start();
    if (!store(200)) verdict.trouble = "not drained: " + host.log_end();
    std::this_thread::sleep_until(late_object_ + 1s);
    verdict.report = check_bucket({world_.bucket(), topic_, {}}, producer_.ledger());
    return verdict;
  }

 private:
  static constexpr std::chrono::milliseconds kLate{10000};

  std::uint64_t puts() { return world_.cos().counters().requests["put"]; }

  // An object is cut whose PUT takes effect much later.
  bool send_late() {
    ch::cos_emulator::Fault late;
    late.operation = "put";
    late.kind = ch::cos_emulator::Fault::Kind::stall;
    late.stall_ms = kLate.count();
    world_.cos().add_fault(late);
    const auto before = puts();
    producer_.produce(200, 1);
    producer_.flush();
    if (!eventually(20s, [&] { return puts() > before; })) return false;
    late_object_ = std::chrono::steady_clock::now() + kLate;
    return true;
  }

  std::int64_t committed() { return admin_.committed(group_, topic_, 1).front().offset; }
  bool store(std::uint64_t count) {
    producer_.produce(count, 1);
    producer_.flush();
    return eventually(30s, [&] { return admin_.lag(group_, topic_, 1) == 0; });
  }

  LateProxy& proxy_;
  Variant variant_;
  std::chrono::steady_clock::time_point late_object_;  // when it takes effect
  std::string topic_, group_;
  World world_;
  KafkaAdmin admin_;
  LedgerProducer producer_;
};

}  // namespace

TEST_CASE("a late copy of a commit: audit and fence each alone, both, and neither, also with an object on its way", "[late]") {
  auto& broker = shared_broker();
  LateProxy proxy(broker.late_advertised(), broker.late_port());
  const std::vector<Variant> variants = {{"both", "", true},
                                         {"audit-alone", "bug.no_fence=on", false},
                                         {"fence-alone", "bug.no_audit=on", true},
                                         {"neither", "bug.no_fence=on;bug.no_audit=on", false, false, true},
                                         {"both-object-on-its-way", "", true, true},
                                         {"audit-alone-object-on-its-way", "bug.no_fence=on", false, true, true}};
  std::vector<Verdict> verdicts(variants.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < variants.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          verdicts[i] = Late(proxy, variants[i]).run();
        } catch (const std::exception& error) {
          verdicts[i].trouble = error.what();
        }
      });
    }
  }
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const auto& verdict = verdicts[i];
    INFO(variants[i].name << ": broker's answer " << verdict.taken << ", " << verdict.report.summary());
    CHECK(verdict.trouble.empty());
    CAPTURE(verdict.trouble);
    CHECK(verdict.went_back == !variants[i].waits_for_fence);
    CHECK(verdict.report.lost_count + verdict.report.wrong_count == 0);
    CHECK((verdict.report.twice_count > 0) == variants[i].stored_twice);
    figure(fmt::format("late copy of a commit, {}: offset went back: {}, broker's answer {}, {} lost, {} twice", variants[i].name,
                       verdict.went_back ? "yes" : "no", verdict.taken, verdict.report.lost_count, verdict.report.twice_count));
  }
}

TEST_CASE("a small object costs one request to COS and at most two offset commits", "[late]") {
  constexpr std::uint64_t kObjects = 8;
  auto& broker = shared_broker();
  LateProxy proxy(broker.late_advertised(), broker.late_port());
  World world(fmt::format("127.0.0.1:{}", broker.late_advertised()), json::object());
  KafkaAdmin admin(broker.bootstrap());
  admin.create_topic("cost", 1);
  LedgerProducer producer(broker.bootstrap(), "cost");
  world.host().start();
  world.create("cost", world.config("cost", {{"rotate.records", "50"}, {"rotate.interval.ms", "600000"}}));
  const auto store = [&] {
    producer.produce(50, 1);
    producer.flush();
    return eventually(30s, [&] { return admin.lag("connect-cost", "cost", 1) == 0; });
  };
  REQUIRE(store());
  // The preflight's requests are over: its probe is removed last.
  REQUIRE(eventually(30s, [&] { return world.cos().counters().requests["delete"] > 0; }));
  const auto requests = [&] {
    std::uint64_t sum = 0;
    for (const auto& [operation, count] : world.cos().counters().requests) sum += count;
    return sum;
  };
  const auto requests_before = requests(), commits_before = proxy.commits("connect-cost"), objects_before = count_objects(world.bucket());
  for (std::uint64_t i = 0; i < kObjects; ++i) REQUIRE(store());
  const auto objects = count_objects(world.bucket()) - objects_before;
  const auto sent = requests() - requests_before, committed = proxy.commits("connect-cost") - commits_before;
  CHECK(objects == kObjects);
  CHECK(sent == objects);
  CHECK(committed <= 2 * objects);
  figure(fmt::format("cost of {} small objects: {} requests to COS, {} offset commits", objects, sent, committed));
}
