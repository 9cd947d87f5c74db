#include "cos/errors.hpp"

#include <algorithm>
#include <array>
#include <connector_host/reasons.hpp>
#include <span>

namespace ch::cos {
namespace {

constexpr std::string_view kGrant = "in CAM, grant {action} on bucket {bucket} to the user or role of these credentials{policy}";
constexpr std::string_view kKeys =
    "check the task's credentials in the CAM console: the key was deleted, disabled or, if temporary, has expired";
constexpr std::string_view kClock =
    "set this machine's clock (NTP): it differs from Tencent Cloud's; requests are signed by that clock meanwhile";
constexpr std::string_view kBucket =
    "create bucket {bucket} in the COS console (private, in the instance's region) or set cos.bucket.create=true, or correct cos.bucket "
    "and cos.region (a bucket of another region looks missing)";
constexpr std::string_view kRegion = "set cos.region to the region that the COS console shows for bucket {bucket}, and check cos.endpoint";
constexpr std::string_view kPay = "top up the Tencent Cloud account; storing goes on by itself then";
constexpr std::string_view kSuspended = "look in the COS console why bucket {bucket} is suspended (arrears or content audit)";
constexpr std::string_view kKms =
    "in the KMS console, enable the key that bucket {bucket} is encrypted with, or change cos.server.side.encryption";
constexpr std::string_view kLocked = "in the COS console, lift the lock or quota of bucket {bucket}";
constexpr std::string_view kWait = "nothing: it is tried again";
constexpr std::string_view kSlower = "nothing: it is tried again more slowly; ask Tencent Cloud for a higher request limit if it stays";
constexpr std::string_view kSecret = "correct cos.secret.key: it does not belong to cos.secret.id";
constexpr std::string_view kUnknownKey =
    "correct cos.secret.id: in the CAM console there is no such key, or it is disabled or deleted; then take another pair of keys";
constexpr std::string_view kDefect = "check the task's cos.* settings; if they are right, this is a defect: report it with the request id";
constexpr std::string_view kStyle = "set cos.endpoint to the bucket's own host (https://{bucket}.cos.<region>.myqcloud.com)";
constexpr std::string_view kNetwork = "check this machine's route to the endpoint: name resolution, firewall, proxy, TLS certificate";
constexpr std::string_view kBetween =
    "check cos.endpoint, and what lies between this machine and COS: a proxy, a gateway or a login page that answers in its place; "
    "nothing counts as stored by such an answer, it is asked again";
constexpr std::string_view kTaken = "choose another cos.bucket: bucket {bucket} belongs to somebody else";

constexpr std::array kCosRules = {
    Rule{"NoSuchKey", Outcome::absent, "", ""},
    Rule{"NoSuchVersion", Outcome::absent, "", ""},
    Rule{"NoSuchUpload", Outcome::no_upload, "", ""},
    Rule{"FileAlreadyExists", Outcome::conflict, "", ""},
    Rule{"PathConflict", Outcome::conflict, "", ""},
    Rule{"UploadConflict", Outcome::conflict, "", ""},
    Rule{"ObjectLocked", Outcome::conflict, "", ""},

    Rule{"BadDigest", Outcome::retry, reasons::kCosError, kWait},
    Rule{"IncompleteBody", Outcome::retry, reasons::kCosError, kWait},
    Rule{"EntitySizeNotMatch", Outcome::retry, reasons::kCosError, kWait},
    Rule{"RequestTimeout", Outcome::retry, reasons::kCosError, kWait},
    Rule{"UserNetworkTooSlow", Outcome::retry, reasons::kCosError, kWait},
    Rule{"InvalidUploadStatus", Outcome::retry, reasons::kCosError, kWait},
    Rule{"InternalError", Outcome::retry, reasons::kCosError, kWait},
    Rule{"ServiceUnavailable", Outcome::retry, reasons::kCosError, kWait},
    Rule{"KmsInternalException", Outcome::retry, reasons::kCosError, kWait},
    Rule{"CrcMismatch", Outcome::retry, reasons::kCosError, kWait},      // ours
    Rule{"MalformedAnswer", Outcome::retry, reasons::kCosError, kWait},  // ours
    Rule{kNotFromCos, Outcome::retry, reasons::kCosUnreachable, kBetween},
    Rule{"RequestTimeTooSkewed", Outcome::retry, reasons::kCosError, kClock},
    Rule{"RequestExpired", Outcome::retry, reasons::kCosError, kClock},  // ours, for AccessDenied with the message "Request has expired"
    Rule{"SlowDown", Outcome::throttled, reasons::kThrottled, kSlower},
    Rule{"KmsFreqControl", Outcome::throttled, reasons::kThrottled, kSlower},

    Rule{"AccessDenied", Outcome::interrupt, reasons::kAccessDenied, kGrant},
    Rule{"AccessForbidden", Outcome::interrupt, reasons::kAccessDenied, kGrant},
    Rule{"BucketAlreadyExists", Outcome::interrupt, reasons::kAccessDenied, kTaken},
    Rule{"ExpiredToken", Outcome::interrupt, reasons::kCredentialsExpired, kKeys},
    Rule{"InvalidAccessKeyId", Outcome::interrupt, reasons::kCredentialsRefused, kUnknownKey},
    Rule{"SignatureDoesNotMatch", Outcome::interrupt, reasons::kCredentialsRefused, kSecret},
    Rule{"NoSuchBucket", Outcome::interrupt, reasons::kBucketMissing, kBucket},
    Rule{"InvalidRegionName", Outcome::interrupt, reasons::kRegionMismatch, kRegion},
    Rule{"PermanentRedirect", Outcome::interrupt, reasons::kRegionMismatch, kRegion},
    Rule{"TemporaryRedirect", Outcome::interrupt, reasons::kRegionMismatch, kRegion},
    Rule{"PaymentRequired", Outcome::interrupt, reasons::kArrears, kPay},
    Rule{"UnavailableForLegalReasons", Outcome::interrupt, reasons::kCosError, kSuspended},
    Rule{"DomainAuditFailed", Outcome::interrupt, reasons::kCosError, kSuspended},
    Rule{"KmsException", Outcome::interrupt, reasons::kCosError, kKms},
    Rule{"KmsKeyDisabled", Outcome::interrupt, reasons::kCosError, kKms},
    Rule{"KmsKeyNotExist", Outcome::interrupt, reasons::kCosError, kKms},
    Rule{"BucketLocked", Outcome::interrupt, reasons::kCosError, kLocked},
    Rule{"QuotaConflict", Outcome::interrupt, reasons::kCosError, kLocked},

    Rule{"NotSent", Outcome::bug, reasons::kCosError, kDefect},  // ours
    Rule{"PathStyleDomainForbidden", Outcome::bug, reasons::kCosError, kStyle},
    Rule{"NotImplemented", Outcome::bug, reasons::kCosError, kDefect},
};

constexpr std::string_view kRole =
    "in CAM, make the role {role} again, with a trust policy for this account and a policy for the bucket, or correct cos.role.arn or "
    "cos.role.name; storing goes on by itself then";
constexpr std::string_view kAssume =
    "in CAM, allow name/sts:AssumeRole on the role {role} to the user of cos.secret.id, and let the role's trust policy name that account";
constexpr std::string_view kRoleSettings = "check cos.role.arn, cos.role.name, cos.web.identity.* and sts.endpoint of the task";
constexpr std::string_view kBetweenApi =
    "check the host's sts.endpoint and cvm.metadata.endpoint, cos.proxy.url, and what lies on the way: a proxy or a gateway answers in "
    "the place of Tencent Cloud";
constexpr std::string_view kWebToken =
    "check cos.web.identity.token.file and cos.web.identity.provider.id: the token is expired or of another provider";
constexpr std::string_view kPermanent = "give cos.secret.id and cos.secret.key of a CAM user: a temporary key cannot assume a role";
constexpr std::string_view kBinding = "in the CVM console, bind a role to this instance (or the one that cos.role.name names)";
constexpr std::string_view kAccount = "look in the Tencent Cloud console why the account is not available";

// An entry without a dot also stands for all codes that go on behind one and have no entry of their own.
constexpr std::array kApiRules = {
    Rule{"ResourceNotFound.RoleNotFound", Outcome::interrupt, reasons::kRoleDeleted, kRole},
    Rule{"InvalidParameter.RoleNotExist", Outcome::interrupt, reasons::kRoleDeleted, kRole},
    Rule{"InternalError.GetRoleError", Outcome::interrupt, reasons::kRoleDeleted, kRole},
    Rule{"InternalError.IllegalRole", Outcome::interrupt, reasons::kRoleDeleted, kRole},
    Rule{"ResourceNotFound", Outcome::interrupt, reasons::kRoleDeleted, kRole},
    Rule{"NoRoleBound", Outcome::interrupt, reasons::kRoleDeleted, kBinding},  // ours, for the metadata's 404

    Rule{"AuthFailure.SignatureExpire", Outcome::retry, reasons::kCosError, kClock},
    Rule{"AuthFailure.SignatureFailure", Outcome::interrupt, reasons::kCredentialsRefused, kSecret},
    Rule{"AuthFailure.TokenFailure", Outcome::interrupt, reasons::kCredentialsExpired, kKeys},
    Rule{"AuthFailure.UnauthorizedOperation", Outcome::interrupt, reasons::kAccessDenied, kAssume},
    Rule{"AuthFailure", Outcome::interrupt, reasons::kCredentialsRefused, kUnknownKey},  // SecretIdNotFound, AccessKeyIllegal, ...
    Rule{"UnauthorizedOperation", Outcome::interrupt, reasons::kAccessDenied, kAssume},
    Rule{"FailedOperation.TempKeyNotAllowed", Outcome::interrupt, reasons::kAccessDenied, kPermanent},
    Rule{"InvalidParameter.AccountNotAvaliable", Outcome::interrupt, reasons::kAccessDenied, kAccount},  // spelt so by STS
    Rule{"InvalidParameter.WebIdentityTokenError", Outcome::interrupt, reasons::kCredentialsExpired, kWebToken},

    Rule{"RequestLimitExceeded", Outcome::throttled, reasons::kThrottled, kSlower},
    Rule{"InternalError", Outcome::retry, reasons::kCosError, kWait},
    Rule{"MalformedAnswer", Outcome::retry, reasons::kCosError, kWait},  // ours
    Rule{"InvalidParameter", Outcome::bug, reasons::kCosError, kRoleSettings},
    Rule{"MissingParameter", Outcome::bug, reasons::kCosError, kRoleSettings},
    Rule{"UnsupportedOperation", Outcome::bug, reasons::kCosError, kRoleSettings},
};

// Of a code that stands twice the second row would never be found.
template <std::size_t N>
constexpr bool all_differ(const std::array<Rule, N>& rules) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (rules[i].code == rules[k].code) return false;
    }
  }
  return true;
}
static_assert(all_differ(kCosRules) && all_differ(kApiRules));

