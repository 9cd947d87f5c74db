// Requests and answers as plain values, apart from the libraries that carry them. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rest/http/body_stream.hpp"

namespace ch::rest {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string path;   // as it was sent: still percent-encoded
  std::string query;  // without the question mark, still percent-encoded
  std::vector<Header> headers;
  std::string body;
  std::shared_ptr<const std::atomic<bool>> gone;  // the client has closed its connection; may be null
  std::size_t listener = 0;                       // the number of the one it came in by, in the order of the server's list
  bool secure = false;                            // by https

  const std::string* header(std::string_view name) const;  // the first one of this name, in any case; or nullptr
};

struct Response {
  unsigned status = 200;
  std::vector<Header> headers;
  std::string body;
  std::shared_ptr<BodyStream> feed = nullptr;  // if set, the body is what it brings, and the connection is closed when it ends
};

// Answers one request; may be called from any thread, the first call counts. If the last copy is dropped without a
// call, the client gets a 500.
using Reply = std::function<void(Response)>;
// Called on a handler thread. May answer later, from another thread.
using Handler = std::function<void(const Request&, Reply)>;

// {"error_code": status, "message": message} as application/json: what even the transport can say.
Response plain_error(unsigned status, std::string_view message);
// The same as a 503 with Retry-After, for what will be possible soon; the message says that it may be tried again.
Response try_again(std::string_view message, unsigned seconds = 1);

// The items of a header that is a comma list, without the blanks around them; what follows a semicolon is part of one.
std::vector<std::string_view> list_items(std::string_view header);

}  // namespace ch::rest
