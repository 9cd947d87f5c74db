#include "bucket/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <connector_host/reasons.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cos/crc64.hpp"
#include "writer/object_identity.hpp"

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
    if (!look_at_bucket()) return report_denied();
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
    if (ours) tidied("DELETE", [&] { return client_.remove(key_); });
    report_denied();
  }

 private:
  static Body body() {
    return {kContent.size(), crc64(0, kContent), [](std::size_t at, std::span<char> out) {
              return kContent.substr(std::min(at, kContent.size())).copy(out.data(), out.size());
            }};
  }

  bool look_at_bucket() {
    auto bucket = client_.head_bucket();
    if (bucket.failure.reason == reasons::kBucketMissing && settings_.create_bucket) bucket = client_.head_bucket();  // it is made by now
    if (!bucket.ok()) {
      report("HEAD of the bucket", bucket.failure);
      return bucket.failure.reason == reasons::kAccessDenied && bucket.failure.code.empty();  // the rest may be allowed all the same
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
    tidied("aborting a multipart upload", [&] { return client_.abort(key, upload); });
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
  void tried(const char* what, Request request, Outcome also_good = Outcome::ok) {
    if (!told_) tidied(what, request, also_good);
  }

  // Also when something is wrong already: nothing is to stay behind.
  template <class Request>
  void tidied(const char* what, Request request, Outcome also_good = Outcome::ok) {
    if (Steady::now() >= deadline_) {
      if (!std::exchange(told_, true)) problems_.add("cos.endpoint", task_["cos.endpoint"], "COS answers too slowly to try everything");
      return;
    }
    const Failure failure = request();
    if (!failure.ok() && failure.outcome != also_good) report(what, failure);
  }

  // A missing permission is one of its kind, and all of them are told together; whatever else is wrong keeps every request from
  // succeeding, and is told once.
  void report(const char* what, const Failure& failure) {
    if (told_) return;
    if (failure.reason == reasons::kAccessDenied) {
      denied_.emplace_back(what, failure);
      return;
    }
    told_ = true;
    denied_.clear();
    const bool of_keys = failure.reason == reasons::kCredentialsExpired || failure.reason == reasons::kCredentialsRefused ||
                         failure.reason == reasons::kRoleDeleted;
    const char* key = of_keys ? "cos.credentials" : failure.reason == reasons::kCosUnreachable ? "cos.endpoint" : "cos.bucket";
    add(key, what, "is", failure.message, failure.remedy);
  }

  void report_denied() {
    if (denied_.size() == 1) return add("cos.bucket", denied_[0].first, "is", denied_[0].second.message, denied_[0].second.remedy);
    if (denied_.empty()) return;
    std::string requests, actions;
    std::map<std::string, std::vector<std::string>> needed;
    for (const auto& [what, failure] : denied_) {
      requests += fmt::format("{}{}", requests.empty() ? "" : ", ", what);
      auto& list = needed[failure.resource];
      if (std::find(list.begin(), list.end(), failure.action) == list.end()) list.push_back(failure.action);
    }
    add("cos.bucket", requests, "are", denied_[0].second.message,
        fmt::format("in CAM, grant to the user or role of these credentials: {}", cam_policy(needed)));
  }

  void add(const char* key, const std::string& what, const char* verb, const std::string& message, const std::string& remedy) {
    problems_.add(key, task_[key], fmt::format("{} {} refused: {}. What to do: {}", what, verb, message, remedy));
  }

  const ch::TaskInfo& task_;
  const Settings& settings_;
  Client& client_;
  const Steady::time_point deadline_;
  const std::int64_t now_ms_;
  ch::Problems& problems_;
  std::string prefix_, key_;
  ObjectOptions options_;
  std::vector<std::pair<std::string, Failure>> denied_;  // what, and how
  bool told_ = false;                                    // what keeps everything from succeeding
};

}  // namespace

void preflight(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout, std::int64_t now_ms,
               ch::Problems& problems) {
  Probe(task, settings, client, timeout, now_ms, problems).run();
}

}  // namespace ch::cos
