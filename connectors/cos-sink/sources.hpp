// The kinds of credentials that a task can name, each made into a CredentialSource.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "credentials.hpp"

namespace ch::cos {

struct CredentialSettings {
  std::string kind = "static";  // as cos.credentials says
  Credentials keys;             // static: sign with them; assume-role: of the user that assumes it
  std::string file;             // file
  std::string role_arn;         // assume-role, web-identity
  std::string role_name;        // assume-role without role_arn, instance-role
  std::string provider_id;      // web-identity
  std::string token_file;       // web-identity
  std::string sts_endpoint;
  std::string metadata_endpoint;
  std::string region;  // that STS is asked for
};

// One source for all tasks with the same settings: STS is asked once for them all. Any thread.
// Throws std::invalid_argument for endpoints that are none.
std::shared_ptr<CredentialSource> make_credentials(const CredentialSettings& settings);

// Keys in a file, "secret_id = AKID..." line by line or as JSON; the names are those of Tencent Cloud's own files and
// answers (secret_id, secret_key, token; TmpSecretId, TmpSecretKey, Token, ExpiredTime). Error: what is missing.
KeyFetcher::Fetched parse_key_file(std::string_view text, const std::string& path, std::int64_t now_ms);

}  // namespace ch::cos
