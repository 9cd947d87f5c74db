#include "client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "answers.hpp"
#include "http.hpp"

namespace ch::cos {
namespace {

constexpr std::int64_t kBackdateSeconds = 60;  // our clock may be a little ahead
constexpr std::int64_t kValiditySeconds = 900;
constexpr std::int64_t kSkewSeenMs = 300000;  // a bare 403 whose Date is so far from our clock is about the clock
constexpr int kMaxListKeys = 1000;
constexpr std::size_t kMaxPartPages = kMaxParts / 1000 + 1;

// "https://host:port/path" taken apart; the Host header as it is sent and signed, and the decoded path before the key.
struct Address {
  std::string origin;
  std::string host;
  std::string path;
};

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

Address parse_address(const std::string& base) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const auto part = [&](CURLUPart what, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK) return std::string();
    const std::unique_ptr<char, void (*)(void*)> owned(text, &curl_free);
    return std::string(text);
  };
  const auto refuse = [](std::string_view why) {
    throw std::invalid_argument(
        fmt::format("the COS endpoint {}; right is, for example, https://bucket-1250000000.cos.ap-guangzhou.myqcloud.com", why));
  };
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) refuse("is not a URL");
  const auto scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse("is neither http nor https");
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) refuse("holds a user or password");
  if (!part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty()) refuse("holds a query or fragment");
  Address address;
  address.host = part(CURLUPART_HOST);
  if (const auto port = part(CURLUPART_PORT, CURLU_NO_DEFAULT_PORT); !port.empty()) address.host += ':' + port;
  address.origin = scheme + "://" + address.host;
  address.path = part(CURLUPART_PATH, CURLU_URLDECODE);
  while (address.path.ends_with('/')) address.path.pop_back();
  return address;
}

// A line break would end a header early; blanks at the ends do not arrive.
bool can_be_header(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }) && !value.starts_with(' ') &&
         !value.ends_with(' ');
}

struct Call {
  std::string method;
  std::string key;     // "" the bucket
  std::string action;  // in CAM
  Pairs query = {};
  Pairs headers = {};
  const Body* body = nullptr;
};

class HttpClient final : public Client {
 public:
  explicit HttpClient(ClientOptions options)
      : options_(std::move(options)),
        address_(parse_address(options_.endpoint.base)),
        transport_({options_.ca_file, options_.connect_timeout_ms, options_.stall_timeout_ms, options_.total_timeout_ms}) {}

  Failure put(const std::string& key, const Body& body, const ObjectOptions& options) override {
    Call call{"PUT", key, "cos:PutObject", {}, object_headers(options), &body};
    call.headers.emplace_back("x-cos-forbid-overwrite", "true");
    Answer answer = send(call);
    check_crc(answer, body);
    return judge(call, answer);
  }

  Reply<ObjectHead> head(const std::string& key) override {
    const Call call{"HEAD", key, "cos:HeadObject"};
    Answer answer = send(call);
    if (answer.status == 404) answer.assumed_code = "NoSuchKey";
    return read_with<ObjectHead>(call, answer, [&] { return read_head(answer); });
  }

  Reply<ListPage> list(const std::string& prefix, const std::string& marker, int max_keys) override {
    Call call{"GET", "", "cos:GetBucket"};
    call.query = {{"max-keys", std::to_string(std::clamp(max_keys, 1, kMaxListKeys))}, {"encoding-type", "url"}};
    if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
    if (!marker.empty()) call.query.emplace_back("marker", marker);
    Answer answer = send(call);
    return read_with<ListPage>(call, answer, [&] { return read_list(answer.body); });
  }

  Reply<UploadPage> list_uploads(const std::string& prefix, const std::string& key_marker, const std::string& id_marker) override {
    Call call{"GET", "", "cos:ListMultipartUploads"};
    call.query = {{"uploads", ""}, {"max-uploads", std::to_string(kMaxListKeys)}, {"encoding-type", "url"}};
    if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
    if (!key_marker.empty()) call.query.emplace_back("key-marker", key_marker);
    if (!id_marker.empty()) call.query.emplace_back("upload-id-marker", id_marker);
    Answer answer = send(call);
    return read_with<UploadPage>(call, answer, [&] { return read_uploads(answer.body); });
  }

