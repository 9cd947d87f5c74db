#include "writer/jobs.hpp"

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

Compressed compress_content(const Compression& how, Buffer& content) {
  const auto plain_crc64 = content.crc64();
  return {std::make_shared<const Buffer>(compress(how, content)), plain_crc64};
}

Failure put_object(Client& client, const std::string& key, const std::shared_ptr<const Buffer>& content, const ObjectOptions& options) {
  CH_FAILPOINT("put.before");
  auto failure = client.put(key, body_of(content, 0, content->size(), content->crc64()), options);
  CH_FAILPOINT("put.after");
  return failure;
}

Reply<Part> put_part(Client& client, const std::string& key, const std::string& upload_id, const Piece& piece) {
  CH_FAILPOINT("part.before");
  const auto crc64 = piece.content->crc64(piece.at, piece.size);
  auto reply = client.upload_part(key, upload_id, piece.number, body_of(piece.content, piece.at, piece.size, crc64));
  CH_FAILPOINT("part.after");
  return reply;
}

Looked head_object(Client& client, const std::string& key, const Buffer* content) {
  CH_FAILPOINT("head.before");
  const auto crc64 = content == nullptr ? 0 : content->crc64();
  Looked looked{client.head(key), crc64};
  CH_FAILPOINT("head.after");
  return looked;
}

Reply<std::string> initiate_upload(Client& client, const std::string& key, const ObjectOptions& options) {
  CH_FAILPOINT("initiate.before");
  auto reply = client.initiate(key, options);
  CH_FAILPOINT("initiate.after");
  return reply;
}

Reply<std::vector<Part>> list_parts(Client& client, const std::string& key, const std::string& upload_id) {
  CH_FAILPOINT("list_parts.before");
  auto reply = client.list_parts(key, upload_id);
  CH_FAILPOINT("list_parts.after");
  return reply;
}

Failure complete_upload(Client& client, const std::string& key, const std::string& upload_id, const std::vector<Part>& parts) {
  CH_FAILPOINT("complete.before");
  auto failure = client.complete(key, upload_id, parts);
  CH_FAILPOINT("complete.after");
  return failure;
}

Reply<ListPage> list_page(Client& client, const std::string& prefix, const std::string& marker) {
  CH_FAILPOINT("list.before");
  auto reply = client.list(prefix, marker, kListPage);
  CH_FAILPOINT("list.after");
  return reply;
}

}  // namespace ch::cos
