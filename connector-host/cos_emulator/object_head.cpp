#include "cos_emulator/object_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {
namespace {

constexpr std::size_t kKeyBytes = 850;
constexpr std::size_t kMetadataBytes = 2048;  // names as sent, and values
constexpr std::string_view kMetaPrefix = "x-cos-meta-";
constexpr std::uint64_t kSlowestTraffic = 819200, kFastestTraffic = 838860800;  // bit/s

const std::set<std::string> kKeptHeaders = {"cache-control",
                                            "content-disposition",
                                            "content-encoding",
                                            "content-language",
                                            "content-type",
                                            "expires",
                                            "x-cos-storage-class",
                                            "x-cos-acl",
                                            "x-cos-server-side-encryption",
                                            "x-cos-server-side-encryption-cos-kms-key-id",
                                            "x-cos-server-side-encryption-context"};
const std::set<std::string> kStorageClasses = {"STANDARD",     "STANDARD_IA",  "INTELLIGENT_TIERING", "ARCHIVE",
                                               "DEEP_ARCHIVE", "MAZ_STANDARD", "MAZ_STANDARD_IA",     "MAZ_INTELLIGENT_TIERING"};
const std::set<std::string> kAcls = {"default", "private", "public-read"};
const std::set<std::string> kEncryptions = {"AES256", "cos/kms"};

[[noreturn]] void invalid(const std::string& message) { throw CosError{400, "InvalidArgument", message}; }

void check_value(const Request& request, const char* name, const std::set<std::string>& allowed) {
  const std::string* value = request.header(name);
  if (value && allowed.count(*value) == 0) invalid(fmt::format("{} cannot be \"{}\".", name, *value));
}

// What belongs to a key of KMS has no meaning without one.
void check_kms(const Request& request) {
  const bool kms = find_or(request.canonical.headers, "x-cos-server-side-encryption", "") == "cos/kms";
  for (const char* name : {"x-cos-server-side-encryption-cos-kms-key-id", "x-cos-server-side-encryption-context"}) {
    if (request.header(name) && !kms) invalid(fmt::format("{} needs x-cos-server-side-encryption: cos/kms.", name));
  }
}

void check_metadata_name(const std::string& name) {
  const bool right = !name.empty() && std::all_of(name.begin(), name.end(),
                                                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (!right) invalid(fmt::format("{}{}: behind the prefix only letters, digits and - are allowed.", kMetaPrefix, name));
}

std::string bare_etag(std::string text) {
  if (text.rfind("W/", 0) == 0) text.erase(0, 2);
  text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
  return text;
}

// Content-Type, as COS spells it: Python's SDK looks headers up by this spelling.
std::string spelled(std::string name) {
  if (name.rfind("x-cos-", 0) == 0) return name;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((i == 0 || name[i - 1] == '-') && name[i] >= 'a' && name[i] <= 'z') name[i] = static_cast<char>(name[i] - 32);
  }
  return name;
}

void replace(Pairs& headers, const std::string& name, const std::string& value) {
  headers.erase(std::remove_if(headers.begin(), headers.end(), [&](const auto& pair) { return lower(pair.first) == name; }), headers.end());
  headers.emplace_back(spelled(name), value);
}

}  // namespace

Object read_object_head(const Request& request) {
  Object object;
  object.key = request.key;
  object.modified_ms = now_ms();
  check_value(request, "x-cos-storage-class", kStorageClasses);
  check_value(request, "x-cos-acl", kAcls);
  check_value(request, "x-cos-server-side-encryption", kEncryptions);
  check_kms(request);
  if (const std::string* limit = request.header("x-cos-traffic-limit")) {
    const auto bits = to_number<std::uint64_t>(*limit);
    if (!bits || *bits < kSlowestTraffic || *bits > kFastestTraffic) invalid("x-cos-traffic-limit must be from 819200 to 838860800.");
  }
  std::size_t metadata_bytes = 0;
  for (const auto& [name, value] : request.canonical.headers) {
    if (name.rfind(kMetaPrefix, 0) == 0) {
      const std::string suffix = name.substr(kMetaPrefix.size());
      check_metadata_name(suffix);
      metadata_bytes += name.size() + value.size();
      object.metadata[suffix] = value;
    } else if (kKeptHeaders.count(name) != 0 && value != "STANDARD") {
      object.headers[name] = value;
    }
  }
  if (metadata_bytes > kMetadataBytes) invalid(fmt::format("x-cos-meta-* take {} bytes; at most 2 KB are allowed.", metadata_bytes));
  object.headers.emplace("content-type", "application/octet-stream");
  return object;
}

