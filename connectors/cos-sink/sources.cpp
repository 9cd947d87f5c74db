#include "sources.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "sts.hpp"

namespace ch::cos {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 10;
constexpr const char* kSession = "connector-host";

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Failure no_keys(std::string message, std::string remedy) {
  Failure failure;
  failure.outcome = Outcome::interrupt;
  failure.reason = "credentials_expired";
  failure.message = std::move(message);
  failure.remedy = std::move(remedy);
  return failure;
}

KeyFetcher::Fetched fetched(Reply<SessionKeys> reply) {
  if (!reply.ok()) return {std::move(reply.failure)};
  return {{}, std::move(reply.value.credentials), reply.value.life};
}

// The file's text; nothing if it cannot be read, with the reason in `errno`.
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

class RoleFetcher final : public KeyFetcher {
 public:
  explicit RoleFetcher(const CredentialSettings& settings)
      : settings_(settings), sts_({settings.sts_endpoint, settings.region, {}, &wall_clock_ms}), arn_(settings.role_arn) {}

  Fetched fetch() override {
    if (arn_.empty()) {
      auto account = sts_.account(settings_.keys);
      if (!account.ok()) return {std::move(account.failure)};
      arn_ = fmt::format("qcs::cam::uin/{}:roleName/{}", account.value, settings_.role_name);
    }
    return fetched(sts_.assume_role(settings_.keys, arn_, kSession));
  }

 private:
  const CredentialSettings settings_;
  Sts sts_;
  std::string arn_;
};

class WebIdentityFetcher final : public KeyFetcher {
 public:
  explicit WebIdentityFetcher(const CredentialSettings& settings)
      : settings_(settings), sts_({settings.sts_endpoint, settings.region, {}, &wall_clock_ms}) {}

  // The token is read each time: whoever issued it replaces it.
  Fetched fetch() override {
    auto token = read_small_file(settings_.token_file);
    if (!token) return unreadable(settings_.token_file, "cos.web.identity.token.file");
    while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
    return fetched(sts_.assume_role_with_web_identity(settings_.provider_id, *token, settings_.role_arn, kSession));
  }

 private:
  const CredentialSettings settings_;
  Sts sts_;
};

class InstanceRoleFetcher final : public KeyFetcher {
 public:
  explicit InstanceRoleFetcher(const CredentialSettings& settings)
      : role_(settings.role_name), metadata_(settings.metadata_endpoint, &wall_clock_ms) {}
  Fetched fetch() override { return fetched(metadata_.role_keys(role_)); }

 private:
  const std::string role_;
  MetadataService metadata_;
};

class FileFetcher final : public KeyFetcher {
 public:
  explicit FileFetcher(std::string path) : path_(std::move(path)) {}

  Fetched fetch() override {
    seen_ = stamp();
    const auto text = read_small_file(path_);
    if (!text) return unreadable(path_, "cos.credentials.file");
    return parse_key_file(*text, path_, wall_clock_ms());
  }
  bool changed() override { return stamp() != seen_; }
  bool can_tell_changes() const override { return true; }

 private:
  using Stamp = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;  // what a rewritten file differs in
  Stamp stamp() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }

  const std::string path_;
  Stamp seen_;
};

std::unique_ptr<KeyFetcher> make_fetcher(const CredentialSettings& settings) {
  if (settings.kind == "assume-role") return std::make_unique<RoleFetcher>(settings);
  if (settings.kind == "web-identity") return std::make_unique<WebIdentityFetcher>(settings);
  if (settings.kind == "instance-role") return std::make_unique<InstanceRoleFetcher>(settings);
  return std::make_unique<FileFetcher>(settings.file);
}

std::string identity_of(const CredentialSettings& s) {
  std::string text;
  for (const auto* part : {&s.kind, &s.keys.secret_id, &s.keys.secret_key, &s.keys.token, &s.file, &s.role_arn, &s.role_name,
                           &s.provider_id, &s.token_file, &s.sts_endpoint, &s.metadata_endpoint, &s.region})
    text += fmt::format("{}:{};", part->size(), *part);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// "TmpSecretId", "secret_id", "TENCENTCLOUD_SECRET_ID" -> "secretid"
std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '_' || c == '-' || c == '.' || c == ' ' || c == '\t') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const std::string_view prefix : {"tencentcloud", "tmp"}) {
    if (out.starts_with(prefix)) out.erase(0, prefix.size());
  }
  return out == "sessiontoken" ? "token" : out;
}

std::map<std::string, std::string> names_in(std::string_view text) {
  std::map<std::string, std::string> out;
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_object()) {
    for (const auto& [name, value] : document.items()) out[plain_name(name)] = value.is_string() ? value.get<std::string>() : value.dump();
    return out;
  }
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.front() == '#') continue;
    auto value = line.substr(equals + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    value.remove_suffix(value.size() - (value.find_last_not_of(" \t\r") + 1));
    out[plain_name(line.substr(0, equals))] = value;
  }
  return out;
}

}  // namespace

KeyFetcher::Fetched parse_key_file(std::string_view text, const std::string& path, std::int64_t now_ms) {
  auto names = names_in(text);
  KeyFetcher::Fetched out;
  out.credentials = {names["secretid"], names["secretkey"], names["token"]};
  if (out.credentials.secret_id.empty() || out.credentials.secret_key.empty()) {
    return {no_keys(fmt::format("{} holds no secret_id or no secret_key", path),
                    "write it as lines `secret_id = ...`, `secret_key = ...` and, for temporary keys, `token = ...`, or as JSON")};
  }
  const auto& expired = names["expiredtime"];
  if (expired.empty()) return out;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(expired.data(), expired.data() + expired.size(), seconds);
  if (error != std::errc() || end != expired.data() + expired.size())
    return {no_keys(fmt::format("ExpiredTime in {} is no Unix time", path), "write it in whole seconds")};
  if (seconds * 1000 <= now_ms)
    return {no_keys(fmt::format("the keys in {} expired at Unix time {}", path, seconds),
                    "put new keys into the file; they are taken up by themselves")};
  out.life = milliseconds(seconds * 1000 - now_ms);
  return out;
}

std::shared_ptr<CredentialSource> make_credentials(const CredentialSettings& settings) {
  if (settings.kind == "static") return fixed_credentials(settings.keys);
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<CredentialSource>> sources;
  const auto identity = identity_of(settings);
  const std::lock_guard lock(mutex);
  std::erase_if(sources, [](const auto& entry) { return entry.second.expired(); });
  auto& known = sources[identity];
  if (auto source = known.lock()) return source;
  auto source = std::make_shared<RenewingCredentials>(make_fetcher(settings));
  known = source;
  return source;
}

}  // namespace ch::cos
