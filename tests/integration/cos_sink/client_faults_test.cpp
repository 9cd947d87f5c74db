// The COS client where the emulator fails, refuses, stalls or loses its answers.
#include <catch2/catch.hpp>

#include "client_world.hpp"

using namespace ch::cos;

TEST_CASE("faults that say nothing about the effect are retries; the object tells") {
  World world;
  const auto client = world.client();
  const std::string text(2 * kMiB, 'x');
  const auto when = GENERATE(Fault::When::before, Fault::When::after);
  const bool stored = when == Fault::When::after;
  SECTION("reset") {
    world.fault("put", Fault::Kind::reset, when);
    const Failure failure = client->put("k", body_of(text), plain_options());
    CHECK(failure.outcome == Outcome::retry);
    CHECK(failure.reason == "cos_unreachable");
  }
  SECTION("500") {
    world.fault("put", Fault::Kind::error, when, 500, "InternalError");
    check_outcome(client->put("k", body_of(text), plain_options()), Outcome::retry, "InternalError");
  }
  SECTION("slow down") {
    world.fault("put", Fault::Kind::error, when);
    check_outcome(client->put("k", body_of(text), plain_options()), Outcome::throttled, "SlowDown");
  }
  CHECK((client->head("k").failure.outcome == Outcome::ok) == stored);
  const Failure again = client->put("k", body_of(text), plain_options());
  CHECK(static_cast<int>(again.outcome) == static_cast<int>(stored ? Outcome::conflict : Outcome::ok));
}

TEST_CASE("a CRC64 that differs is reported although the object is there") {
  World world;
  const auto client = world.client();
  const std::string text = "x";
  world.fault("put", Fault::Kind::wrong_crc);
  check_outcome(client->put("k", body_of(text), plain_options()), Outcome::retry, "CrcMismatch");
  const auto id = client->initiate("m", plain_options());
  world.fault("upload_part", Fault::Kind::wrong_crc);
  check_outcome(client->upload_part("m", id.value, 1, body_of(text)).failure, Outcome::retry, "CrcMismatch");
  check_ok(client->upload_part("m", id.value, 1, body_of(text)).failure);
}

TEST_CASE("an error inside the 200 of Complete is an error; a lost answer may hide a success") {
  World world;
  const auto client = world.client();
  const auto id = client->initiate("k", plain_options());
  const std::string text = "one";
  const auto part = client->upload_part("k", id.value, 1, body_of(text));
  world.fault("complete", Fault::Kind::error_in_200, Fault::When::before, 200, "InternalError");
  check_outcome(client->complete("k", id.value, {part.value}), Outcome::retry, "InternalError");
  check_outcome(client->head("k").failure, Outcome::absent, "NoSuchKey");
  world.fault("complete", Fault::Kind::reset, Fault::When::after);
  CHECK(client->complete("k", id.value, {part.value}).outcome == Outcome::retry);
  check_ok(client->head("k").failure);
}

TEST_CASE("a server that stalls is given up") {
  World world;
  auto options = world.client_options();
  options.stall_timeout_ms = 1000;
  const auto client = make_client(options);
  world.fault("head", Fault::Kind::stall);
  const auto begin = std::chrono::steady_clock::now();
  const Failure failure = client->head("k").failure;
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(World::kStallMs));
  CHECK(failure.outcome == Outcome::retry);
  CHECK(failure.message == "HEAD k: no answer: no byte moved for 1000 ms");
  check_outcome(client->head("k").failure, Outcome::absent, "NoSuchKey");
}

TEST_CASE("what somebody has to mend is an interruption with its reason, and passes when mended") {
  World world;
  const auto client = world.client();
  const std::string text(8 * kMiB, 'x');  // more than a socket holds: the refusal comes before the body is through
  SECTION("a policy") {
    world.emulator.set_denied("put", true);
    const Failure failure = client->put("k", body_of(text), plain_options());
    check_outcome(failure, Outcome::interrupt, "AccessDenied");
    CHECK(failure.reason == "access_denied");
    CHECK(failure.remedy.find("name/cos:PutObject") != std::string::npos);
    world.emulator.set_denied("put", false);
  }
  SECTION("a policy, told to HEAD") {
    world.emulator.set_denied("head", true);
    CHECK(client->head("k").failure.reason == "access_denied");
    world.emulator.set_denied("head", false);
  }
  SECTION("the bucket") {
    world.emulator.remove_bucket(kBucket);
    CHECK(client->put("k", body_of(text), plain_options()).reason == "bucket_missing");
    CHECK(client->head_bucket().failure.reason == "bucket_missing");
    CHECK(client->list("", "", 1).failure.reason == "bucket_missing");
    world.emulator.add_bucket(kBucket);
  }
  SECTION("the key") {
    world.emulator.set_access({});
    CHECK(client->put("k", body_of(text), plain_options()).reason == "credentials_expired");
    world.emulator.set_access(World::options({}).access);
  }
  check_ok(client->put("k", body_of(text), plain_options()));
}

TEST_CASE("a wrong secret is a defect that no message gives away") {
  World world;
  auto options = world.client_options();
  options.credentials = fixed_credentials({"AKIDpermanent", "wrong-secret", ""});
  const auto client = make_client(options);
  const Failure failure = client->list("", "", 1).failure;
  check_outcome(failure, Outcome::bug, "SignatureDoesNotMatch");
  CHECK((failure.message + failure.remedy).find("wrong-secret") == std::string::npos);
}