void check_key(const std::string& key) {
  if (key.size() > kKeyBytes) throw CosError{400, "KeyTooLong", fmt::format("The key has {} bytes; at most 850 are allowed.", key.size())};
}

void check_body_head(const Request& request) {
  const RequestHead& head = request.head;
  const bool chunked_ok = head.chunked && request.operation == "put";
  if (!head.content_length && !chunked_ok) throw CosError{411, "MissingContentLength", "Content-Length is required."};
  if (head.content_length && *head.content_length > kObjectBytes) throw CosError{400, "EntityTooLarge", "At most 5 GB are allowed."};
  if (const std::string* md5 = request.header("content-md5")) {
    const bool right = md5->size() == 24 && md5->compare(22, 2, "==") == 0 && md5->find('=') == 22;
    if (!right) throw CosError{400, "InvalidDigest", "Content-MD5 must be the base64 of 16 bytes."};
  }
}

void check_body(const Request& request, std::uint64_t size, std::string_view md5) {
  if (size > kObjectBytes) throw CosError{400, "EntityTooLarge", "At most 5 GB are allowed."};
  const std::string* sent = request.header("content-md5");
  if (sent && *sent != base64(md5)) throw CosError{400, "BadDigest", "Content-MD5 is not the MD5 of the body that arrived."};
}

Pairs object_headers(const Object& object) {
  Pairs out = {{"ETag", '"' + object.etag + '"'}, {"Last-Modified", http_date(object.modified_ms)}, {"Accept-Ranges", "bytes"}};
  if (object.crc64) out.emplace_back("x-cos-hash-crc64ecma", std::to_string(*object.crc64));
  for (const auto& [name, value] : object.headers) {
    if (name != "x-cos-acl") out.emplace_back(spelled(name), value);
  }
  for (const auto& [name, value] : object.metadata) out.emplace_back(std::string(kMetaPrefix) + name, value);
  return out;
}

void apply_overrides(const Request& request, Pairs& headers) {
  for (const char* name : {"content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding"}) {
    const std::string* value = request.parameter(std::string("response-") + name);
    if (!value) continue;
    if (std::any_of(value->begin(), value->end(), [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
      invalid(fmt::format("response-{} has a control character.", name));
    }
    replace(headers, name, *value);
  }
}

void check_conditions(const Request& request, const Object& object) {
  const std::string* match = request.header("if-match");
  if (match && *match != "*" && bare_etag(*match) != object.etag) {
    throw CosError{412, "PreconditionFailed", "The ETag is not the one in If-Match."};
  }
  const std::string* none_match = request.header("if-none-match");
  if (none_match && (*none_match == "*" || bare_etag(*none_match) == object.etag)) throw CosError{304, "NotModified", ""};
}

std::optional<Range> read_range(const Request& request, std::uint64_t size) {
  const std::string text = find_or(request.canonical.headers, "range", "");
  if (text.rfind("bytes=", 0) != 0) return std::nullopt;
  const std::size_t dash = text.find('-', 6);
  if (dash == std::string::npos) return std::nullopt;
  const std::string first = text.substr(6, dash - 6), last = text.substr(dash + 1);
  const auto from = to_number<std::uint64_t>(first), to = to_number<std::uint64_t>(last);
  // Several ranges, or what is no range: RFC 9110 lets a server send everything.
  if ((!from && !first.empty()) || (!to && !last.empty()) || (!from && !to) || (from && to && *from > *to)) return std::nullopt;
  const auto none = [&] { return CosError{416, "InvalidRange", fmt::format("The object has {} bytes.", size)}; };
  if (!from) {
    const std::uint64_t bytes = std::min(*to, size);
    if (bytes == 0) throw none();
    return Range{size - bytes, bytes};
  }
  if (*from >= size) throw none();
  return Range{*from, std::min(to.value_or(size - 1), size - 1) - *from + 1};
}

}  // namespace ch::cos_emulator
