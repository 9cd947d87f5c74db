#include "credentials/key_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "cloud/json.hpp"
#include "credentials/fetching.hpp"

namespace ch::cos {
namespace {

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
  const auto document = cloud::parse_foreign(text);
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
  if (error != std::errc() || end != expired.data() + expired.size() || seconds > cloud::kLargestNumber || seconds < 0)
    return {no_keys(fmt::format("ExpiredTime in {} is no Unix time", path), "write it in whole seconds")};
  if (seconds * 1000 <= now_ms)
    return {no_keys(fmt::format("the keys in {} expired at Unix time {}", path, seconds),
                    "put new keys into the file; they are taken up by themselves")};
  out.life = std::chrono::milliseconds(seconds * 1000 - now_ms);
  return out;
}

}  // namespace ch::cos
