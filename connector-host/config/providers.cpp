#include "config/providers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/properties.hpp"
#include "config/values.hpp"

namespace ch::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxPlaceholders = 64;  // of a task: each may read and parse a file of that size
constexpr std::size_t kShortestRedacted = 3;  // shorter values are in every sentence
constexpr std::string_view kFileKey = "config.providers.file.param.allowed.paths";
constexpr std::string_view kDirKey = "config.providers.dir.param.allowed.paths";
constexpr std::string_view kEnvironmentKey = "config.providers.env.param.allowlist.pattern";
constexpr std::string_view kOwnVariables = "CONNECTOR_HOST_";  // hold the host's own secrets

struct Placeholder {
  std::size_t begin = 0, end = 0;  // in the value
  std::string provider;
  std::optional<std::string> path;
  std::string key;
};

// The next ${provider:key} or ${provider:path:key} from `from` on. Text such as "${x}" is none, as in Kafka Connect.
std::optional<Placeholder> find_placeholder(std::string_view value, std::size_t from) {
  for (auto begin = value.find("${", from); begin != std::string_view::npos; begin = value.find("${", begin + 2)) {
    const auto end = value.find('}', begin);
    if (end == std::string_view::npos) return std::nullopt;
    const auto inner = value.substr(begin + 2, end - begin - 2);
    const auto first = inner.find(':');
    if (first == std::string_view::npos) continue;
    Placeholder found{begin, end + 1, std::string(inner.substr(0, first)), std::nullopt, {}};
    const auto rest = inner.substr(first + 1);
    const auto second = rest.find(':');
    if (second != std::string_view::npos) found.path = std::string(rest.substr(0, second));
    found.key = std::string(second == std::string_view::npos ? rest : rest.substr(second + 1));
    return found;
  }
  return std::nullopt;
}

std::size_t placeholders_in(std::string_view value, std::size_t most) {
  std::size_t count = 0;
  for (auto found = find_placeholder(value, 0); found && count < most; found = find_placeholder(value, found->end)) ++count;
  return count;
}

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::invalid, std::move(message)); }

tl::unexpected<Error> not_listed(std::string_view key) {
  return refuse(fmt::format(
      "may not be read by tasks, because this host listens to more than its own machine: list what they may read in the host's {}", key));
}

bool is_within(const fs::path& path, const std::vector<fs::path>& allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const fs::path& folder) {
    std::error_code error;
    const auto base = fs::weakly_canonical(folder, error);
    if (error) return false;
    return std::mismatch(base.begin(), base.end(), path.begin(), path.end()).first == base.end();
  });
}

// By its place and, since a file may have other names, by what it is.
bool is_own(const fs::path& real, const std::vector<fs::path>& own, const struct stat* opened = nullptr) {
  return is_within(real, own) ||
         (opened != nullptr && std::any_of(own.begin(), own.end(), [&](const fs::path& path) {
            struct stat status {};
            return ::stat(path.c_str(), &status) == 0 && status.st_dev == opened->st_dev && status.st_ino == opened->st_ino;
          }));
}

tl::unexpected<Error> not_for_tasks() {
  return refuse("is the host's own: its configuration, state, key and environment are not for tasks");
}

// Where the path leads, symbolic links followed, if that is allowed.
Result<fs::path> allowed_path(const std::string& given, const std::optional<std::vector<fs::path>>& allowed, const ProviderLimits& limits,
                              std::string_view key) {
  const fs::path path(given);
  if (!path.is_absolute()) return refuse("needs an absolute path");
  if (!allowed && limits.only_listed) return not_listed(key);
  std::error_code error;
  const auto real = fs::weakly_canonical(path, error);
  if (!error && is_own(real, limits.own)) return not_for_tasks();
  if (!allowed) return path;
  if (error || !is_within(real, *allowed)) return refuse(fmt::format("is outside what the host's {} allows", key));
  return real;
}

Result<std::string> read_file(const fs::path& path, const ProviderLimits& limits) {
  // Not blocking: what was put there may be a pipe.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refuse(fmt::format("cannot be read: {}", std::strerror(errno)));
  struct stat status {};
  std::string text;
  std::string fault;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) fault = "is not a file";
  std::error_code ignored;  // what was opened may be another file than the one that was looked at
  const bool own = fault.empty() && is_own(fs::read_symlink(fmt::format("/proc/self/fd/{}", fd), ignored), limits.own, &status);
  std::array<char, 8192> piece{};
  while (fault.empty() && !own) {
    const auto got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fault = fmt::format("cannot be read: {}", std::strerror(errno));
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxFileBytes) fault = "is larger than 1 MiB";
  }
  ::close(fd);
  if (own) return not_for_tasks();
  if (!fault.empty()) return refuse(std::move(fault));
  return text;
}

