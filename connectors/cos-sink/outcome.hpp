// What a caller can do about the answer of COS: every failure is one of these few classes, decided in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cloud/api.hpp"

namespace ch::cos {

enum class Outcome {
  ok,
  absent,     // 404 of a key (HEAD, or NoSuchKey)
  no_upload,  // 404 NoSuchUpload
  conflict,   // 409: a question; HEAD the key
  retry,      // network, time-out, 5xx, 400 RequestTimeout, damage in transport: the request may or may not have had its effect
  throttled,  // 503 SlowDown, 429: as retry, and slower
  interrupt,  // somebody has to mend something: `reason` says what
  bug,        // our request was wrong (400 Invalid..., SignatureDoesNotMatch): stands until a human looks; `reason` cos_error
};

struct Failure {
  Outcome outcome = Outcome::ok;
  std::string reason;   // interruption reason of the REST API: access_denied, bucket_missing, credentials_expired, role_deleted,
                        // arrears, throttled, cos_unreachable, cos_error, region_mismatch
  std::string code;     // COS's error code or "" ; a libcurl error text for network failures
  std::string message;  // for a person: request, HTTP status, code, COS's message, request id; never a secret
  std::string remedy;   // what to do
  std::int64_t retry_after_ms = 0;  // from Retry-After; 0 none

  bool ok() const { return outcome == Outcome::ok; }
};

// What came back for a request, and what the sender knows and the answer does not say.
struct Answer : cloud::Answer {
  std::string assumed_code = {};       // the code to take for an answer that has none (HEAD answers have no body); "" none
  std::string action = {};             // the CAM action that the request needs: "cos:PutObject"
  std::string resource = {};           // and on what: "qcs::cos:ap-guangzhou:uid/125:logs-125/*"; "" not known
  std::string signed_by = {};          // the secret id
  std::optional<Failure> unsent = {};  // why nothing was sent: there were no credentials to sign with
};

// `request` is "PUT <key>" or the like, for the message. 2xx without an <Error> document is Outcome::ok.
Failure classify(const Answer& answer, const std::string& request, const std::string& bucket);

using cloud::ApiError;
// The same for a request to STS or to the metadata service that did not bring what it promises. `role`: whose keys.
Failure classify_api(const Answer& answer, const ApiError& error, const std::string& request, const std::string& role);

// A policy for CAM, ready to paste: these actions ("cos:PutObject") on this resource.
std::string cam_policy(const std::vector<std::string>& actions, const std::string& resource);

}  // namespace ch::cos