// 404 is not "absent" unless COS says so.
Rule rule_of_status(int status) {
  if (status < 200) return {"", Outcome::retry, reasons::kCosUnreachable, kNetwork};
  if (status < 300) return {"", Outcome::retry, reasons::kCosError, kWait};
  if (status < 400) return {"", Outcome::interrupt, reasons::kRegionMismatch, kRegion};
  if (status >= 500) return {"", Outcome::retry, reasons::kCosError, kWait};
  switch (status) {
    case 401:
    case 403:
      return {"", Outcome::interrupt, reasons::kAccessDenied, kGrant};
    case 402:
      return {"", Outcome::interrupt, reasons::kArrears, kPay};
    case 404:
      return {"", Outcome::interrupt, reasons::kCosError, kRegion};
    case 408:
      return {"", Outcome::retry, reasons::kCosError, kWait};
    case 409:
      return {"", Outcome::conflict, "", ""};
    case 429:
      return {"", Outcome::throttled, reasons::kThrottled, kSlower};
    case 451:
      return {"", Outcome::interrupt, reasons::kCosError, kSuspended};
    default:
      return {"", Outcome::bug, reasons::kCosError, kDefect};
  }
}

const Rule* find(std::span<const Rule> rules, std::string_view code) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.code == code; });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

Rule rule_of(int status, std::string_view code) {
  const Rule* found = find(kCosRules, code);
  return found != nullptr ? *found : rule_of_status(status);
}

Rule rule_of_api(int status, std::string_view code) {
  if (const Rule* exact = find(kApiRules, code)) return *exact;
  if (const Rule* family = find(kApiRules, code.substr(0, code.find('.')))) return *family;
  if (status == 0) return {"", Outcome::retry, reasons::kCosUnreachable, kNetwork};
  if (status == 429) return {"", Outcome::throttled, reasons::kThrottled, kSlower};
  if (code.empty() && status >= 400 && status < 500) return {"", Outcome::retry, reasons::kCosUnreachable, kBetweenApi};
  if (code.empty()) return {"", Outcome::retry, reasons::kCosError, kWait};
  return {"", Outcome::bug, reasons::kCosError, kRoleSettings};
}

}  // namespace ch::cos
