#include "cos/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <connector_host/reasons.hpp>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "cloud/address.hpp"
#include "cloud/clock.hpp"
#include "cloud/http.hpp"
#include "cos/errors.hpp"
#include "cos/response_parsers.hpp"

namespace ch::cos {
namespace {

constexpr std::int64_t kBackdateSeconds = 60;  // our clock may be a little ahead
constexpr std::int64_t kValiditySeconds = 900;
constexpr int kMaxListKeys = 1000;
constexpr std::size_t kMaxPartPages = kMaxParts / 1000 + 1;

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
  bool whole_bucket = false;  // it is meant for the bucket itself
};

class HttpClient final : public Client {
 public:
  explicit HttpClient(ClientOptions options)
      : options_(std::move(options)),
        address_(
            cloud::parse_address(options_.endpoint.base, "the COS endpoint", "https://bucket-1250000000.cos.ap-guangzhou.myqcloud.com")),
        clock_(options_.now_ms),
        transport_({options_.ca_file, options_.connect_timeout_ms, options_.stall_timeout_ms, options_.total_timeout_ms, options_.proxy}) {}

  Failure put(const std::string& key, const Body& body, const ObjectOptions& options) override {
    Call call{"PUT", key, "cos:PutObject", {}, object_headers(options), &body};
    call.headers.emplace_back("x-cos-forbid-overwrite", "true");
    Answer answer = send(call);
    check_proof(answer, body);
    return judge(call, answer);
  }

  Reply<ObjectHead> head(const std::string& key) override {
    const Call call{"HEAD", key, "cos:HeadObject"};
    Answer answer = send(call);
    if (answer.status == 404) answer.assumed_code = "NoSuchKey";
    if (auto why = why_refused(call, answer)) return {std::move(*why), {}};
    return read_with<ObjectHead>(call, answer, [&] { return read_head(answer); });
  }

  Reply<ListPage> list(const std::string& prefix, const std::string& marker, int max_keys) override {
    Call call{"GET", "", "cos:GetBucket"};
    call.query = {{"max-keys", std::to_string(std::clamp(max_keys, 1, kMaxListKeys))}, {"encoding-type", "url"}};
    if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
    if (!marker.empty()) call.query.emplace_back("marker", marker);
    Answer answer = send(call);
    return read_with<ListPage>(call, answer, [&] {
      return going_on(read_list(answer.body), [&](const ListPage& page) { return page.next_marker.empty() || page.next_marker > marker; });
    });
  }

  Reply<UploadPage> list_uploads(const std::string& prefix, const std::string& key_marker, const std::string& id_marker) override {
    Call call{"GET", "", "cos:ListMultipartUploads"};
    call.query = {{"uploads", ""}, {"max-uploads", std::to_string(kMaxListKeys)}, {"encoding-type", "url"}};
    if (!prefix.empty()) call.query.emplace_back("prefix", prefix);
    if (!key_marker.empty()) call.query.emplace_back("key-marker", key_marker);
    if (!id_marker.empty()) call.query.emplace_back("upload-id-marker", id_marker);
    Answer answer = send(call);
    return read_with<UploadPage>(call, answer, [&] {
      return going_on(read_uploads(answer.body), [&](const UploadPage& page) {
        if (page.next_key.empty()) return true;
        return page.next_key == key_marker ? page.next_id != id_marker : page.next_key > key_marker;  // of one key by age, not by id
      });
    });
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
    check_proof(answer, body);
    return read_with<Part>(call, answer, [&] { return std::optional(Part{number, answer.header("etag"), body.size}); });
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
    answer.error_in_200 = true;
    const auto read = [&] { return is_completed(answer.body) ? std::optional(true) : std::nullopt; };
    return read_with<bool>(call, answer, read).failure;
  }

  Failure abort(const std::string& key, const std::string& upload_id) override {
    const Call call{"DELETE", key, "cos:AbortMultipartUpload", {{"uploadId", upload_id}}};
    Answer answer = send(call);
    Failure failure = judge(call, answer);
    return failure.outcome == Outcome::no_upload ? Failure() : failure;
  }

  Reply<std::string> head_bucket() override {
    const Call call{"HEAD", "", "cos:HeadBucket"};
    Answer answer = send(call);
    if (answer.status == 404) answer.assumed_code = "NoSuchBucket";
    if (auto why = why_refused(call, answer)) return {std::move(*why), {}};
    return {judge(call, answer), answer.header("x-cos-bucket-region")};
  }

