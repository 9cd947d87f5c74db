#include "writer/versioning.hpp"

#include <fmt/format.h>

#include <connector_host/reasons.hpp>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::int64_t kAskAgainMs = 3600000;
constexpr std::int64_t kFailedMs = 60000;

}  // namespace

void Versioning::step(std::int64_t now) {
  if (busy_ || now < next_ms_) return;
  busy_ = context_.submit(
      kWholeTask, no_reply<bool>(), [client = context_.client] { return client->has_versions(); },
      if_alive(shared_from_this(), &Versioning::answered));
}

void Versioning::answered(const Reply<bool>& reply) {
  busy_ = false;
  const auto& failure = reply.failure;
  const bool denied = failure.reason == reasons::kAccessDenied;
  next_ms_ = context_.steady_ms() + (failure.ok() || denied ? kAskAgainMs : kFailedMs);
  if (failure.ok()) context_.state.set_may_overwrite(reply.value);
  if (!context_.state.may_overwrite() || !(failure.ok() || denied) || std::exchange(told_, true)) return;
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
