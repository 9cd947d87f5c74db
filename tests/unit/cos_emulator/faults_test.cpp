#include <catch2/catch.hpp>
#include <chrono>

#include "client.hpp"

using namespace cos_test;
using ch::cos_emulator::Fault;

namespace {

Fault fault(const std::string& operation, Fault::Kind kind, Fault::When when = Fault::When::before) {
  Fault out;
  out.operation = operation;
  out.kind = kind;
  out.when = when;
  return out;
}

struct Upload {
  std::string id, etag;
};

Upload upload(const Client& client, const std::string& key) {
  const std::string id = client.initiate(key);
  return {id, client.part(key, id, 1, "part").headers.at("etag")};
}

}  // namespace

TEST_CASE("An error before the effect, and after it") {
  World world;
  world.emulator.add_fault(fault("put", Fault::Kind::error));
  const Answer refused = world.client.put("k", "v");
  CHECK(refused.status == 503);
  CHECK(refused.code() == "SlowDown");
  CHECK(!refused.headers.at("x-cos-request-id").empty());
  CHECK(world.client.head("k").status == 404);

  Fault late = fault("put", Fault::Kind::error, Fault::When::after);
  late.status = 500;
  late.code = "InternalError";
  world.emulator.add_fault(late);
  CHECK(world.client.put("k", "v").code() == "InternalError");
  CHECK(world.client.get("k").body == "v");
  CHECK(world.client.put("k", "w").status == 200);
}

TEST_CASE("A reset before the effect, and after it") {
  World world;
  world.emulator.add_fault(fault("put", Fault::Kind::reset));
  const Answer first = world.client.put("k", "v");
  CHECK(first.curl_code != 0);
  CHECK(first.status == 0);
  CHECK(world.client.head("k").status == 404);
  world.emulator.add_fault(fault("put", Fault::Kind::reset, Fault::When::after));
  CHECK(world.client.put("k", "v").status == 0);
  CHECK(world.client.get("k").body == "v");
}

TEST_CASE("Complete whose answer is lost has completed") {
  World world;
  const Upload up = upload(world.client, "k");
  world.emulator.add_fault(fault("complete", Fault::Kind::reset, Fault::When::after));
  CHECK(world.client.complete("k", up.id, {{1, up.etag}}).status == 0);
  CHECK(world.client.complete("k", up.id, {{1, up.etag}}).code() == "NoSuchUpload");
  CHECK(world.client.get("k").body == "part");
}

TEST_CASE("An Error inside a 200, without the effect and with it") {
  World world;
  const Upload up = upload(world.client, "k");
  Fault inside = fault("complete", Fault::Kind::error_in_200);
  inside.code = "InternalError";
  world.emulator.add_fault(inside);
  const Answer answer = world.client.complete("k", up.id, {{1, up.etag}});
  CHECK(answer.status == 200);
  CHECK(answer.code() == "InternalError");
  CHECK(answer.body.rfind("\n", 0) == 0);
  CHECK(world.client.head("k").status == 404);
  inside.when = Fault::When::after;
  world.emulator.add_fault(inside);
  CHECK(world.client.complete("k", up.id, {{1, up.etag}}).code() == "InternalError");
  CHECK(world.client.head("k").status == 200);
}

TEST_CASE("A stall delays the request or its answer, which then is as ever") {
  World world;
  for (const auto when : {Fault::When::before, Fault::When::after}) {
    Fault stall = fault("put", Fault::Kind::stall, when);
    stall.stall_ms = 200;
    world.emulator.add_fault(stall);
    const auto start = std::chrono::steady_clock::now();
    CHECK(world.client.put("k", "v").status == 200);
    CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(200));
    CHECK(world.client.get("k").body == "v");
  }
}

TEST_CASE("A wrong checksum is only in the answer") {
  World world;
  world.emulator.add_fault(fault("", Fault::Kind::wrong_crc));
  const std::string wrong = world.client.put("k", "v").headers.at("x-cos-hash-crc64ecma");
  const std::string right = world.client.head("k").headers.at("x-cos-hash-crc64ecma");
  CHECK(wrong != right);
  CHECK(world.client.put("k", "v").headers.at("x-cos-hash-crc64ecma") == right);
}

TEST_CASE("A fault hits what it names, as often as it says") {
  World world;
  Fault some = fault("", Fault::Kind::error);
  some.method = "PUT";
  some.key_contains = "hit";
  some.skip = 1;
  some.times = 2;
  world.emulator.add_fault(some);
  CHECK(world.client.put("miss", "v").status == 200);
  CHECK(world.client.head("hit").status == 404);
  CHECK(world.client.put("a/hit", "v").status == 200);
  CHECK(world.client.put("a/hit", "v").status == 503);
  CHECK(world.client.put("a/hit", "v").status == 503);
  CHECK(world.client.put("a/hit", "v").status == 200);
  some.times = -1;
  some.skip = 0;
  world.emulator.add_fault(some);
  for (int i = 0; i < 5; ++i) CHECK(world.client.put("hit", "v").status == 503);
  world.emulator.clear_faults();
  CHECK(world.client.put("hit", "v").status == 200);
}