  Reply<bool> has_versions() override {
    const Call call{"GET", "", "cos:GetBucketVersioning", {{"versioning", ""}}};
    Answer answer = send(call);
    return read_with<bool>(call, answer, [&] { return read_versioning(answer.body); });
  }
  bool versions_seen() const override { return versions_seen_; }

  Failure create_bucket() override {
    const Body empty;
    Call call{"PUT", "", "cos:PutBucket", {}, {{"x-cos-acl", "private"}}, &empty};
    call.whole_bucket = true;
    Answer answer = send(call);
    Failure failure = judge(call, answer);
    return failure.code == "BucketAlreadyOwnedByYou" ? Failure() : failure;
  }

  Failure remove(const std::string& key) override {
    const Call call{"DELETE", key, "cos:DeleteObject"};
    Answer answer = send(call);
    Failure failure = judge(call, answer);
    return failure.outcome == Outcome::absent ? Failure() : failure;
  }

  Reply<Link> presigned_get(const std::string& key, std::int64_t seconds) override {
    const auto keys = options_.credentials->current();
    if (!keys.failure.ok()) return {keys.failure, {}};
    const std::int64_t now = clock_.now_ms() / 1000;
    std::int64_t end = now + seconds;
    if (keys.expire) end = std::min(end, now + std::chrono::duration_cast<std::chrono::seconds>(*keys.expire - Steady::now()).count());
    const std::string path = address_.path + '/' + key;
    const Pairs query = {{"response-content-disposition", attachment(key)}};
    const Pairs headers = {{"host", address_.host}};
    const auto text = presigned_query(keys.credentials, {"GET", path, query, headers}, now - kBackdateSeconds, end);
    return {{}, {address_.origin + encode_path(path) + '?' + text, (end - clock_.skew_ms() / 1000) * 1000}};
  }

  void renew_credentials() override { options_.credentials->renew(); }
  std::string credentials_warning() override { return options_.credentials->warning(warnings_seen_); }

  std::optional<std::int64_t> clock_skew_ms() const override { return clock_.measured_ms(); }

 private:
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
    add("x-cos-server-side-encryption-cos-kms-key-id", options.kms_key_id);
    add("x-cos-server-side-encryption-context", options.kms_context);
    for (const auto& [name, value] : options.metadata) add("x-cos-meta-" + name, value);
    return headers;
  }

  // A page whose successor would be itself, or one before it, is none of COS's: who walks on by it never ends.
  template <class Page, class Moves>
  static std::optional<Page> going_on(std::optional<Page> page, Moves moves) {
    return page && moves(*page) ? std::move(page) : std::nullopt;
  }

  static Answer not_sent(std::string why) {
    Answer answer;
    answer.error = std::move(why);
    answer.assumed_code = "NotSent";
    return answer;
  }

  // What COS refused because our clock was wrong had no effect, and its answer told the right time.
  Answer send(const Call& call) {
    const auto signed_with = clock_.skew_ms();
    Answer answer = send_once(call);
    if (answer.status != 403 || std::abs(clock_.skew_ms() - signed_with) < cloud::kSignedWrongMs) return answer;
    return send_once(call);
  }

  // Signs and sends. All headers that go out are signed but Authorization, User-Agent and Connection.
  Answer send_once(const Call& call) {
    const bool writes = call.method != "GET" && call.method != "HEAD";
    if (writes && call.key.empty() && !call.whole_bucket) return not_sent("an empty key would change the bucket itself");
    const auto keys = options_.credentials->current();
    if (!keys.failure.ok()) {
      Answer answer;
      answer.unsent = keys.failure;
      return answer;
    }
    cloud::Request request;
    request.method = call.method;
    request.headers = call.headers;
    request.headers.emplace_back("host", address_.host);
    if (!keys.credentials.token.empty()) request.headers.emplace_back("x-cos-security-token", keys.credentials.token);
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
    const std::int64_t sent = clock_.own_ms();
    const std::int64_t start = (sent + clock_.skew_ms()) / 1000 - kBackdateSeconds;
    request.headers.emplace_back(
        "authorization", authorization(keys.credentials, {call.method, path, call.query, signed_headers}, start, start + kValiditySeconds));
    request.url = address_.origin + encode_path(path);
    char separator = '?';
    for (const auto& [name, value] : call.query) {
      request.url += separator + percent_encode(name) + (value.empty() ? "" : '=' + percent_encode(value));
      separator = '&';
    }
    Answer answer{transport_.send(request)};
    // Not the Date of whatever else may answer on the way.
    if (!answer.header("x-cos-request-id").empty()) clock_.observe(answer.header("date"), sent, answer.status == 403);
    if (!answer.header("x-cos-version-id").empty()) versions_seen_ = true;
    answer.action = call.action;
    answer.resource = resource_of(call);
    answer.signed_by = keys.credentials.secret_id;
    answer.temporary = !keys.credentials.token.empty();
    return answer;
  }

