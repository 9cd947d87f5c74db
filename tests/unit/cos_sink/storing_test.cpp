// What happens between the cut of an object and the knowledge that it is in the bucket.
#include "bench.hpp"

namespace ch::cos_test {
namespace {

// A bench whose first object, of one record, has its intent stored and its PUT (or its initiate) queued.
struct StoringBench : Bench {
  explicit StoringBench(Config more = {}, const std::string& value = "v", HostOptions host_options = {})
      : Bench(with_one_record(std::move(more)), 1 << 20, 1, host_options) {
    open();
    produce(1, 0, value);
    host->deliver(0);
  }
  static Config with_one_record(Config more) {
    more.insert({"rotate.records", "1"});
    return more;
  }
  void settle_for(std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += 100) {
      pass(100);
      host->settle();
    }
  }
};

}  // namespace

TEST_CASE("a large object goes up in parts while its intent is committed") {
  StoringBench bench(Config{{"part.bytes", "10"}}, std::string(34, 'x'));
  bench.host->run_jobs();  // initiate, then the parts
  CHECK(bench.cos->count("initiate") == 1);
  CHECK(bench.cos->count("part") == 3);
  CHECK(bench.cos->uploads.at("upload-1").parts.at(1).size() == 10);
  CHECK(bench.cos->uploads.at("upload-1").parts.at(3).size() == 15);
  CHECK(bench.cos->uploads.at("upload-1").options.metadata.at("end-offset") == "101");
  CHECK(bench.cos->objects.empty());
  bench.host->send(0);
  bench.host->store(0);
  CHECK(bench.intent().upload_id == "upload-1");
  CHECK(bench.intent().parts == 3);
  bench.host->run_jobs();
  CHECK(bench.cos->count("complete") == 0);
  bench.host->answer(0, true);
  bench.host->run_jobs();
  CHECK(bench.only_object().body == std::string(34, 'x') + "\n");
  CHECK(bench.cos->count("put") == 0);
}

TEST_CASE("an object whose HEAD shows no CRC64 does not count as stored, and it does when it shows one") {
  StoringBench bench;
  bench.fail_once("put", Effect::fail_after);
  bench.cos->head_hides_crc64 = true;
  bench.host->settle();
  bench.settle_for(10000);
  CHECK(bench.partition().committed.offset == 100);
  CHECK(bench.host->stored.empty());
  CHECK(bench.host->interruptions.at(0).message.find("no CRC64") != std::string::npos);
  CHECK(bench.cos->count("put") == 1);
  bench.cos->head_hides_crc64 = false;
  bench.settle_for(40000);
  CHECK(bench.partition().committed.offset == 101);
  CHECK(bench.host->interruptions.empty());
}

TEST_CASE("at most twice as many parts as threads are under way") {
  StoringBench bench(Config{{"part.bytes", "10"}}, std::string(200, 'x'));
  bench.host->run_job();  // initiate
  bench.host->end_job();
  CHECK(bench.host->queued_jobs() == 4);
  bench.host->run_job(2);
  bench.host->end_job();
  CHECK(bench.host->queued_jobs() == 4);
  bench.host->settle();
  CHECK(bench.only_object().body.size() == 201);
}

TEST_CASE("a lost upload is begun again under the same key, without a new intent") {
  StoringBench bench(Config{{"part.bytes", "10"}}, std::string(34, 'x'));
  bench.host->run_jobs();
  bench.cos->uploads.clear();
  bench.host->commit_all();
  const auto committed = bench.partition().sent.size();
  bench.host->run_jobs();  // complete: no such upload; then it waits
  CHECK(bench.cos->objects.empty());
  bench.pass(250);
  bench.host->run_jobs();
  CHECK(bench.cos->count("initiate") == 2);
  CHECK(bench.only_object().body.size() == 35);
  CHECK(bench.partition().sent.size() == committed);
  CHECK(bench.intent().upload_id == "upload-1");
}

TEST_CASE("parts of an upload that was lost are not taken for parts of the new one") {
  StoringBench bench(Config{{"part.bytes", "10"}}, std::string(34, 'x'));
  bench.host->run_job();  // initiate
  bench.host->end_job();
  REQUIRE(bench.host->queued_jobs() == 3);
  bench.host->run_job(0);  // part 1 goes up, and its answer is late
  bench.cos->uploads.clear();
  bench.host->run_job(0);
  bench.host->end_job(1);  // part 2: no such upload
  bench.pass(250);
  bench.host->run_job(1);  // HEAD
  bench.host->end_job(1);  // absent
  bench.host->end_job(0);  // part 1 of the old upload
  bench.host->settle();
  CHECK(bench.only_object().body.size() == 35);
  CHECK(bench.cos->count("initiate") == 2);
}

