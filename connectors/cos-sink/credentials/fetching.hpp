// What the kinds of credentials have in common, and the maker of each; for the files of this folder alone. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "credentials/providers.hpp"
#include "credentials/sts.hpp"

namespace ch::cos {

// One for each file; rows of credential_kinds().
CredentialKind static_kind();
CredentialKind file_kind();
CredentialKind assume_role_kind();
CredentialKind web_identity_kind();
CredentialKind instance_role_kind();

constexpr const char* kSessionName = "connector-host";  // of the roles that are assumed

std::int64_t wall_clock_ms();
Failure no_keys(std::string message, std::string remedy);
StsOptions sts_options(const CredentialSettings& settings);
KeyFetcher::Fetched fetched(Reply<SessionKeys> reply);
// The file's text; nothing if it cannot be read, with the reason in `errno`.
std::optional<std::string> read_small_file(const std::string& path);
KeyFetcher::Fetched unreadable(const std::string& path, const char* key);  // says what `errno` says

template <class Fetcher>
std::shared_ptr<CredentialSource> renewing(const CredentialSettings& settings) {
  return std::make_shared<RenewingCredentials>(std::make_unique<Fetcher>(settings));
}

}  // namespace ch::cos
