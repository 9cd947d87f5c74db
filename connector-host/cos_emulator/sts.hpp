// Tencent Cloud's API as far as credentials go: STS (AssumeRole, AssumeRoleWithWebIdentity, GetCallerIdentity) and the metadata service of
// a CVM. Written from the documentation, apart from the archiver's. Any thread.
#pragma once

#include <string>

#include "cos_emulator/account.hpp"
#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"

namespace ch::cos_emulator {

Response answer_sts(Account& account, const Request& request, const std::string& body, const std::string& request_id);
Response answer_metadata(Account& account, const Request& request);

}  // namespace ch::cos_emulator
