// The calls that the writers make on a thread of the pool, with the failpoints around each; what a call needs is handed over,
// and what it gives is read on the poll thread. A call that threw gives not_made() or no_reply(), never a success.
#pragma once

#include <connector_host/reasons.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cos/client.hpp"
#include "formats/buffer.hpp"
#include "formats/compression.hpp"

namespace ch::cos {

inline Failure not_made() {
  return {Outcome::retry,
          reasons::kCosError,
          {},
          "the request was not made: out of memory or an unexpected error, see the log",
          "try again",
          0};
}

template <class T>
Reply<T> no_reply() {
  Reply<T> reply;
  reply.failure = not_made();
  return reply;
}

// The bytes that are stored, and the CRC64 of the records' own.
struct Compressed {
  std::shared_ptr<const Buffer> bytes;  // null: it failed
  std::uint64_t plain_crc64 = 0;
};
Compressed compress_content(const Compression& how, Buffer& content);

struct Looked {
  Reply<ObjectHead> reply = no_reply<ObjectHead>();
  std::uint64_t crc64 = 0;  // of the content to compare with, if there was any
};
Looked head_object(Client& client, const std::string& key, const Buffer* content = nullptr);

// A piece of the content, as a part of an upload.
struct Piece {
  std::shared_ptr<const Buffer> content;
  std::size_t at = 0, size = 0;
  int number = 0;  // from 1
};
Reply<Part> put_part(Client& client, const std::string& key, const std::string& upload_id, const Piece& piece);
Failure put_object(Client& client, const std::string& key, const std::shared_ptr<const Buffer>& content, const ObjectOptions& options);
Reply<std::string> initiate_upload(Client& client, const std::string& key, const ObjectOptions& options);
Reply<std::vector<Part>> list_parts(Client& client, const std::string& key, const std::string& upload_id);
Failure complete_upload(Client& client, const std::string& key, const std::string& upload_id, const std::vector<Part>& parts);
Reply<ListPage> list_page(Client& client, const std::string& prefix, const std::string& marker);

}  // namespace ch::cos
