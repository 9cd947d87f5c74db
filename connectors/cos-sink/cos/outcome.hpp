// What a caller can do about the answer of COS: every failure is one of these few classes, decided in one place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloud/api_error.hpp"
#include "cloud/http.hpp"

namespace ch::cos {

enum class Outcome {
  ok,
  absent,     // 404 of a key (HEAD, or NoSuchKey)
  no_upload,  // 404 NoSuchUpload
  conflict,   // 409: a question; HEAD the key
  retry,      // network, time-out, 5xx, 400 RequestTimeout, damage in transport: the request may or may not have had its effect
  throttled,  // 503 SlowDown, 429: as retry, and slower
  interrupt,  // somebody has to mend something: `reason` says what
  bug,        // our request was wrong (400 Invalid...): stands until a human looks; `reason` cos_error
};

struct Failure {
  Outcome outcome = Outcome::ok;
  std::string reason;               // of an interruption: one of ch::reasons
  std::string code;                 // COS's error code or "" ; a libcurl error text for network failures
  std::string message;              // for a person: request, HTTP status, code, COS's message, request id; never a secret
  std::string remedy;               // what to do
  std::int64_t retry_after_ms = 0;  // from Retry-After; 0 none
  std::string action = {};          // that was not allowed, as Answer has it; "" it is no question of permissions
  std::string resource = {};        // and on what

  bool ok() const { return outcome == Outcome::ok; }
};

// What came back for a request, and what the sender knows and the answer does not say.
struct Answer : cloud::Answer {
  std::string assumed_code = {};       // the code to take for an answer that has none (HEAD answers have no body); "" none
  std::string action = {};             // the CAM action that the request needs: "cos:PutObject"
  std::string resource = {};           // and on what: "qcs::cos:ap-guangzhou:uid/125:logs-125/*"; "" not known
  std::string signed_by = {};          // the secret id
  bool temporary = false;              // of temporary keys: where others are unknown, these have expired or are revoked
  bool error_in_200 = false;           // the request's 200 may hold an <Error>: that of Complete
  std::optional<Failure> unsent = {};  // why nothing was sent: there were no credentials to sign with
};

// `request` is "PUT <key>" or the like, for the message. 2xx is Outcome::ok if COS has given it, as its request id shows; what
// something else has answered in its place says nothing of the effect, whatever its status is. A body is read only where COS
// tells errors in it: what an object holds is nobody's word.
Failure classify(const Answer& answer, const std::string& request, const std::string& bucket);

using cloud::ApiError;
// The same for a request to STS or to the metadata service that did not bring what it promises. `role`: whose keys.
Failure classify_api(const Answer& answer, const ApiError& error, const std::string& request, const std::string& role);

// A policy for CAM, ready to paste: on each resource these actions ("cos:PutObject").
std::string cam_policy(const std::map<std::string, std::vector<std::string>>& actions_by_resource);

}  // namespace ch::cos
