#include "cos/outcome.hpp"

#include <catch2/catch.hpp>

using namespace ch::cos;

namespace {

Answer answer_of(int status, const std::string& code, const std::string& message = "Something.") {
  Answer answer;
  answer.status = status;
  answer.action = "cos:PutObject";
  answer.headers["x-cos-request-id"] = "NWU5MTIz";
  answer.headers["date"] = "Thu, 16 May 2019 06:45:51 GMT";
  if (!code.empty()) {
    answer.body = "<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>" + code + "</Code><Message>" + message +
                  "</Message><Resource>/k</Resource><RequestId>NWU5MTIz</RequestId><TraceId>t</TraceId></Error>";
  }
  return answer;
}

Failure failure_of(const Answer& answer) { return classify(answer, "PUT a/b", "logs-125"); }

struct Row {
  int status;
  std::string code;
  Outcome outcome;
  std::string reason;
};

}  // namespace

TEST_CASE("every code and status has its outcome") {
  const std::vector<Row> rows = {
      {404, "NoSuchKey", Outcome::absent, ""},
      {404, "NoSuchVersion", Outcome::absent, ""},
      {404, "NoSuchUpload", Outcome::no_upload, ""},
      {409, "FileAlreadyExists", Outcome::conflict, ""},
      {409, "PathConflict", Outcome::conflict, ""},
      {409, "UploadConflict", Outcome::conflict, ""},
      {409, "ObjectLocked", Outcome::conflict, ""},
      {409, "SomethingNew", Outcome::conflict, ""},
      {409, "", Outcome::conflict, ""},

      {400, "BadDigest", Outcome::retry, "cos_error"},
      {400, "IncompleteBody", Outcome::retry, "cos_error"},
      {400, "EntitySizeNotMatch", Outcome::retry, "cos_error"},
      {400, "RequestTimeout", Outcome::retry, "cos_error"},
      {400, "UserNetworkTooSlow", Outcome::retry, "cos_error"},
      {400, "InvalidUploadStatus", Outcome::retry, "cos_error"},
      {408, "", Outcome::retry, "cos_error"},
      {500, "InternalError", Outcome::retry, "cos_error"},
      {500, "", Outcome::retry, "cos_error"},
      {500, "KmsInternalException", Outcome::retry, "cos_error"},
      {501, "", Outcome::retry, "cos_error"},
      {502, "", Outcome::retry, "cos_error"},
      {503, "ServiceUnavailable", Outcome::retry, "cos_error"},
      {503, "", Outcome::retry, "cos_error"},
      {504, "", Outcome::retry, "cos_error"},
      {599, "Unheard", Outcome::retry, "cos_error"},
      {403, "RequestTimeTooSkewed", Outcome::retry, "cos_error"},
      {503, "SlowDown", Outcome::throttled, "throttled"},
      {503, "KmsFreqControl", Outcome::throttled, "throttled"},
      {429, "", Outcome::throttled, "throttled"},

      {403, "AccessDenied", Outcome::interrupt, "access_denied"},
      {403, "AccessForbidden", Outcome::interrupt, "access_denied"},
      {403, "", Outcome::interrupt, "access_denied"},
      {401, "", Outcome::interrupt, "access_denied"},
      {400, "ExpiredToken", Outcome::interrupt, "credentials_expired"},
      {403, "ExpiredToken", Outcome::interrupt, "credentials_expired"},
      {403, "InvalidAccessKeyId", Outcome::interrupt, "credentials_refused"},
      {404, "NoSuchBucket", Outcome::interrupt, "bucket_missing"},
      {400, "InvalidRegionName", Outcome::interrupt, "region_mismatch"},
      {301, "PermanentRedirect", Outcome::interrupt, "region_mismatch"},
      {307, "TemporaryRedirect", Outcome::interrupt, "region_mismatch"},
      {302, "", Outcome::interrupt, "region_mismatch"},
      {402, "PaymentRequired", Outcome::interrupt, "arrears"},
      {402, "", Outcome::interrupt, "arrears"},
      {451, "UnavailableForLegalReasons", Outcome::interrupt, "cos_error"},
      {451, "DomainAuditFailed", Outcome::interrupt, "cos_error"},
      {451, "", Outcome::interrupt, "cos_error"},
      {400, "KmsException", Outcome::interrupt, "cos_error"},
      {400, "KmsKeyDisabled", Outcome::interrupt, "cos_error"},
      {400, "KmsKeyNotExist", Outcome::interrupt, "cos_error"},
      {409, "BucketLocked", Outcome::interrupt, "cos_error"},
      {409, "QuotaConflict", Outcome::interrupt, "cos_error"},
      {404, "", Outcome::interrupt, "cos_error"},  // not "absent": COS did not say so

      {403, "SignatureDoesNotMatch", Outcome::interrupt, "credentials_refused"},
      {403, "PathStyleDomainForbidden", Outcome::bug, "cos_error"},
      {501, "NotImplemented", Outcome::bug, "cos_error"},
      {400, "InvalidArgument", Outcome::bug, "cos_error"},
      {400, "MalformedXML", Outcome::bug, "cos_error"},
      {400, "KeyTooLong", Outcome::bug, "cos_error"},
      {400, "InvalidPart", Outcome::bug, "cos_error"},
      {400, "", Outcome::bug, "cos_error"},
      {405, "MethodNotAllowed", Outcome::bug, "cos_error"},
      {411, "MissingContentLength", Outcome::bug, "cos_error"},
  };
  for (const auto& row : rows) {
    INFO(row.status << ' ' << row.code);
    const Failure failure = failure_of(answer_of(row.status, row.code));
    CHECK(static_cast<int>(failure.outcome) == static_cast<int>(row.outcome));
    CHECK(failure.reason == row.reason);
    CHECK(failure.code == row.code);
    CHECK(failure.remedy.empty() == row.reason.empty());
    CHECK(failure.remedy.find_first_of("{}") == std::string::npos);
    CHECK(failure.message.starts_with("PUT a/b: HTTP " + std::to_string(row.status)));
  }
}

