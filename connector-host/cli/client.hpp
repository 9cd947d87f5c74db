// The REST client of the command line: one request at a time over libcurl, with bounds on time and size. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.hpp"

namespace ch::cli {

constexpr std::chrono::seconds kConnectTimeout{5};
constexpr std::chrono::seconds kAnswerTimeout{30};  // beside what the request waits for
constexpr std::chrono::milliseconds kRetryStep{500};
constexpr std::size_t kMaxAnswer = std::size_t{64} << 20;

struct Answer {
  long status = 0;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  nlohmann::json json() const;  // null if the body is not JSON
};

class Client {
 public:
  // `url`: of the host, such as http://127.0.0.1:8083. `token`: sent as a bearer token; "" none. `ca`: file of the
  // certificates to trust; "" the system's. `retry`: how long to try again while there is no host, or one that starts.
  // Error: invalid, if the URL is none.
  static Result<Client> make(const std::string& url, const std::string& token, const std::string& ca = "",
                             std::chrono::milliseconds retry = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // Error: unavailable, if there was no answer. Any HTTP status is an answer. `wait`: how long the host may take beside
  // kAnswerTimeout.
  Result<Answer> send(const std::string& method, const std::string& path, const std::string& body = "",
                      std::chrono::milliseconds wait = {});
  const std::string& url() const;  // without user and password
  // What to say of HTTP 401: no token was sent, or one that the host does not take, and where tokens come from.
  std::string not_admitted() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// One path segment or query value.
std::string percent_encoded(const std::string& text);

}  // namespace ch::cli
