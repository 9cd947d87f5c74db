// Keys in a file, "secret_id = AKID..." line by line or as JSON; the names are those of Tencent Cloud's own files and
// answers (secret_id, secret_key, token; TmpSecretId, TmpSecretKey, Token, ExpiredTime). A pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cos/credentials.hpp"

namespace ch::cos {

// Failure: what is missing; it names `path` and holds nothing of the text.
KeyFetcher::Fetched parse_key_file(std::string_view text, const std::string& path, std::int64_t now_ms);

}  // namespace ch::cos