TEST_CASE("success is success, unless an error is inside it") {
  for (const int status : {200, 204}) CHECK(failure_of(answer_of(status, "")).ok());
  const auto of_complete = [](const std::string& code) {
    Answer answer = answer_of(200, code);
    answer.error_in_200 = true;
    return answer;
  };
  CHECK(failure_of(of_complete("InternalError")).outcome == Outcome::retry);
  CHECK(failure_of(of_complete("NoSuchUpload")).outcome == Outcome::no_upload);
  CHECK(failure_of(of_complete("AccessDenied")).reason == "access_denied");
  CHECK(failure_of(of_complete("SomethingNew")).outcome == Outcome::retry);

  Answer blanks = of_complete("InternalError");
  blanks.body = " \n \n" + blanks.body;
  CHECK(failure_of(blanks).code == "InternalError");
}

TEST_CASE("what an object holds is data, whatever it looks like") {
  for (const int status : {200, 206})
    for (const std::string code : {"InvalidAccessKeyId", "NoSuchBucket", "NoSuchKey"}) CHECK(failure_of(answer_of(status, code)).ok());
}

TEST_CASE("an answer without COS's request id proves nothing, whatever its status is") {
  for (const int status : {200, 201, 204, 206, 400, 401, 403, 404, 405, 407, 409, 413}) {
    INFO(status);
    Answer answer = answer_of(status, "");
    answer.headers.erase("x-cos-request-id");
    const auto is_question = [&] {
      const Failure failure = failure_of(answer);
      CHECK(failure.outcome == Outcome::retry);
      CHECK(failure.reason == "cos_unreachable");
      CHECK(failure.code == "NotFromCos");
      CHECK(failure.message.find("x-cos-request-id") != std::string::npos);
    };
    is_question();
    answer.body = "<html><body>Please log in.</body></html>";
    is_question();
    answer.assumed_code = "NoSuchKey";  // a HEAD answered 404: only what COS says is not there is not there
    is_question();
  }
  Answer error = answer_of(404, "NoSuchKey");  // the id stands in the document too
  error.headers.erase("x-cos-request-id");
  CHECK(failure_of(error).outcome == Outcome::absent);
  for (const auto& [status, reason] :
       std::vector<std::pair<int, std::string>>{{502, "cos_error"}, {503, "cos_error"}, {302, "region_mismatch"}}) {
    Answer answer = answer_of(status, "");
    answer.headers.erase("x-cos-request-id");
    CHECK(failure_of(answer).reason == reason);
  }
}

