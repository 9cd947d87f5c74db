#include "cos_emulator/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ch::cos_emulator {
namespace {

constexpr const char* kTokenName = "x-cos-security-token";
constexpr const char* kUnknownKey = "The Access Key Id you provided does not exist in our records.";

struct Canonical {
  std::string text;  // k=v joined with "&"
  std::string list;  // the k's joined with ";"
};

Canonical canonical(const Pairs& given, const std::string& wanted_list) {
  const auto names = split(wanted_list, ';');
  const std::set<std::string> wanted(names.begin(), names.end());
  Pairs chosen;
  for (const auto& [name, value] : given) {
    const std::string key = lower(percent_encode(name));
    if (wanted.count(key) != 0) chosen.emplace_back(key, percent_encode(value));
  }
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Canonical out;
  for (const auto& [key, value] : chosen) {
    const char* between = out.list.empty() ? "" : "&";
    out.text += fmt::format("{}{}={}", between, key, value);
    out.list += (out.list.empty() ? "" : ";") + key;
  }
  return out;
}

// The seven fields, from wherever they are; nothing: the request is not signed.
std::optional<Pairs> signature_fields(const SignedRequest& request) {
  if (const std::string* header = find(request.headers, "authorization")) {
    Pairs out;
    for (const std::string& piece : split(*header, '&')) {
      const std::size_t equals = piece.find('=');
      out.emplace_back(piece.substr(0, equals), equals == std::string::npos ? "" : piece.substr(equals + 1));
    }
    return out;
  }
  if (find(request.query, "q-sign-algorithm")) return request.query;
  return std::nullopt;
}

struct Window {
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool holds(std::int64_t now_s) const { return start <= now_s && now_s <= end; }
};

std::optional<Window> parse_window(const std::string& text) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == std::string::npos) return std::nullopt;
  const auto start = to_number<std::int64_t>(text.substr(0, semicolon));
  const auto end = to_number<std::int64_t>(text.substr(semicolon + 1));
  if (!start || !end) return std::nullopt;
  return Window{*start, *end};
}

std::optional<SignatureRefusal> malformed(const Pairs& fields) {
  for (const char* name : {"q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list", "q-signature"}) {
    if (!find(fields, name)) return SignatureRefusal{400, "InvalidArgument", fmt::format("The signature has no field {}.", name)};
  }
  if (*find(fields, "q-sign-algorithm") != "sha1") {
    return SignatureRefusal{400, "InvalidArgument", "q-sign-algorithm must be sha1."};
  }
  for (const char* name : {"q-sign-time", "q-key-time"}) {
    if (!parse_window(*find(fields, name))) {
      return SignatureRefusal{400, "InvalidArgument", fmt::format("{} must be two Unix times with a semicolon between.", name)};
    }
  }
  return std::nullopt;
}

std::optional<SignatureRefusal> refuse_token(const SignedRequest& request, const Access& access, std::int64_t now_s) {
  const std::string* sent = find(request.headers, kTokenName);
  if (!sent) sent = find(request.query, kTokenName);
  if ((sent ? *sent : "") != access.token) return SignatureRefusal{403, "InvalidAccessKeyId", kUnknownKey};
  if (access.expires_s && now_s >= *access.expires_s) {
    return SignatureRefusal{400, "ExpiredToken", "The provided token has expired."};
  }
  return std::nullopt;
}

// The first thing that ought to be signed and is not.
std::string unsigned_name(const SignedRequest& request, const std::string& header_list, const std::string& param_list) {
  const auto headers = split(header_list, ';');
  const auto params = split(param_list, ';');
  const auto listed = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), lower(percent_encode(name))) != list.end();
  };
  for (const auto& [name, value] : request.headers) {
    const bool matters = name == "host" || (name.rfind("x-cos-", 0) == 0 && name != kTokenName);
    if (matters && !listed(headers, name)) return name;
  }
  for (const auto& [name, value] : request.query) {
    if (name.rfind("q-", 0) != 0 && name != kTokenName && !listed(params, name)) return name;
  }
  return {};
}

}  // namespace

std::string sign_key(const std::string& secret_key, const std::string& key_time) { return hmac_sha1_hex(secret_key, key_time); }

std::string format_string(const SignedRequest& request, const std::string& header_list, const std::string& param_list) {
  return fmt::format("{}\n{}\n{}\n{}\n", lower(request.method), request.path, canonical(request.query, param_list).text,
                     canonical(request.headers, header_list).text);
}

std::string string_to_sign(const std::string& sign_time, const std::string& format) {
  return fmt::format("sha1\n{}\n{}\n", sign_time, sha1_hex(format));
}

std::string signature(const std::string& key, const std::string& to_sign) { return hmac_sha1_hex(key, to_sign); }

std::optional<SignatureRefusal> verify(const SignedRequest& request, const std::map<std::string, Access>& access, std::int64_t now_s,
                                       bool strict) {
  const auto fields = signature_fields(request);
  if (!fields) return SignatureRefusal{403, "AccessDenied", "Access Denied: the request is not signed."};
  if (auto refusal = malformed(*fields)) return refusal;
  const auto known = access.find(*find(*fields, "q-ak"));
  if (known == access.end()) return SignatureRefusal{403, "InvalidAccessKeyId", kUnknownKey};
  if (auto refusal = refuse_token(request, known->second, now_s)) return refusal;

  const std::string& sign_time = *find(*fields, "q-sign-time");
  const std::string& key_time = *find(*fields, "q-key-time");
  if (!parse_window(sign_time)->holds(now_s) || !parse_window(key_time)->holds(now_s)) {
    return SignatureRefusal{403, "AccessDenied", "Request has expired"};
  }

  const std::string& header_list = *find(*fields, "q-header-list");
  const std::string& param_list = *find(*fields, "q-url-param-list");
  const std::string format = format_string(request, header_list, param_list);
  const std::string to_sign = string_to_sign(sign_time, format);
  // A list in another order or with a name that was not sent would be signed differently by COS's rules.
  const bool lists_match =
      canonical(request.headers, header_list).list == header_list && canonical(request.query, param_list).list == param_list;
  if (!lists_match || signature(sign_key(known->second.secret_key, key_time), to_sign) != *find(*fields, "q-signature")) {
    return SignatureRefusal{403, "SignatureDoesNotMatch", "The Signature you specified is invalid.", to_sign, format};
  }
  if (strict) {
    const std::string name = unsigned_name(request, header_list, param_list);
    if (!name.empty()) return SignatureRefusal{403, "AccessDenied", fmt::format("{} was sent but is not signed.", name)};
  }
  return std::nullopt;
}

}  // namespace ch::cos_emulator