Result<std::string> from_file(const std::string& path, const std::string& key, const ProviderLimits& limits) {
  const auto real = allowed_path(path, limits.file_paths, limits, kFileKey);
  if (!real) return tl::unexpected(real.error());
  const auto text = read_file(*real, limits);
  if (!text) return tl::unexpected(text.error());
  const auto entries = parse_properties(*text);
  const auto found = entries.find(key);
  if (found == entries.end()) return refuse("has no such key");
  return found->second;
}

Result<std::string> from_dir(const std::string& path, const std::string& file, const ProviderLimits& limits) {
  if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos)
    return refuse("needs the name of a file in that folder, as in ${dir:/run/secrets:cos-key}");
  const auto real = allowed_path(path + "/" + file, limits.dir_paths, limits, kDirKey);
  if (!real) return tl::unexpected(real.error());
  auto text = read_file(*real, limits);
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();  // an editor's; no value of ours may hold one
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

Result<std::string> from_environment(const std::string& name, const ProviderLimits& limits) {
  if (name.starts_with(kOwnVariables)) return refuse("is one of the host's own variables");
  if (!limits.environment && limits.only_listed) return not_listed(kEnvironmentKey);
  if (limits.environment && !limits.environment->matches(name))
    return refuse(fmt::format("is outside what the host's {} allows", kEnvironmentKey));
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return refuse("is not set in the host's environment");
  return std::string(value);
}

}  // namespace

bool has_placeholder(std::string_view value) { return find_placeholder(value, 0).has_value(); }

Result<std::string> Providers::value_of(const std::string& provider, const std::optional<std::string>& path, const std::string& key) const {
  if (provider != "env" && provider != "file" && provider != "dir")
    return refuse("names no provider; there are ${env:NAME}, ${file:PATH:KEY} and ${dir:PATH:FILE}");
  if (provider == "env") return path ? refuse("must be ${env:NAME}") : from_environment(key, limits_);
  if (!path) return refuse(provider == "file" ? "must be ${file:PATH:KEY}" : "must be ${dir:PATH:FILE}");
  return provider == "file" ? from_file(*path, key, limits_) : from_dir(*path, key, limits_);
}

Status Providers::may_read(const std::string& path) const {
  const auto allowed = allowed_path(path, limits_.file_paths, limits_, kFileKey);
  if (!allowed) return tl::unexpected(allowed.error());
  return {};
}

Result<std::string> Providers::resolve(std::string_view value) const {
  std::string out;
  std::size_t at = 0;
  while (const auto found = find_placeholder(value, at)) {
    const auto text = value.substr(found->begin, found->end - found->begin);
    auto replacement = value_of(found->provider, found->path, found->key);
    if (!replacement) return refuse(fmt::format("{} cannot be resolved: it {}", shown(text), replacement.error().message));
    if (!limits_.own_token.empty() && replacement->find(limits_.own_token) != std::string::npos)
      return refuse(fmt::format("{} cannot be resolved: it stands for the host's own api.token", shown(text)));
    out += value.substr(at, found->begin - at);
    out += *replacement;
    at = found->end;
  }
  out += value.substr(at);
  return out;
}

Providers::Resolved Providers::resolve(const Config& config) const {
  Resolved out;
  out.config = config;
  std::size_t count = 0;
  for (auto& [key, value] : out.config) {
    if (!has_placeholder(value)) continue;
    out.raw.emplace(key, value);
    count += placeholders_in(value, kMaxPlaceholders + 1);
    if (count > kMaxPlaceholders) {
      out.problems.push_back({key, "", fmt::format("is one placeholder too many: a task may have {}", kMaxPlaceholders)});
      continue;
    }
    auto resolved = resolve(value);
    if (resolved) {
      value = std::move(*resolved);
    } else {
      out.problems.push_back({key, "", resolved.error().message});
    }
  }
  return out;
}

std::string Providers::Resolved::redacted(std::string text) const {
  for (const auto& [key, placeholder] : raw) {
    const auto& secret = config.find(key)->second;
    if (secret.size() < kShortestRedacted || secret == placeholder) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + placeholder.size()))
      text.replace(at, secret.size(), placeholder);
  }
  return text;
}

}  // namespace ch::config
