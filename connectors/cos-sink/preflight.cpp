#include "preflight.hpp"

#include <fmt/format.h>

#include <string>

#include "crc64.hpp"
#include "identity.hpp"

namespace ch::cos {
namespace {

constexpr std::string_view kProbe = "connector-host-preflight";
constexpr std::string_view kContent = "May this be written?\n";

class Probe {
 public:
  Probe(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout, ch::Problems& problems)
      : task_(task), settings_(settings), client_(client), deadline_(Steady::now() + timeout), problems_(problems) {
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
    // A probe that somebody left behind is as good: it shows that writing is allowed.
    bool there = tried(
        "PUT", [&] { return client_.put(key_, body(), options_); }, Outcome::conflict);
    tried(
        "HEAD", [&] { return client_.head(key_).failure; }, Outcome::absent);
    if (settings_.keys.has_time()) tried("LIST", [&] { return client_.list(prefix_, {}, 1).failure; });
    try_multipart();
    if (there) tried("DELETE", [&] { return client_.remove(key_); });
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
  ch::Problems& problems_;
  std::string prefix_, key_;
  ObjectOptions options_;
  bool late_ = false;
};

}  // namespace

void preflight(const ch::TaskInfo& task, const Settings& settings, Client& client, std::chrono::milliseconds timeout,
               ch::Problems& problems) {
  Probe(task, settings, client, timeout, problems).run();
}

}  // namespace ch::cos
