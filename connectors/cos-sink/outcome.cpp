#include "outcome.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "xml.hpp"

namespace ch::cos {
namespace {

constexpr std::size_t kMaxQuoted = 512;  // bytes of COS's message that go into ours
constexpr std::uint64_t kMaxRetryAfterSeconds = 3600;

// One line a code or a status: what it means for us, and what a person has to do. {action} and {bucket} are filled in.
struct Rule {
  std::string_view code;
  Outcome outcome;
  std::string_view reason;
  std::string_view remedy;
};

constexpr std::string_view kGrant = "in CAM, grant {action} on bucket {bucket} to the user or role of these credentials";
constexpr std::string_view kKeys =
    "check cos.secret.id and cos.secret.key in the CAM console: the key was deleted, disabled or, if temporary, has expired";
constexpr std::string_view kClock = "set this machine's clock (NTP): it differs from COS's; requests are signed by COS's clock meanwhile";
constexpr std::string_view kBucket =
    "create bucket {bucket} in the COS console, or correct cos.bucket and cos.region (a bucket of another region looks missing)";
constexpr std::string_view kRegion = "set cos.region to the region that the COS console shows for bucket {bucket}, and check cos.endpoint";
constexpr std::string_view kPay = "top up the Tencent Cloud account; storing goes on by itself then";
constexpr std::string_view kSuspended = "look in the COS console why bucket {bucket} is suspended (arrears or content audit)";
constexpr std::string_view kKms =
    "in the KMS console, enable the key that bucket {bucket} is encrypted with, or change cos.server.side.encryption";
constexpr std::string_view kLocked = "in the COS console, lift the lock or quota of bucket {bucket}";
constexpr std::string_view kWait = "nothing: it is tried again";
constexpr std::string_view kSlower = "nothing: it is tried again more slowly; ask Tencent Cloud for a higher request limit if it stays";
constexpr std::string_view kSecret = "check that cos.secret.key belongs to cos.secret.id; if it does, this is a defect: report it";
constexpr std::string_view kDefect = "check the task's cos.* settings; if they are right, this is a defect: report it with the request id";
constexpr std::string_view kStyle = "set cos.endpoint to the bucket's own host (https://{bucket}.cos.<region>.myqcloud.com)";
constexpr std::string_view kNetwork = "check this machine's route to the endpoint: name resolution, firewall, TLS certificate";

constexpr std::array kCodes = {
    Rule{"NoSuchKey", Outcome::absent, "", ""},
    Rule{"NoSuchVersion", Outcome::absent, "", ""},
    Rule{"NoSuchUpload", Outcome::no_upload, "", ""},
    Rule{"FileAlreadyExists", Outcome::conflict, "", ""},
    Rule{"PathConflict", Outcome::conflict, "", ""},
    Rule{"UploadConflict", Outcome::conflict, "", ""},
    Rule{"ObjectLocked", Outcome::conflict, "", ""},

    Rule{"BadDigest", Outcome::retry, "cos_error", kWait},
    Rule{"IncompleteBody", Outcome::retry, "cos_error", kWait},
    Rule{"EntitySizeNotMatch", Outcome::retry, "cos_error", kWait},
    Rule{"RequestTimeout", Outcome::retry, "cos_error", kWait},
    Rule{"UserNetworkTooSlow", Outcome::retry, "cos_error", kWait},
    Rule{"InvalidUploadStatus", Outcome::retry, "cos_error", kWait},
    Rule{"InternalError", Outcome::retry, "cos_error", kWait},
    Rule{"ServiceUnavailable", Outcome::retry, "cos_error", kWait},
    Rule{"KmsInternalException", Outcome::retry, "cos_error", kWait},
    Rule{"CrcMismatch", Outcome::retry, "cos_error", kWait},      // ours
    Rule{"MalformedAnswer", Outcome::retry, "cos_error", kWait},  // ours
    Rule{"RequestTimeTooSkewed", Outcome::retry, "cos_error", kClock},
    Rule{"RequestExpired", Outcome::retry, "cos_error", kClock},  // ours, for AccessDenied with the message "Request has expired"
    Rule{"SlowDown", Outcome::throttled, "throttled", kSlower},
    Rule{"KmsFreqControl", Outcome::throttled, "throttled", kSlower},

    Rule{"AccessDenied", Outcome::interrupt, "access_denied", kGrant},
    Rule{"AccessForbidden", Outcome::interrupt, "access_denied", kGrant},
    Rule{"ExpiredToken", Outcome::interrupt, "credentials_expired", kKeys},
    Rule{"InvalidAccessKeyId", Outcome::interrupt, "credentials_expired", kKeys},
    Rule{"NoSuchBucket", Outcome::interrupt, "bucket_missing", kBucket},
    Rule{"InvalidRegionName", Outcome::interrupt, "region_mismatch", kRegion},
    Rule{"PermanentRedirect", Outcome::interrupt, "region_mismatch", kRegion},
    Rule{"TemporaryRedirect", Outcome::interrupt, "region_mismatch", kRegion},
    Rule{"PaymentRequired", Outcome::interrupt, "arrears", kPay},
    Rule{"UnavailableForLegalReasons", Outcome::interrupt, "cos_error", kSuspended},
    Rule{"DomainAuditFailed", Outcome::interrupt, "cos_error", kSuspended},
    Rule{"KmsException", Outcome::interrupt, "cos_error", kKms},
    Rule{"KmsKeyDisabled", Outcome::interrupt, "cos_error", kKms},
    Rule{"KmsKeyNotExist", Outcome::interrupt, "cos_error", kKms},
    Rule{"BucketLocked", Outcome::interrupt, "cos_error", kLocked},
    Rule{"QuotaConflict", Outcome::interrupt, "cos_error", kLocked},

    Rule{"NotSent", Outcome::bug, "cos_error", kDefect},  // ours
    Rule{"SignatureDoesNotMatch", Outcome::bug, "cos_error", kSecret},
    Rule{"PathStyleDomainForbidden", Outcome::bug, "cos_error", kStyle},
    Rule{"NotImplemented", Outcome::bug, "cos_error", kDefect},
};

// For codes that are not in the table, and for answers without one. 404 is not "absent" unless COS says so.
Rule rule_of_status(int status) {
  if (status < 200) return {"", Outcome::retry, "cos_unreachable", kNetwork};
  if (status < 300) return {"", Outcome::retry, "cos_error", kWait};
  if (status < 400) return {"", Outcome::interrupt, "region_mismatch", kRegion};
  if (status >= 500) return {"", Outcome::retry, "cos_error", kWait};
  switch (status) {
    case 401:
    case 403:
      return {"", Outcome::interrupt, "access_denied", kGrant};
    case 402:
      return {"", Outcome::interrupt, "arrears", kPay};
    case 404:
      return {"", Outcome::interrupt, "cos_error", kRegion};
    case 408:
      return {"", Outcome::retry, "cos_error", kWait};
    case 409:
      return {"", Outcome::conflict, "", ""};
    case 429:
      return {"", Outcome::throttled, "throttled", kSlower};
    case 451:
      return {"", Outcome::interrupt, "cos_error", kSuspended};
    default:
      return {"", Outcome::bug, "cos_error", kDefect};
  }
}

Rule rule_of(int status, std::string_view code) {
  const auto* found = std::find_if(kCodes.begin(), kCodes.end(), [&](const Rule& rule) { return rule.code == code; });
  return found != kCodes.end() ? *found : rule_of_status(status);
}

// What an answer says in words: from its <Error> document if it has one, from its headers else.
struct Said {
  bool is_error = false;
  std::string code;
  std::string message;
  std::string request_id;
  std::string server_time;
};

Said read(const Answer& answer) {
  Said said;
  pugi::xml_document document;
  if (const auto error = parse_xml(document, answer.body, "Error")) {
    said.is_error = true;
    said.code = child_text(error, "Code");
    said.message = child_text(error, "Message");
    said.request_id = child_text(error, "RequestId");
    said.server_time = child_text(error, "ServerTime");
  }
  if (said.code.empty()) said.code = answer.assumed_code;
  if (said.message.empty()) said.message = answer.error;
  if (said.request_id.empty()) said.request_id = answer.header("x-cos-request-id");
  return said;
}

// One line, printable, bounded: it goes into logs and status pages.
std::string quoted(std::string_view text) {
  std::string line(text.substr(0, kMaxQuoted));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return line;
}

std::string describe(const Answer& answer, const Said& said, const std::string& request) {
  std::string text = request + ": " + (answer.status == 0 ? "no answer" : fmt::format("HTTP {}", answer.status));
  if (!said.code.empty()) text += ' ' + quoted(said.code);
  if (!said.message.empty()) text += ": " + quoted(said.message);
  if (!said.request_id.empty()) text += " (request id " + quoted(said.request_id) + ')';
  return text;
}

std::int64_t retry_after_ms(const Answer& answer) {
  const auto seconds = parse_number(answer.header("retry-after")).value_or(0);
  return static_cast<std::int64_t>(std::min(seconds, kMaxRetryAfterSeconds)) * 1000;
}

std::int64_t server_time_ms(const Answer& answer, const Said& said) {
  const auto date = answer.header("date");
  if (const std::int64_t seconds = date.empty() ? -1 : curl_getdate(date.c_str(), nullptr); seconds > 0) return seconds * 1000;
  return parse_utc_ms(said.server_time).value_or(0);
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

Failure classify(const Answer& answer, const std::string& request, const std::string& bucket) {
  Said said = read(answer);
  if (answer.status >= 200 && answer.status < 300 && !said.is_error && answer.assumed_code.empty()) return {};
  const bool expired = said.code == "AccessDenied" && said.message.find("Request has expired") != std::string::npos;
  const Rule rule = rule_of(answer.status, expired ? "RequestExpired" : said.code);

  Failure failure;
  failure.outcome = rule.outcome;
  failure.reason = rule.reason;
  failure.code = said.code.empty() ? answer.error : said.code;
  failure.message = describe(answer, said, request);
  failure.remedy = fmt::format(fmt::runtime(rule.remedy), fmt::arg("bucket", bucket),
                               fmt::arg("action", answer.action.empty() ? "access" : "name/" + answer.action));
  failure.retry_after_ms = retry_after_ms(answer);
  if (expired || said.code == "RequestTimeTooSkewed") failure.server_time_ms = server_time_ms(answer, said);
  return failure;
}

}  // namespace ch::cos
