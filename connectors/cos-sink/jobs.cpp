#include "jobs.hpp"

#include <algorithm>
#include <connector_host/failpoint.hpp>

namespace ch::cos {
namespace {

constexpr int kListPage = 1000;  // COS's largest

// The piece of the content that begins at `from`, as a request body.
Body body_of(const std::shared_ptr<const Buffer>& content, std::size_t from, std::size_t size, std::uint64_t crc64) {
  return {size, crc64, [content, from, size](std::size_t at, std::span<char> out) {
            const auto left = at < size ? size - at : 0;
            return content->read(from + at, out.first(std::min(out.size(), left)));
          }};
}

}  // namespace

void CompressJob::run() {
  plain_crc64 = content->crc64();
  result = std::make_shared<const Buffer>(compress(how, *content));
}

void PutJob::run() {
  CH_FAILPOINT("put.before");
  failure = client->put(key, body_of(content, 0, content->size(), content->crc64()), options);
  CH_FAILPOINT("put.after");
}

void PartJob::run() {
  CH_FAILPOINT("part.before");
  reply = client->upload_part(key, upload_id, number, body_of(content, at, size, content->crc64(at, size)));
  CH_FAILPOINT("part.after");
}

void HeadJob::run() {
  CH_FAILPOINT("head.before");
  if (content) crc64 = content->crc64();
  reply = client->head(key);
  CH_FAILPOINT("head.after");
}

void VersioningJob::run() { reply = client->has_versions(); }

void InitiateJob::run() {
  CH_FAILPOINT("initiate.before");
  reply = client->initiate(key, options);
  CH_FAILPOINT("initiate.after");
}

void ListPartsJob::run() {
  CH_FAILPOINT("list_parts.before");
  reply = client->list_parts(key, upload_id);
  CH_FAILPOINT("list_parts.after");
}

void CompleteJob::run() {
  CH_FAILPOINT("complete.before");
  failure = client->complete(key, upload_id, parts);
  CH_FAILPOINT("complete.after");
}

void ListJob::run() {
  CH_FAILPOINT("list.before");
  reply = client->list(key, marker, kListPage);
  CH_FAILPOINT("list.after");
}

}  // namespace ch::cos
