#include "preflight.hpp"

#include <fmt/format.h>

#include <string>

#include "crc64.hpp"
#include "identity.hpp"

namespace ch::cos {
namespace {

constexpr std::string_view kProbe = "connector-host-preflight";
constexpr std::string_view kContent = "May this be written?\n";
constexpr std::int64_t kAbandonedMs = 600000;

class Probe {
 public:
  Probe(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout, std::int64_t now_ms,
        ch::Problems& problems)
      : task_(task), settings_(settings), client_(client), deadline_(Steady::now() + timeout), now_ms_(now_ms), problems_(problems) {
    const std::string topic = task["topics"].substr(0, task["topics"].find(','));
    // Of a pattern of topics only what all of them begin with is known.
    prefix_ = topic.empty() ? common_prefix(settings.prefix_of("a", 0), settings.prefix_of("b", 0))
                            : settings.keys.prefix(settings.key_fields(topic, 0, 0, 0));
    // In the prefix's folder: the audit's lists do not take it for one of the task's objects.
    key_ = prefix_.substr(0, prefix_.rfind('/') + 1) + std::string(kProbe);
    options_ = store_options(settings);
    options_.content_type = "text/plain";
  }

  void run() {
    if (!look_at_bucket()) return;
    bool ours = false;  // just put there, or left behind by a host that was killed: as good, for it shows that writing is allowed
    const auto put = [&] {
      auto failure = client_.put(key_, body(), options_);
      ours = failure.ok();
      return failure;
    };
    const auto head = [&] {
      const auto reply = client_.head(key_);
      ours = ours || (reply.ok() && reply.value.size == kContent.size() && reply.value.crc64 == crc64(0, kContent));
      return reply.failure;
    };
    tried("PUT", put, Outcome::conflict);
    tried("HEAD", head, Outcome::absent);
    if (settings_.keys.has_time()) tried("LIST", [&] { return client_.list(prefix_, {}, 1).failure; });
    try_multipart();
    if (ours) tried("DELETE", [&] { return client_.remove(key_); });
  }

 private:
  static Body body() {
    return {kContent.size(), crc64(0, kContent), [](std::size_t at, std::span<char> out) {
              return kContent.substr(std::min(at, kContent.size())).copy(out.data(), out.size());
            }};
  }

  bool look_at_bucket() {
    auto bucket = client_.head_bucket();
    if (bucket.failure.reason == "bucket_missing" && settings_.create_bucket) bucket = client_.head_bucket();  // it is made by now
    if (!bucket.ok()) {
      report("HEAD of the bucket", bucket.failure);
      return bucket.failure.reason == "access_denied" && bucket.failure.code.empty();  // the rest may be allowed all the same
    }
    const auto& wanted = settings_.endpoint.region;
    if (bucket.value.empty() || wanted.empty() || bucket.value == wanted) return true;
    problems_.add("cos.region", wanted,
                  fmt::format("is not the region of bucket {}: set it to {}", settings_.endpoint.bucket, bucket.value));
    return false;
  }

  void try_multipart() {
    const std::string key = key_ + ".parts";
    abort_abandoned(key);
    std::string upload;
    tried("initiating a multipart upload", [&] {
      auto reply = client_.initiate(key, options_);
      upload = reply.value;
      return reply.failure;
    });
    if (upload.empty()) return;
    tried("uploading a part", [&] { return client_.upload_part(key, upload, 1, body()).failure; });
    tried("listing parts", [&] { return client_.list_parts(key, upload).failure; });
    tried("aborting a multipart upload", [&] { return client_.abort(key, upload); });
  }

  // Of a host that was killed; a younger one may be another task's, under way.
  void abort_abandoned(const std::string& key) {
    std::vector<ListedUpload> unfinished;
    tried("listing multipart uploads", [&] {
      auto reply = client_.list_uploads(key, {}, {});
      unfinished = std::move(reply.value.uploads);
      return reply.failure;
    });
    for (const auto& upload : unfinished) {
      if (upload.key != key || now_ms_ - upload.initiated_ms < kAbandonedMs) continue;
      tried("aborting a multipart upload", [&] { return client_.abort(key, upload.upload_id); });
    }
  }

  template <class Request>
  bool tried(const char* what, Request request, Outcome also_good = Outcome::ok) {
    if (Steady::now() >= deadline_) {
      if (!std::exchange(late_, true)) problems_.add("cos.endpoint", task_["cos.endpoint"], "COS answers too slowly to try everything");
      return false;
    }
    const Failure failure = request();
    if (failure.ok() || failure.outcome == also_good) return true;
    report(what, failure);
    return false;
  }

  void report(const char* what, const Failure& failure) {
    const bool of_keys = failure.reason == "credentials_expired" || failure.reason == "role_deleted";
    const char* key = of_keys ? "cos.credentials" : "cos.bucket";
    problems_.add(key, task_[key], fmt::format("{} is refused: {}. What to do: {}", what, failure.message, failure.remedy));
  }

  const ch::TaskInfo& task_;
  const Settings& settings_;
  Client& client_;
  const Steady::time_point deadline_;
  const std::int64_t now_ms_;
  ch::Problems& problems_;
  std::string prefix_, key_;
  ObjectOptions options_;
  bool late_ = false;
};

}  // namespace

void preflight(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout, std::int64_t now_ms,
               ch::Problems& problems) {
  Probe(task, settings, client, timeout, now_ms, problems).run();
}

}  // namespace ch::cos
