// Requests and answers between the server (sockets, Beast) and the service (COS's rules). The server calls an Exchange from
// one thread at a time, different exchanges from several.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cos_emulator/spool.hpp"
#include "cos_emulator/text.hpp"

namespace ch::cos_emulator {

constexpr std::uint32_t kHeaderBytes = 64 * 1024;                  // of a request's head
constexpr std::uint64_t kObjectBytes = 5ULL * 1024 * 1024 * 1024;  // of a PUT or a part

struct RequestHead {
  std::string method;
  std::string target;  // as sent
  Pairs headers;       // names in lower case
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
};

struct Response {
  int status = 200;
  Pairs headers;
  std::vector<std::string> body;                // sent piece by piece
  bool chunked = false;                         // else Content-Length is the sum of what is to be sent
  std::shared_ptr<File> file;                   // sent behind `body`
  std::uint64_t file_at = 0, file_bytes = 0;    // what of the file
  std::optional<std::uint64_t> content_length;  // of an answer without body (HEAD)
  bool close = false;
};

// One request and its answer: begin, [body]..., finish. Where a pause or a reset is asked for, the server obeys.
class Exchange {
 public:
  struct Faults {
    std::int64_t stall_before_ms = 0, stall_after_ms = 0;
    bool reset_before = false, reset_after = false;
  };
  virtual ~Exchange() = default;
  virtual Faults faults() const = 0;
  virtual std::optional<Response> refusal() = 0;  // known from the head alone; the body need not be read
  virtual void body(std::string_view bytes) = 0;  // also after a refusal: the bytes are counted
  virtual Response finish() = 0;                  // not after a refusal
};

class Service {
 public:
  virtual ~Service() = default;
  virtual std::unique_ptr<Exchange> begin(RequestHead head) = 0;
  virtual Response unreadable(std::string_view why) = 0;  // what was sent is not HTTP, or beyond the limits
  virtual void connected() = 0;
};

}  // namespace ch::cos_emulator