TEST_CASE("an answer that was lost is asked for, not repeated") {
  SECTION("PUT") {
    StoringBench bench;
    bench.fail_once("put", Effect::fail_after);
    bench.settle_for(300);
    CHECK(bench.cos->count("put") == 1);
    CHECK(bench.partition().committed.offset == 101);
  }
  SECTION("PUT that had no effect") {
    StoringBench bench;
    bench.fail_once("put", Effect::fail_before);
    bench.settle_for(300);
    CHECK(bench.cos->count("put") == 2);
    CHECK(bench.cos->count("head") == 1);
    CHECK(bench.partition().committed.offset == 101);
  }
  SECTION("complete") {
    StoringBench bench(Config{{"part.bytes", "10"}}, std::string(34, 'x'));
    bench.fail_once("complete", Effect::fail_after);
    bench.settle_for(300);
    CHECK(bench.cos->count("complete") == 1);
    CHECK(bench.cos->count("initiate") == 1);
    CHECK(bench.partition().committed.offset == 101);
  }
}

TEST_CASE("where COS would overwrite, or that is not known, the bucket is asked before an object is made visible") {
  const std::string size = GENERATE("8MiB", "10");
  const bool denied = GENERATE(false, true);
  CAPTURE(size, denied);
  Bench bench(Config{{"rotate.records", "1"}, {"part.bytes", size}});
  bench.cos->versions = true;
  if (denied) bench.cos->versions_refused = failure(Outcome::interrupt, "access_denied");
  bench.open();
  bench.cos->objects[key_at(100)] = {"somebody else's", {}};
  bench.produce(1, 0, std::string(34, 'x'));
  bench.host->deliver(0);
  for (int i = 0; i < 100 && bench.reason().empty(); ++i) {
    bench.pass(100);
    bench.host->settle();
  }
  CHECK(bench.reason() == "object_conflict");
  CHECK(bench.cos->objects.at(key_at(100)).body == "somebody else's");
  CHECK(bench.cos->count("put") + bench.cos->count("complete") == 0);
  bench.cos->objects.clear();
  for (int i = 0; i < 1000 && bench.partition().committed.offset < 101; ++i) {
    bench.pass(100);
    bench.host->settle();
  }
  CHECK(bench.only_object().body.size() == 35);
  CHECK(bench.partition().committed.offset == 101);
  CHECK(bench.cos->count("put") + bench.cos->count("complete") == 1);
}

TEST_CASE("an exception in a job is no success") {
  for (const char* verb : {"put", "initiate", "part", "complete", "head"}) {
    StoringBench bench(Config{{"part.bytes", verb == std::string("put") ? "8MiB" : "10"}}, std::string(34, 'x'));
    bench.cos->fault = [verb, left = 2](const std::string& called, const std::string&) mutable {
      const bool hit = called == verb || (verb == std::string("head") && called == "complete");
      return hit && left-- > 0 ? FakeCos::Fault{called == verb ? Effect::throws : Effect::fail_after, failure(Outcome::retry)}
                               : FakeCos::Fault{};
    };
    bench.settle_for(2000);
    CAPTURE(verb);
    CHECK(bench.only_object().body.size() == 35);
    CHECK(bench.partition().committed.offset == 101);
  }
}

TEST_CASE("damaged content is a conflict: reported at once, tried again, never overwritten") {
  StoringBench bench;
  bench.fail_once("put", Effect::damage, failure(Outcome::retry, "cos_error"));
  bench.settle_for(300);
  CHECK(bench.reason() == "object_conflict");
  CHECK(bench.host->interruptions.at(0).next_try_ms > bench.host->now());
  CHECK_THAT(bench.host->interruptions.at(0).message, Catch::Contains("not the content"));
  bench.settle_for(5000);
  CHECK(bench.cos->count("put") == 1);
  CHECK(bench.partition().committed.offset == 100);
  CHECK(bench.host->sink().pending() == 1);
  bench.cos->objects.clear();  // somebody removed it
  bench.settle_for(9000);
  CHECK(bench.only_object().body == "v\n");
  CHECK(bench.reason().empty());
  CHECK(bench.partition().committed.offset == 101);
}

TEST_CASE("an object of somebody else's under the key is a conflict") {
  StoringBench bench;
  bench.put_object(key_at(100), 100, 101, {{"task", "other"}});
  bench.settle_for(300);
  CHECK(bench.reason() == "object_conflict");
  CHECK_THAT(bench.host->interruptions.at(0).remedy, Catch::Contains("object.key.template"));
  CHECK(bench.object(key_at(100)).body == "there\n");
  CHECK(bench.partition().committed.offset == 100);
}