TEST_CASE("A wrong clock is told with the server's time") {
  World world;
  Fault skewed = fault("head_bucket", Fault::Kind::error);
  skewed.operation = "list";
  skewed.status = 403;
  skewed.code = "RequestTimeTooSkewed";
  world.emulator.add_fault(skewed);
  const Answer answer = world.client.send({"GET", ""});
  CHECK(answer.code() == "RequestTimeTooSkewed");
  CHECK(!answer.value("Error/ServerTime").empty());
}

TEST_CASE("A denied operation is refused, others are not") {
  World world;
  world.emulator.set_denied("put", true);
  CHECK(world.client.put("k", "v").code() == "AccessDenied");
  CHECK(world.client.put("k", "v").status == 403);
  CHECK(world.client.send({"GET", ""}).status == 200);
  world.emulator.set_denied("put", false);
  CHECK(world.client.put("k", "v").status == 200);
  world.emulator.set_denied("", true);
  CHECK(world.client.get("k").status == 403);
  CHECK(world.client.head("").status == 403);
}

TEST_CASE("Keys can be taken away, changed and made temporary") {
  World world;
  world.emulator.set_access({});
  CHECK(world.client.put("k", "v").code() == "InvalidAccessKeyId");
  world.emulator.set_access({{kId, {"another secret", "", std::nullopt}}});
  const Answer mismatch = world.client.put("k", "v");
  CHECK(mismatch.code() == "SignatureDoesNotMatch");
  CHECK(mismatch.status == 403);
  CHECK(mismatch.value("Error/StringToSign").rfind("sha1\n", 0) == 0);
  CHECK(mismatch.value("Error/FormatString").rfind("put\n/", 0) == 0);
  CHECK(mismatch.value("Error/Resource") == std::string("/") + kBucket + "/k");
  CHECK(mismatch.value("Error/RequestId") == mismatch.headers.at("x-cos-request-id"));
  CHECK(mismatch.value("Error/TraceId") == mismatch.headers.at("x-cos-trace-id"));
  world.emulator.set_access({{kId, {kSecret, "token", now_s() + 100}}});
  CHECK(world.client.put("k", "v").code() == "InvalidAccessKeyId");
  world.client.credentials.token = "token";
  CHECK(world.client.put("k", "v").status == 200);
  world.emulator.set_access({{kId, {kSecret, "token", now_s() - 1}}});
  CHECK(world.client.put("k", "v").code() == "ExpiredToken");
  CHECK(world.client.send({"GET", "k", {}, {}, {}, {}, false, false}).code() == "AccessDenied");
  world.client.credentials.end = now_s() - 10;
  world.emulator.set_access({{kId, {kSecret, "token", std::nullopt}}});
  CHECK(world.client.put("k", "v").value("Error/Message") == "Request has expired");
}

TEST_CASE("What is wrong is told in COS's order: key, signature, policy, bucket, operation") {
  World world;
  world.emulator.remove_bucket(kBucket);
  world.emulator.set_denied("put", true);
  Client client = world.client;
  const Pairs wrong = {{"x-cos-acl", "everyone"}};
  client.credentials.id = "nobody";
  CHECK(client.put("k", "v", wrong).code() == "InvalidAccessKeyId");
  client.credentials = {};
  client.credentials.secret = "wrong";
  CHECK(client.put("k", "v", wrong).code() == "SignatureDoesNotMatch");
  client.credentials = {};
  CHECK(client.put("k", "v", wrong).code() == "AccessDenied");
  world.emulator.set_denied("put", false);
  CHECK(client.put("k", "v", wrong).code() == "NoSuchBucket");
  world.emulator.add_bucket(kBucket);
  CHECK(client.put("k", "v", wrong).code() == "InvalidArgument");
}

TEST_CASE("Requests, answers and bytes are counted") {
  World world;
  world.client.put("k", "12345");
  world.client.put("k", "12345", {{"x-cos-forbid-overwrite", "true"}});
  world.client.get("k");
  world.client.initiate("m");
  world.client.send({"PATCH", "k"});
  const auto counters = world.emulator.counters();
  CHECK(counters.requests == std::map<std::string, std::uint64_t>{{"put", 2}, {"get", 1}, {"initiate", 1}, {"other", 1}});
  CHECK(counters.statuses == std::map<int, std::uint64_t>{{200, 3}, {409, 1}, {501, 1}});
  CHECK(counters.bytes_in == 10);
  CHECK(counters.connections == 5);
  CHECK(counters.unfinished_uploads == 1);
}
