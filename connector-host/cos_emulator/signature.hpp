// Verification of COS's request signature (q-sign-algorithm=sha1) in the Authorization header or in the query (presigned).
// Written from the documentation, apart from the archiver's signer. Pure functions of their arguments, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cos_emulator/emulator.hpp"
#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {

struct SignedRequest {
  std::string method;
  std::string path;  // percent-decoded once, with the leading "/"; with path style also the bucket
  Pairs query;       // decoded
  Pairs headers;     // names in lower case
};

struct SignatureRefusal {
  int status = 403;
  std::string code;
  std::string message;
  std::string string_to_sign = {};  // of SignatureDoesNotMatch
  std::string format_string = {};
};

// Nothing: the request is signed by a key of `access`, now. `strict` also demands that host, every x-cos-* header but the
// token, and every query parameter are signed: COS does not, but our own client signs all it sends.
std::optional<SignatureRefusal> verify(const SignedRequest& request, const std::map<std::string, Access>& access, std::int64_t now_s,
                                       bool strict);

// The pieces, for known-answer tests.
std::string sign_key(const std::string& secret_key, const std::string& key_time);
std::string format_string(const SignedRequest& request, const std::string& header_list, const std::string& param_list);
std::string string_to_sign(const std::string& sign_time, const std::string& format);
std::string signature(const std::string& key, const std::string& to_sign);

}  // namespace ch::cos_emulator
