#include "versioning.hpp"

#include <fmt/format.h>

#include <utility>

namespace ch::cos {
namespace {

constexpr std::int64_t kAskAgainMs = 3600000;
constexpr std::int64_t kFailedMs = 60000;

}  // namespace

void Versioning::step(std::int64_t now) {
  if (busy_ || now < next_ms_) return;
  auto job = std::make_shared<VersioningJob>();
  job->client = context_.client;
  busy_ = context_.submit(kWholeTask, shared_from_this(), std::move(job), &Versioning::answered);
}

void Versioning::answered(VersioningJob& job) {
  busy_ = false;
  const auto& failure = job.reply.failure;
  const bool denied = failure.reason == "access_denied";
  next_ms_ = context_.host.now_ms() + (failure.ok() || denied ? kAskAgainMs : kFailedMs);
  if (failure.ok()) context_.may_overwrite = job.reply.value;
  if (!context_.may_overwrite || !(failure.ok() || denied) || std::exchange(told_, true)) return;
  const auto& bucket = context_.settings.endpoint.bucket;
  context_.host.log(
      ch::LogLevel::info,
      denied
          ? fmt::format("whether bucket {} has versions may not be asked (cos:GetBucketVersioning): each object costs a HEAD more", bucket)
          : fmt::format("bucket {} has versions of its objects, so that COS does not refuse to overwrite: each object "
                        "costs a HEAD more, and one that two hosts store at the same moment may have two equal versions",
                        bucket));
}

}  // namespace ch::cos
