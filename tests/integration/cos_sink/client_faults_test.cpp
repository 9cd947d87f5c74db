// The COS client where the emulator fails, refuses, stalls or loses its answers.
#include <catch2/catch.hpp>

#include "client_world.hpp"

using namespace ch::cos;

TEST_CASE("faults that say nothing about the effect are retries, and the object tells") {
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

TEST_CASE("what something else answers in COS's place is believed of no request") {
  World world;
  const auto client = world.client();
  const std::string text = "x";
  const auto status = GENERATE(200, 204, 404, 409);
  INFO(status);
  check_ok(client->put("there", body_of(text), plain_options()));
  const auto id = client->initiate("m", plain_options()).value;
  const auto part = client->upload_part("m", id, 1, body_of(text));
  check_ok(part.failure);
  const auto is_question = [&](const std::string& operation, const auto& request) {
    INFO(operation);
    for (const auto* body :
         {"<html><body>Please log in.</body></html>", "", "<ListBucketResult/>", "<ListPartsResult/>", "<ListMultipartUploadsResult/>",
          "<VersioningConfiguration/>", "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
          "<CompleteMultipartUploadResult/>"}) {
      Fault fault;
      fault.operation = operation;
      fault.kind = Fault::Kind::somebody_else;
      fault.status = status;
      fault.body = body;
      world.emulator.add_fault(fault);
      const Failure failure = request();
      check_outcome(failure, Outcome::retry, "NotFromCos");
      CHECK(failure.reason == "cos_unreachable");
    }
  };
  is_question("put", [&] { return client->put("k", body_of(text), plain_options()); });
  is_question("head", [&] { return client->head("there").failure; });
  is_question("list", [&] { return client->list("", "", 1).failure; });
  is_question("list_uploads", [&] { return client->list_uploads("", "", "").failure; });
  is_question("get", [&] { return client->read("there", 0, 1).failure; });
  is_question("initiate", [&] { return client->initiate("k", plain_options()).failure; });
  is_question("upload_part", [&] { return client->upload_part("m", id, 1, body_of(text)).failure; });
  is_question("list_parts", [&] { return client->list_parts("m", id).failure; });
  is_question("complete", [&] { return client->complete("m", id, {part.value}); });
  is_question("abort", [&] { return client->abort("m", id); });
  is_question("versioning", [&] { return client->has_versions().failure; });
  is_question("head_bucket", [&] { return client->head_bucket().failure; });
  is_question("put_bucket", [&] { return client->create_bucket(); });
  is_question("delete", [&] { return client->remove("there"); });
  check_ok(client->head("there").failure);
  check_outcome(client->head("k").failure, Outcome::absent, "NoSuchKey");
  check_ok(client->complete("m", id, {part.value}));
}

TEST_CASE("a listing whose next page is itself, or an earlier one, is refused: nobody walks in a circle") {
  World world;
  const auto client = world.client();
  const auto answer = [&](const std::string& operation, const std::string& body) {
    Fault fault;
    fault.operation = operation;
    fault.kind = Fault::Kind::somebody_else;
    fault.with_request_id = true;
    fault.status = 200;
    fault.body = body;
    world.emulator.add_fault(fault);
  };
  const auto [next, moves] = GENERATE(table<std::string, bool>({{"a", false}, {"b", false}, {"c", true}}));
  INFO(next);
  answer("list", "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>" + next + "</NextMarker></ListBucketResult>");
  CHECK(client->list("", "b", 10).ok() == moves);
  answer("list_uploads", "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>" + next +
                             "</NextKeyMarker><NextUploadIdMarker>5</NextUploadIdMarker></ListMultipartUploadsResult>");
  CHECK(client->list_uploads("", "b", "5").ok() == moves);
  answer("list_uploads",
         "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>b</NextKeyMarker>"
         "<NextUploadIdMarker>6</NextUploadIdMarker></ListMultipartUploadsResult>");
  CHECK(client->list_uploads("", "b", "5").ok());
}

TEST_CASE("a record that looks like COS's error is data") {
  World world;
  const auto client = world.client();
  const std::string text = "<Error><Code>InvalidAccessKeyId</Code><Message>your key was revoked</Message><RequestId>r</RequestId></Error>";
  check_ok(client->put("k", body_of(text), plain_options()));
  const auto piece = client->read("k", 0, text.size());
  check_ok(piece.failure);
  CHECK(piece.value == text);
}

TEST_CASE("an error inside the 200 of Complete is an error, and a lost answer may hide a success") {
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
    CHECK(client->put("k", body_of(text), plain_options()).reason == "credentials_refused");
    world.emulator.set_access(World::options({}).access);
  }
  check_ok(client->put("k", body_of(text), plain_options()));
}

TEST_CASE("a wrong or unknown key is told as such, also where the answer has no body, and no message gives the secret away") {
  World world;
  auto options = world.client_options();
  const auto [id, code] =
      GENERATE(table<std::string, std::string>({{"AKIDpermanent", "SignatureDoesNotMatch"}, {"AKIDnobody", "InvalidAccessKeyId"}}));
  INFO(id);
  options.credentials = fixed_credentials({id, "wrong-secret", ""});
  const auto client = make_client(options);
  const std::string text = "x";
  for (const Failure& failure : {client->list("", "", 1).failure, client->head("k").failure, client->head_bucket().failure,
                                 client->put("k", body_of(text), plain_options())}) {
    check_outcome(failure, Outcome::interrupt, code);
    CHECK(failure.reason == "credentials_refused");
    CHECK((failure.message + failure.remedy).find("wrong-secret") == std::string::npos);
    CHECK((failure.message + failure.remedy).find("grant") == std::string::npos);
  }
  CHECK(client->head("k").failure.message.starts_with("HEAD k: HTTP 403; GET bucket archive-1250000000: HTTP 403 " + code));
}

TEST_CASE("a HEAD that a policy denies stays one, whatever a listing is told") {
  World world;
  world.emulator.set_denied("head", true);
  if (GENERATE(false, true)) world.emulator.set_denied("list", true);
  const Failure failure = world.client()->head("k").failure;
  CHECK(failure.reason == "access_denied");
  CHECK(failure.remedy.find("name/cos:HeadObject") != std::string::npos);
}
