// One call to COS each, with all that it needs: filled in on the poll thread, run on a pool thread, read on the poll
// thread. A job whose body threw has the failure it began with, never a success.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "client.hpp"
#include "compression.hpp"
#include "context.hpp"

namespace ch::cos {

inline Failure not_made() {
  return {Outcome::retry, "cos_error", {}, "the request was not made: out of memory or an unexpected error, see the log", "try again", 0};
}

template <class T>
Reply<T> no_reply() {
  Reply<T> reply;
  reply.failure = not_made();
  return reply;
}

struct Job {
  std::shared_ptr<Client> client;
  std::string key;
  void over(Context&) {}
};

struct HeadJob : Job {
  std::shared_ptr<const Buffer> content;  // to compare with; may be null
  std::uint64_t crc64 = 0;                // of the content
  Reply<ObjectHead> reply = no_reply<ObjectHead>();
  void run();
};

// Makes the bytes that are stored of the records' own.
struct CompressJob : Job {
  Compression how;
  std::shared_ptr<Buffer> content;
  std::shared_ptr<const Buffer> result;  // null: it failed
  std::uint64_t plain_crc64 = 0;
  void run();
};

struct VersioningJob : Job {
  Reply<bool> reply = no_reply<bool>();
  void run();
};

struct PutJob : Job {
  std::shared_ptr<const Buffer> content;
  ObjectOptions options;
  Failure failure = not_made();
  void run();
};

struct InitiateJob : Job {
  ObjectOptions options;
  Reply<std::string> reply = no_reply<std::string>();
  void run();
};

struct PartJob : Job {
  std::string upload_id;
  int number = 0;  // from 1
  std::shared_ptr<const Buffer> content;
  std::size_t at = 0;
  std::size_t size = 0;
  Reply<Part> reply = no_reply<Part>();
  void run();
  void over(Context& context) { --context.parts_under_way; }
};

struct ListPartsJob : Job {
  std::string upload_id;
  Reply<std::vector<Part>> reply = no_reply<std::vector<Part>>();
  void run();
};

struct CompleteJob : Job {
  std::string upload_id;
  std::vector<Part> parts;
  Failure failure = not_made();
  void run();
};

struct ListJob : Job {  // key: the prefix
  std::string marker;
  Reply<ListPage> reply = no_reply<ListPage>();
  void run();
};

}  // namespace ch::cos
