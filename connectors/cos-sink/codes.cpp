#include "codes.hpp"

#include <algorithm>
#include <array>

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
constexpr std::string_view kSecret = "check that cos.secret.key belongs to cos.secret.id; if it does, this is a defect: report it";
constexpr std::string_view kDefect = "check the task's cos.* settings; if they are right, this is a defect: report it with the request id";
constexpr std::string_view kStyle = "set cos.endpoint to the bucket's own host (https://{bucket}.cos.<region>.myqcloud.com)";
constexpr std::string_view kNetwork = "check this machine's route to the endpoint: name resolution, firewall, TLS certificate";
constexpr std::string_view kTaken = "choose another cos.bucket: bucket {bucket} belongs to somebody else";

constexpr std::array kCosRules = {
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
    Rule{"BucketAlreadyExists", Outcome::interrupt, "access_denied", kTaken},
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

constexpr std::string_view kRole =
    "in CAM, make the role {role} again, with a trust policy for this account and a policy for the bucket, or correct cos.role.arn or "
    "cos.role.name; storing goes on by itself then";
constexpr std::string_view kAssume =
    "in CAM, allow name/sts:AssumeRole on the role {role} to the user of cos.secret.id, and let the role's trust policy name that account";
constexpr std::string_view kRoleSettings = "check cos.role.arn, cos.role.name, cos.web.identity.* and sts.endpoint of the task";
constexpr std::string_view kWebToken =
    "check cos.web.identity.token.file and cos.web.identity.provider.id: the token is expired or of another provider";
constexpr std::string_view kPermanent = "give cos.secret.id and cos.secret.key of a CAM user: a temporary key cannot assume a role";
constexpr std::string_view kBinding = "in the CVM console, bind a role to this instance (or the one that cos.role.name names)";
constexpr std::string_view kAccount = "look in the Tencent Cloud console why the account is not available";

// An entry without a dot also stands for all codes that go on behind one and have no entry of their own.
constexpr std::array kApiRules = {
    Rule{"ResourceNotFound.RoleNotFound", Outcome::interrupt, "role_deleted", kRole},
    Rule{"InvalidParameter.RoleNotExist", Outcome::interrupt, "role_deleted", kRole},
    Rule{"InternalError.GetRoleError", Outcome::interrupt, "role_deleted", kRole},
    Rule{"InternalError.IllegalRole", Outcome::interrupt, "role_deleted", kRole},
    Rule{"ResourceNotFound", Outcome::interrupt, "role_deleted", kRole},
    Rule{"NoRoleBound", Outcome::interrupt, "role_deleted", kBinding},  // ours, for the metadata's 404

    Rule{"AuthFailure.SignatureExpire", Outcome::retry, "cos_error", kClock},
    Rule{"AuthFailure.SignatureFailure", Outcome::interrupt, "credentials_expired", kSecret},
    Rule{"AuthFailure.UnauthorizedOperation", Outcome::interrupt, "access_denied", kAssume},
    Rule{"AuthFailure", Outcome::interrupt, "credentials_expired", kKeys},  // SecretIdNotFound, TokenFailure, AccessKeyIllegal, ...
    Rule{"UnauthorizedOperation", Outcome::interrupt, "access_denied", kAssume},
    Rule{"FailedOperation.TempKeyNotAllowed", Outcome::interrupt, "access_denied", kPermanent},
    Rule{"InvalidParameter.AccountNotAvaliable", Outcome::interrupt, "access_denied", kAccount},  // spelt so by STS
    Rule{"InvalidParameter.WebIdentityTokenError", Outcome::interrupt, "credentials_expired", kWebToken},

    Rule{"RequestLimitExceeded", Outcome::throttled, "throttled", kSlower},
    Rule{"InternalError", Outcome::retry, "cos_error", kWait},
    Rule{"MalformedAnswer", Outcome::retry, "cos_error", kWait},  // ours
    Rule{"InvalidParameter", Outcome::bug, "cos_error", kRoleSettings},
    Rule{"MissingParameter", Outcome::bug, "cos_error", kRoleSettings},
    Rule{"UnsupportedOperation", Outcome::bug, "cos_error", kRoleSettings},
};

// 404 is not "absent" unless COS says so.
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

const Rule* find(std::span<const Rule> rules, std::string_view code) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.code == code; });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Rule> cos_rules() { return kCosRules; }
std::span<const Rule> api_rules() { return kApiRules; }

Rule rule_of(int status, std::string_view code) {
  const Rule* found = find(kCosRules, code);
  return found != nullptr ? *found : rule_of_status(status);
}

Rule rule_of_api(int status, std::string_view code) {
  if (const Rule* exact = find(kApiRules, code)) return *exact;
  if (const Rule* family = find(kApiRules, code.substr(0, code.find('.')))) return *family;
  if (status == 0) return {"", Outcome::retry, "cos_unreachable", kNetwork};
  if (status == 429) return {"", Outcome::throttled, "throttled", kSlower};
  if (code.empty() && (status < 400 || status >= 500)) return {"", Outcome::retry, "cos_error", kWait};
  return {"", Outcome::bug, "cos_error", kRoleSettings};
}

}  // namespace ch::cos
