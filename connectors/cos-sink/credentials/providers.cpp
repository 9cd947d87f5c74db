#include "credentials/providers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <connector_host/reasons.hpp>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "credentials/fetching.hpp"

namespace ch::cos {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 10;

}  // namespace

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Failure no_keys(std::string message, std::string remedy) {
  Failure failure;
  failure.outcome = Outcome::interrupt;
  failure.reason = reasons::kCredentialsExpired;
  failure.message = std::move(message);
  failure.remedy = std::move(remedy);
  return failure;
}

KeyFetcher::Fetched fetched(Reply<SessionKeys> reply) {
  if (!reply.ok()) return {std::move(reply.failure)};
  return {{}, std::move(reply.value.credentials), reply.value.life};
}

std::optional<std::string> read_small_file(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFileBytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

KeyFetcher::Fetched unreadable(const std::string& path, const char* key) {
  return {no_keys(fmt::format("{} cannot be read: {}", path, std::strerror(errno)), fmt::format("mend the file that {} names", key))};
}

StsOptions sts_options(const CredentialSettings& settings) {
  return {settings.sts_endpoint, settings.region, {}, &wall_clock_ms, settings.proxy};
}

const std::vector<CredentialKind>& credential_kinds() {
  static const std::vector<CredentialKind> kinds{static_kind(), file_kind(), assume_role_kind(), instance_role_kind(), web_identity_kind()};
  return kinds;
}

const CredentialKind* find_credential_kind(std::string_view name) {
  const auto& kinds = credential_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const CredentialKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::shared_ptr<CredentialSource> make_credentials(const CredentialSettings& settings) {
  const auto* kind = find_credential_kind(settings.kind);
  if (kind == nullptr) throw std::invalid_argument("cos.credentials: '" + settings.kind + "' is no kind of credentials");
  static std::mutex mutex;
  static std::map<CredentialSettings, std::weak_ptr<CredentialSource>> sources;
  const std::lock_guard lock(mutex);
  std::erase_if(sources, [](const auto& entry) { return entry.second.expired(); });
  auto& known = sources[settings];
  if (auto source = known.lock()) return source;
  auto source = kind->make(settings);
  known = source;
  return source;
}

}  // namespace ch::cos
