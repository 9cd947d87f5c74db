// Tencent Cloud's API as far as credentials go: STS (AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity; requests
// must be signed with TC3-HMAC-SHA256) and the metadata service of a CVM. Written from the documentation, apart from the
// archiver's. Any thread.
#pragma once

#include <string>

#include "cos_emulator/account.hpp"
#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"

namespace ch::cos_emulator {

Response answer_sts(Account& account, const Request& request, const std::string& body, const std::string& request_id);
Response sts_error(const std::string& code, const std::string& message, const std::string& request_id);
Response answer_metadata(Account& account, const Request& request);

// For known-answer tests: what the header Authorization must end in.
std::string tc3_signature(const std::string& secret_key, const std::string& service, const std::string& host,
                          const std::string& content_type, const std::string& body, std::int64_t timestamp);

}  // namespace ch::cos_emulator
