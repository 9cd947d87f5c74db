#include "cos/signer.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace ch::cos {
namespace {

constexpr std::string_view kAlgorithm = "sha1";

std::string hex_of(const std::array<unsigned char, EVP_MAX_MD_SIZE>& digest, unsigned size) {
  return cloud::hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac_sha1(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           out.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL refuses HMAC-SHA1");
  }
  return hex_of(out, size);
}

std::string sha1(std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), out.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL refuses SHA-1");
  }
  return hex_of(out, size);
}

// By hand: tolower depends on the locale.
std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Parameters or headers as they are signed: "k=v&k=v", and their names "k;k".
struct Canonical {
  std::string pairs;
  std::string names;
};

Canonical canonical(const Pairs& pairs) {
  Pairs sorted;
  sorted.reserve(pairs.size());
  for (const auto& [name, value] : pairs) sorted.emplace_back(lower(percent_encode(name)), percent_encode(value));
  std::sort(sorted.begin(), sorted.end());
  Canonical result;
  for (const auto& [name, value] : sorted) {
    if (!result.names.empty()) {
      result.pairs += '&';
      result.names += ';';
    }
    result.pairs += name + '=' + value;
    result.names += name;
  }
  return result;
}

std::string key_time(std::int64_t start, std::int64_t end) { return std::to_string(start) + ';' + std::to_string(end); }

// The q-* fields in COS's order.
Pairs fields(const Credentials& credentials, const SignedRequest& request, std::int64_t start, std::int64_t end) {
  const auto time = key_time(start, end);
  return {{"q-sign-algorithm", std::string(kAlgorithm)},
          {"q-ak", credentials.secret_id},
          {"q-sign-time", time},
          {"q-key-time", time},
          {"q-header-list", canonical(request.headers).names},
          {"q-url-param-list", canonical(request.query).names},
          {"q-signature", signature(sign_key(credentials.secret_key, start, end), request, start, end)}};
}

}  // namespace

std::string encode_path(std::string_view key) { return percent_encode(key, "/"); }

std::string sign_key(std::string_view secret_key, std::int64_t start, std::int64_t end) {
  return hmac_sha1(secret_key, key_time(start, end));
}

std::string signature(std::string_view sign_key, const SignedRequest& request, std::int64_t start, std::int64_t end) {
  std::string http = lower(std::string(request.method)) + '\n';
  http.append(request.path) += '\n';
  http += canonical(request.query).pairs + '\n';
  http += canonical(request.headers).pairs + '\n';
  std::string text(kAlgorithm);
  text += '\n' + key_time(start, end) + '\n' + sha1(http) + '\n';
  return hmac_sha1(sign_key, text);
}

std::string authorization(const Credentials& credentials, const SignedRequest& request, std::int64_t start, std::int64_t end) {
  std::string text;
  for (const auto& [name, value] : fields(credentials, request, start, end)) {
    if (!text.empty()) text += '&';
    text += name + '=' + value;
  }
  return text;
}

std::string presigned_query(const Credentials& credentials, const SignedRequest& request, std::int64_t start, std::int64_t end) {
  Pairs query = request.query;
  if (!credentials.token.empty()) query.emplace_back("x-cos-security-token", credentials.token);
  const SignedRequest whole{request.method, request.path, query, request.headers};
  Pairs sent = query;
  for (auto& field : fields(credentials, whole, start, end)) sent.push_back(std::move(field));
  std::string text;
  for (const auto& [name, value] : sent) {
    if (!text.empty()) text += '&';
    text += percent_encode(name) + '=' + percent_encode(value);
  }
  return text;
}

}  // namespace ch::cos