TEST_CASE("an object of ours that starts there and ends elsewhere is the chain: writing goes on behind it") {
  StoringBench bench(Config{{"object.key.template", "{topic}/{partition}/{start_offset}"}});
  bench.put_object("orders/0/100", 100, 105);
  bench.produce(9);
  bench.settle_for(600);
  CHECK(bench.cos->objects.contains("orders/0/105"));
  CHECK_FALSE(bench.cos->objects.contains("orders/0/101"));
  CHECK(bench.partition().committed.offset == 110);
}

TEST_CASE("what needs somebody is reported at once, what may pass from the third failure on") {
  SECTION("access denied") {
    StoringBench bench;
    bench.fail("put", Effect::fail_before, failure(Outcome::interrupt, "access_denied"));
    bench.host->settle();
    CHECK(bench.reason() == "access_denied");
    CHECK(bench.host->interruptions.at(0).message == "the test says so");
    CHECK(bench.host->interruptions.at(0).remedy == "wait for the test");
    bench.cos->fault = nullptr;
    bench.host->sink().retry();
    bench.host->settle();
    CHECK(bench.reason().empty());
    CHECK(bench.partition().committed.offset == 101);
  }
  SECTION("network") {
    StoringBench bench;
    bench.fail("put", Effect::fail_before);
    bench.host->settle();
    bench.settle_for(300);
    CHECK(bench.cos->count("put") == 2);
    CHECK(bench.reason().empty());
    bench.settle_for(500);
    CHECK(bench.cos->count("put") == 3);
    CHECK(bench.reason() == "cos_unreachable");
    bench.cos->fault = nullptr;
    bench.settle_for(1000);
    CHECK(bench.reason().empty());
    CHECK(bench.partition().committed.offset == 101);
  }
}

TEST_CASE("waits are doubled up to half a minute, and COS may ask for more") {
  StoringBench bench;
  SECTION("doubled") {
    bench.fail("put", Effect::fail_before, failure(Outcome::throttled, "throttled"));
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 10; ++i) {
      bench.host->settle();
      const auto before = bench.cos->count("put");
      const auto since = bench.host->now();
      while (bench.cos->count("put") == before) {
        bench.broker.clock_ms += 20;
        bench.host->tick();
        bench.host->run_jobs();
      }
      waits.push_back(bench.host->now() - since);
    }
    CHECK(waits[0] >= 160);
    CHECK(waits[0] <= 260);
    CHECK(waits[3] >= 1280);
    CHECK(waits[3] <= 1940);
    CHECK(waits[9] >= 24000);
    CHECK(waits[9] <= 36020);
  }
  SECTION("as COS asks") {
    auto slow_down = failure(Outcome::throttled, "throttled");
    slow_down.retry_after_ms = 5000;
    bench.fail_once("put", Effect::fail_before, slow_down);
    bench.host->settle();
    bench.settle_for(4900);
    CHECK(bench.cos->count("put") == 1);
    bench.settle_for(200);
    CHECK(bench.cos->count("put") == 2);
  }
  SECTION("but not for hours") {
    auto slow_down = failure(Outcome::throttled, "throttled");
    slow_down.retry_after_ms = 7200000;
    bench.fail_once("put", Effect::fail_before, slow_down);
    bench.host->settle();
    bench.settle_for(60100);
    CHECK(bench.cos->count("put") == 2);
  }
}

TEST_CASE("a full queue of the pool only delays") {
  HostOptions narrow;
  narrow.queue_limit = 1;
  StoringBench bench(Config{{"part.bytes", "10"}}, std::string(100, 'x'), narrow);
  bench.settle_for(200);
  CHECK(bench.only_object().body.size() == 101);
  CHECK(bench.partition().committed.offset == 101);
}

TEST_CASE("an upload id that the state has no room for is refused") {
  struct LongId : FakeCos {
    cos::Reply<std::string> initiate(const std::string& key, const cos::ObjectOptions& options) override {
      auto reply = FakeCos::initiate(key, options);
      if (count("initiate") == 1) reply.value.assign(cos::kMaxUploadIdLength + 1, 'u');
      return reply;
    }
  };
  Bench bench(Config{{"rotate.records", "1"}, {"part.bytes", "10"}});
  bench.host.reset();
  bench.cos = std::make_shared<LongId>();
  bench.start();
  bench.open();
  bench.produce(1, 0, std::string(34, 'x'));
  bench.host->settle();
  CHECK(bench.partition().sent.empty());
  bench.pass(250);
  bench.host->settle();
  CHECK(bench.only_object().body.size() == 35);
}

}  // namespace ch::cos_test
