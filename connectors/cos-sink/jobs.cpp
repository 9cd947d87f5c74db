#include "jobs.hpp"

#include <algorithm>
#include <array>
#include <connector_host/failpoint.hpp>
#include <string_view>

#include "crc64.hpp"

namespace ch::cos {
namespace {

constexpr int kListPage = 1000;  // COS's largest

std::uint64_t crc64_of(const Buffer& content, std::size_t at, std::size_t size) {
  std::array<char, 16384> piece;
  std::uint64_t crc = 0;
  while (size > 0) {
    const auto count = content.read(at, std::span(piece).first(std::min(size, piece.size())));
    crc = ch::cos::crc64(crc, std::string_view(piece.data(), count));
    at += count;
    size -= count;
  }
  return crc;
}

// The piece of the content that begins at `from`, as a request body.
Body body_of(const std::shared_ptr<const Buffer>& content, std::size_t from, std::size_t size, std::uint64_t crc64) {
  return {size, crc64, [content, from, size](std::size_t at, std::span<char> out) {
            const auto left = at < size ? size - at : 0;
            return content->read(from + at, out.first(std::min(out.size(), left)));
          }};
}

}  // namespace

void PutJob::run() {
  CH_FAILPOINT("put.before");
  failure = client->put(key, body_of(content, 0, content->size(), content->crc64()), options);
  CH_FAILPOINT("put.after");
}

void PartJob::run() {
  CH_FAILPOINT("part.before");
  reply = client->upload_part(key, upload_id, number, body_of(content, at, size, crc64_of(*content, at, size)));
  CH_FAILPOINT("part.after");
}

void HeadJob::run() {
  CH_FAILPOINT("head.before");
  if (content) crc64 = content->crc64();
  reply = client->head(key);
  CH_FAILPOINT("head.after");
}

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