TEST_CASE("no answer is a retry that says why") {
  Answer answer;
  answer.error = "Connection reset by peer";
  const Failure failure = failure_of(answer);
  CHECK(failure.outcome == Outcome::retry);
  CHECK(failure.reason == "cos_unreachable");
  CHECK(failure.code == "Connection reset by peer");
  CHECK(failure.message == "PUT a/b: no answer: Connection reset by peer");
}

TEST_CASE("what the sender assumes counts where the answer says nothing") {
  Answer head = answer_of(404, "");
  head.assumed_code = "NoSuchKey";
  CHECK(failure_of(head).outcome == Outcome::absent);
  head.assumed_code = "NoSuchBucket";
  CHECK(failure_of(head).reason == "bucket_missing");
  Answer said = answer_of(404, "NoSuchBucket");
  said.assumed_code = "NoSuchKey";
  CHECK(failure_of(said).reason == "bucket_missing");
  Answer crc = answer_of(200, "");
  crc.assumed_code = "CrcMismatch";
  crc.error = "COS stored bytes of CRC64 1, but 2 were sent";
  CHECK(failure_of(crc).outcome == Outcome::retry);
  CHECK(failure_of(crc).message == "PUT a/b: HTTP 200 CrcMismatch: COS stored bytes of CRC64 1, but 2 were sent (request id NWU5MTIz)");
  Answer unsent;
  unsent.assumed_code = "NotSent";
  CHECK(failure_of(unsent).outcome == Outcome::bug);
}

TEST_CASE("an unknown key is a wrong one, unless it was temporary: then it has expired or is revoked") {
  Answer answer = answer_of(403, "InvalidAccessKeyId");
  CHECK(failure_of(answer).reason == "credentials_refused");
  CHECK(failure_of(answer).remedy.find("cos.secret.id") != std::string::npos);
  CHECK(failure_of(answer).remedy.find("grant") == std::string::npos);
  answer.temporary = true;
  CHECK(failure_of(answer).reason == "credentials_expired");
  CHECK(failure_of(answer_of(403, "SignatureDoesNotMatch")).remedy == "correct cos.secret.key: it does not belong to cos.secret.id");
}

TEST_CASE("an expired request is about the clock, not about permissions") {
  const Failure expired = failure_of(answer_of(403, "AccessDenied", "Request has expired"));
  CHECK(expired.outcome == Outcome::retry);
  CHECK(expired.code == "AccessDenied");
  CHECK(expired.reason == "cos_error");
  CHECK(failure_of(answer_of(403, "AccessDenied")).reason == "access_denied");
}

TEST_CASE("Retry-After is read and bounded") {
  Answer answer = answer_of(503, "SlowDown");
  answer.headers["retry-after"] = "7";
  CHECK(failure_of(answer).retry_after_ms == 7000);
  answer.headers["retry-after"] = "18446744073709551615";
  CHECK(failure_of(answer).retry_after_ms == 3600000);
  answer.headers["retry-after"] = "Thu, 16 May 2019 06:45:51 GMT";
  CHECK(failure_of(answer).retry_after_ms == 0);
}

TEST_CASE("messages are for people: one bounded line that names the request id, and remedies name the CAM action") {
  const Failure denied = failure_of(answer_of(403, "AccessDenied", "Access Denied."));
  CHECK(denied.message == "PUT a/b: HTTP 403 AccessDenied: Access Denied. (request id NWU5MTIz)");
  CHECK(denied.remedy == "in CAM, grant name/cos:PutObject on bucket logs-125 to the user or role of these credentials");
  CHECK(failure_of(answer_of(404, "NoSuchBucket")).remedy.find("bucket logs-125") != std::string::npos);

  const Failure odd = failure_of(answer_of(500, "InternalError", "two\nlines\x7F" + std::string(5000, 'x')));
  CHECK(odd.message.find_first_of("\n\x7F") == std::string::npos);
  CHECK(odd.message.size() < 700);

  Answer bare = answer_of(500, "");
  bare.headers["x-cos-request-id"] = "NTk4";
  CHECK(failure_of(bare).message == "PUT a/b: HTTP 500 (request id NTk4)");
}

TEST_CASE("bodies that are no XML, or not COS's, are judged by their status") {
  for (const std::string body : {"<html><body>502</body></html>", "<Error><Code>Sl", "\x01\x02", "{}", "<Error>"}) {
    INFO(body);
    Answer answer = answer_of(502, "");
    answer.body = body;
    CHECK(failure_of(answer).outcome == Outcome::retry);
  }
}
