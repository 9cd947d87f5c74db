#include "jobs.hpp"

#include <algorithm>
#include <array>
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

void PutJob::run() { failure = client->put(key, body_of(content, 0, content->size(), content->crc64()), options); }

void PartJob::run() { reply = client->upload_part(key, upload_id, number, body_of(content, at, size, crc64_of(*content, at, size))); }

void ListJob::run() { reply = client->list(key, marker, kListPage); }

}  // namespace ch::cos