  // As CAM names what the request touches; a policy for one object only would not help for the next.
  std::string resource_of(const Call& call) const {
    const auto& bucket = options_.endpoint.bucket;
    const auto slash = call.key.rfind('/');
    const std::string place = call.key.empty() ? "" : slash == std::string::npos ? "*" : call.key.substr(0, slash + 1) + '*';
    return fmt::format("qcs::cos:{}:uid/{}:{}/{}", options_.endpoint.region.empty() ? "*" : options_.endpoint.region,
                       bucket.substr(bucket.rfind('-') + 1), bucket, place);
  }

  static std::string attachment(const std::string& key) {
    return "attachment; filename*=UTF-8''" + percent_encode(key.substr(key.rfind('/') + 1));
  }

  // That COS has the bytes is shown by what it says of them, and by nothing else.
  static void check_proof(Answer& answer, const Body& body) {
    if (answer.status < 200 || answer.status >= 300) return;
    const auto theirs = crc64_of(answer);
    if (!theirs || answer.header("etag").empty()) {
      answer.assumed_code = kNotFromCos;
      answer.error = "the answer has no ETag or no CRC64 of what was sent: it does not show that COS has stored it";
    } else if (*theirs != body.crc64) {
      answer.assumed_code = "CrcMismatch";
      answer.error = fmt::format("COS stored bytes of CRC64 {}, but {} were sent", *theirs, body.crc64);
    }
  }

  static bool is_of_clock(const Failure& failure) {
    return failure.outcome == Outcome::retry && (failure.code == "RequestTimeTooSkewed" || failure.code == "AccessDenied");
  }

  // A HEAD's 403 has no body: it may be the policy, and as well the key, its secret or the clock, which COS looks at first. A listing
  // that is signed by the same keys says so. What it says of permissions is of its own, and tells nothing of the HEAD.
  std::optional<Failure> why_refused(const Call& head, const Answer& answer) {
    if (answer.status != 403 || answer.header("x-cos-request-id").empty()) return std::nullopt;
    const Call call{"GET", "", "cos:GetBucket", {{"max-keys", "1"}}};
    Answer said = send(call);
    Failure failure = judge(call, said);
    const bool tells =
        is_of_clock(failure) || failure.reason == reasons::kCredentialsRefused || failure.reason == reasons::kCredentialsExpired;
    if (!tells) return std::nullopt;
    failure.message = fmt::format("{} {}: HTTP 403; {}", head.method, head.key.empty() ? "bucket" : head.key, failure.message);
    return failure;
  }

  Failure judge(const Call& call, Answer& answer) {
    const std::string what = call.key.empty() ? "bucket " + options_.endpoint.bucket : call.key;
    Failure failure = classify(answer, call.method + ' ' + what, options_.endpoint.bucket);
    if (failure.reason == reasons::kBucketMissing && options_.create_bucket && !call.whole_bucket) {
      const Failure refused = create_bucket();
      if (!refused.ok()) return refused;
      failure.outcome = Outcome::retry;
    }
    if (is_of_clock(failure) && clock_.measured_ms()) {
      const auto ahead_s = -clock_.skew_ms() / 1000;
      failure.message += fmt::format("; this machine's clock is {} s {} COS's", std::abs(ahead_s), ahead_s >= 0 ? "ahead of" : "behind");
    }
    const bool of_keys = failure.reason == reasons::kCredentialsExpired || failure.reason == reasons::kCredentialsRefused ||
                         (failure.reason == reasons::kAccessDenied && call.method == "HEAD");
    // Keys that COS does not take are no reason to call for help as long as others may come.
    if (of_keys && !answer.signed_by.empty() && options_.credentials->refused(answer.signed_by)) failure.outcome = Outcome::retry;
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
      answer.error = "the answer is cut off, or none that can be used";
      reply.failure = judge(call, answer);
    }
    return reply;
  }

  const ClientOptions options_;
  const cloud::Address address_;
  cloud::ServerClock clock_;
  cloud::Transport transport_;
  std::atomic<bool> versions_seen_{false};
  std::uint64_t warnings_seen_ = 0;  // of the poll thread
};

}  // namespace

std::unique_ptr<Client> make_client(ClientOptions options) { return std::make_unique<HttpClient>(std::move(options)); }

}  // namespace ch::cos
