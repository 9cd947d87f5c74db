// The kinds of credentials that a task can name, each made into a CredentialSource. A kind is a file in this folder and its row
// in the table of providers.cpp.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cos/credentials.hpp"

namespace ch::cos {

// Two tasks share a source if and only if all of this is equal, so that a member that is added here tells them apart by itself.
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
  std::string region;                     // that STS is asked for
  std::optional<std::string> proxy = {};  // to STS, as in cloud::TransportOptions

  friend auto operator<=>(const CredentialSettings&, const CredentialSettings&) = default;  // NOLINT(modernize-use-nullptr): misread
};

// What a kind cannot do without.
struct NeededSetting {
  std::string value;
  const char* key;             // that it is given by
  const char* otherwise = "";  // where else it may come from, as the end of a sentence
  bool is_path = false;
};

struct CredentialKind {
  std::string_view name;  // as in cos.credentials
  std::vector<NeededSetting> (*needs)(const CredentialSettings& settings);
  std::shared_ptr<CredentialSource> (*make)(const CredentialSettings& settings);
};

const std::vector<CredentialKind>& credential_kinds();
const CredentialKind* find_credential_kind(std::string_view name);  // null: there is none of this name

// One source for all tasks with the same settings: STS is asked once for them all. Any thread.
// Throws std::invalid_argument for a kind that there is not and for endpoints that are none.
std::shared_ptr<CredentialSource> make_credentials(const CredentialSettings& settings);

}  // namespace ch::cos
