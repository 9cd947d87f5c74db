// COS request signature (q-sign-algorithm=sha1): a pure function. Source: cloud.tencent.com/document/product/436/7778.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cloud/encoding.hpp"
#include "cloud/http.hpp"
#include "cloud/tc3.hpp"

namespace ch::cos {

using cloud::Credentials;
using cloud::Pairs;
using cloud::percent_encode;

struct SignedRequest {
  std::string_view method;  // "PUT"; case does not matter
  std::string_view path;    // decoded, with the leading "/": what is signed is never percent-encoded
  const Pairs& query;       // decoded; a parameter without a value has ""
  const Pairs& headers;     // every one of these is signed
};

// The two steps of a signature, apart so that each can be held against published values.
std::string sign_key(std::string_view secret_key, std::int64_t start, std::int64_t end);
std::string signature(std::string_view sign_key, const SignedRequest& request, std::int64_t start, std::int64_t end);

// The value of the Authorization header; valid from `start` to `end` (Unix seconds).
std::string authorization(const Credentials& credentials, const SignedRequest& request, std::int64_t start, std::int64_t end);

// The query of a presigned link, without "?": the request's own parameters, then the q-* fields, percent-encoded.
// A token goes along as x-cos-security-token and is signed.
std::string presigned_query(const Credentials& credentials, const SignedRequest& request, std::int64_t start, std::int64_t end);

std::string encode_path(std::string_view key);  // as percent_encode, but "/" stays

}  // namespace ch::cos