  Reply<std::string> read(const std::string& key, std::uint64_t at, std::uint64_t size) override {
    const Call call{"GET", key, "cos:GetObject", {}, {{"range", fmt::format("bytes={}-{}", at, at + size - 1)}}};
    Answer answer = send(call);
    return read_with<std::string>(call, answer, [&]() -> std::optional<std::string> {
      if (answer.body.size() != size) return std::nullopt;
      return std::move(answer.body);
    });
  }

  Reply<std::string> initiate(const std::string& key, const ObjectOptions& options) override {
    const Body empty;
    Call call{"POST", key, "cos:InitiateMultipartUpload", {{"uploads", ""}}, object_headers(options), &empty};
    call.headers.emplace_back("x-cos-forbid-overwrite", "true");
    Answer answer = send(call);
    return read_with<std::string>(call, answer, [&] { return read_upload_id(answer.body); });
  }

  Reply<Part> upload_part(const std::string& key, const std::string& upload_id, int number, const Body& body) override {
    const Call call{"PUT", key, "cos:UploadPart", {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}}, {}, &body};
    Answer answer = send(call);
    check_crc(answer, body);
    return read_with<Part>(call, answer, [&]() -> std::optional<Part> {
      if (answer.header("etag").empty()) return std::nullopt;
      return Part{number, answer.header("etag"), body.size};
    });
  }

  Reply<std::vector<Part>> list_parts(const std::string& key, const std::string& upload_id) override {
    Reply<std::vector<Part>> all;
    std::string marker;
    for (std::size_t pages = 0; pages < kMaxPartPages; ++pages) {
      Call call{"GET", key, "cos:ListParts", {{"uploadId", upload_id}, {"max-parts", "1000"}}};
      if (!marker.empty()) call.query.emplace_back("part-number-marker", marker);
      Answer answer = send(call);
      auto page = read_with<PartsPage>(call, answer, [&] { return read_parts(answer.body); });
      if (!page.ok()) return {std::move(page.failure), {}};
      std::move(page.value.parts.begin(), page.value.parts.end(), std::back_inserter(all.value));
      marker = page.value.next_marker;
      if (marker.empty()) break;
    }
    return all;
  }

  Failure complete(const std::string& key, const std::string& upload_id, const std::vector<Part>& parts) override {
    const std::string document = complete_document(parts);
    const Body body{document.size(), 0, [&](std::size_t at, std::span<char> out) { return document.copy(out.data(), out.size(), at); }};
    const Call call{"POST",
                    key,
                    "cos:CompleteMultipartUpload",
                    {{"uploadId", upload_id}},
                    {{"content-type", "application/xml"}, {"x-cos-forbid-overwrite", "true"}},
                    &body};
    Answer answer = send(call);
    const auto read = [&] { return is_completed(answer.body) ? std::optional(true) : std::nullopt; };
    return read_with<bool>(call, answer, read).failure;
  }

  Failure abort(const std::string& key, const std::string& upload_id) override {
    const Call call{"DELETE", key, "cos:AbortMultipartUpload", {{"uploadId", upload_id}}};
    Answer answer = send(call);
    Failure failure = judge(call, answer);
    return failure.outcome == Outcome::no_upload ? Failure() : failure;
  }

  Failure head_bucket() override {
    const Call call{"HEAD", "", "cos:HeadBucket"};
    Answer answer = send(call);
    if (answer.status == 404) answer.assumed_code = "NoSuchBucket";
    return judge(call, answer);
  }

  std::string presigned_get(const std::string& key, std::int64_t seconds) override {
    const std::string path = address_.path + '/' + key;
    const Pairs query;
    const Pairs headers = {{"host", address_.host}};
    const std::int64_t now = now_ms() / 1000;
    const auto text = presigned_query(options_.credentials, {"GET", path, query, headers}, now - kBackdateSeconds, now + seconds);
    return address_.origin + encode_path(path) + '?' + text;
  }

 private:
  std::int64_t now_ms() const { return options_.now_ms() + skew_ms_.load(); }

  static Pairs object_headers(const ObjectOptions& options) {
    Pairs headers;
    const auto add = [&](std::string name, const std::string& value) {
      if (!value.empty()) headers.emplace_back(std::move(name), value);
    };
    add("content-type", options.content_type);
    add("content-encoding", options.content_encoding);
    add("x-cos-acl", options.acl);
    add("x-cos-storage-class", options.storage_class);
    add("x-cos-server-side-encryption", options.encryption);
    for (const auto& [name, value] : options.metadata) add("x-cos-meta-" + name, value);
    return headers;
  }

  static Answer not_sent(std::string why) {
    Answer answer;
    answer.error = std::move(why);
    answer.assumed_code = "NotSent";
    return answer;
  }

  // Signs and sends. All headers that go out are signed but Authorization, User-Agent and Connection.
  Answer send(const Call& call) {
    const bool writes = call.method != "GET" && call.method != "HEAD";
    if (writes && call.key.empty()) return not_sent("an empty key would change the bucket itself");
    Request request;
    request.method = call.method;
    request.headers = call.headers;
    request.headers.emplace_back("host", address_.host);
    if (!options_.credentials.token.empty()) request.headers.emplace_back("x-cos-security-token", options_.credentials.token);
    for (const auto& [name, value] : request.headers) {
      if (!can_be_header(value)) return not_sent("header " + name + " would hold a control character, or a blank at an end");
    }
    Pairs signed_headers = request.headers;
    if (call.body != nullptr) {
      request.body_size = call.body->size;
      request.body = call.body->read;
      signed_headers.emplace_back("content-length", std::to_string(call.body->size));
    }
    const std::string path = address_.path + '/' + call.key;
    const std::int64_t start = now_ms() / 1000 - kBackdateSeconds;
    request.headers.emplace_back("authorization", authorization(options_.credentials, {call.method, path, call.query, signed_headers},
                                                                start, start + kValiditySeconds));
    request.url = address_.origin + encode_path(path);
    char separator = '?';
    for (const auto& [name, value] : call.query) {
      request.url += separator + percent_encode(name) + (value.empty() ? "" : '=' + percent_encode(value));
      separator = '&';
    }
    Answer answer = transport_.send(request);
    answer.action = call.action;
    return answer;
  }

  static void check_crc(Answer& answer, const Body& body) {
    const auto theirs = crc64_of(answer);
    if (answer.status != 200 || !theirs || *theirs == body.crc64) return;
    answer.assumed_code = "CrcMismatch";
    answer.error = fmt::format("COS stored bytes of CRC64 {}, but {} were sent", *theirs, body.crc64);
  }

  Failure judge(const Call& call, Answer& answer) {
    // A HEAD answer cannot say that the clock is why; its Date can.
    if (call.method == "HEAD" && answer.status == 403) {
      const std::int64_t date = curl_getdate(answer.header("date").c_str(), nullptr);
      if (date > 0 && std::abs(date * 1000 - now_ms()) > kSkewSeenMs) answer.assumed_code = "RequestTimeTooSkewed";
    }
    const std::string what = call.key.empty() ? "bucket " + options_.endpoint.bucket : call.key;
    Failure failure = classify(answer, call.method + ' ' + what, options_.endpoint.bucket);
    if (failure.server_time_ms != 0) skew_ms_ = failure.server_time_ms - options_.now_ms();
    return failure;
  }

  template <class T, class Read>
  Reply<T> read_with(const Call& call, Answer& answer, Read read) {
    Reply<T> reply;
    reply.failure = judge(call, answer);
    if (!reply.ok()) return reply;
    if (auto value = read()) {
      reply.value = std::move(*value);
    } else {
      answer.assumed_code = "MalformedAnswer";
      answer.error = "the answer is cut off, or not from COS";
      reply.failure = judge(call, answer);
    }
    return reply;
  }

  const ClientOptions options_;
  const Address address_;
  Transport transport_;
  std::atomic<std::int64_t> skew_ms_{0};  // COS's clock minus ours
};

}  // namespace

std::unique_ptr<Client> make_client(ClientOptions options) { return std::make_unique<HttpClient>(std::move(options)); }

}  // namespace ch::cos
