#include "cloud/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace ch::cloud {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kMaxIdleSeconds = 30;  // a connection that rested for longer may be forgotten by what lies between
constexpr long kUploadBuffer = 512L << 10;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};

// One call's state: what the callbacks of libcurl work on.
struct Exchange {
  const Request& request;
  std::int64_t stall_timeout_ms;
  Answer answer = {};
  std::size_t sent = 0;
  std::size_t header_bytes = 0;
  std::string problem = {};  // what we refused; libcurl only says "failed writing" or "aborted"
  curl_off_t moved = -1;
  Clock::time_point moved_at = Clock::now();
};

std::size_t on_read(char* out, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t wanted = std::min(size * count, exchange.request.body_size - exchange.sent);
  if (wanted == 0) return 0;
  const std::size_t got = exchange.request.body(exchange.sent, std::span(out, wanted));
  if (got == 0) {
    exchange.problem = "the request's body ended early";
    return CURL_READFUNC_ABORT;
  }
  exchange.sent += got;
  return got;
}

// libcurl would send a request again by itself when a kept connection breaks before a byte was answered. Whether it is
// sent again is the caller's decision: the first one may have had its effect.
int on_seek(void* user, curl_off_t, int) {
  static_cast<Exchange*>(user)->problem = "the connection broke before an answer came";
  return CURL_SEEKFUNC_FAIL;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.answer.body.size() + size * count > kMaxAnswerBytes) {
    exchange.problem = "the answer is longer than " + std::to_string(kMaxAnswerBytes) + " bytes";
    return 0;
  }
  exchange.answer.body.append(bytes, size * count);
  return size * count;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line(bytes, size * count);
  exchange.header_bytes += line.size();
  if (exchange.header_bytes > kMaxAnswerHeaderBytes) {
    exchange.problem = "the answer's headers are longer than " + std::to_string(kMaxAnswerHeaderBytes) + " bytes";
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // a new answer: one with 1xx may have gone before
    exchange.answer.headers.clear();
    return size * count;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  auto value = line.substr(colon + 1);
  const auto first = value.find_first_not_of(" \t\r\n");
  const auto last = value.find_last_not_of(" \t\r\n");
  exchange.answer.headers[name] = first == std::string_view::npos ? "" : value.substr(first, last - first + 1);
  return size * count;
}

// libcurl's own low-speed limit works on an average of several seconds. This is called at least once a second.
int on_progress(void* user, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto now = Clock::now();
  if (down + up != exchange.moved) {
    exchange.moved = down + up;
    exchange.moved_at = now;
    return 0;
  }
  if (now - exchange.moved_at < std::chrono::milliseconds(exchange.stall_timeout_ms)) return 0;
  exchange.problem = "no byte moved for " + std::to_string(exchange.stall_timeout_ms) + " ms";
  return 1;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool is_loopback(std::string_view url) {
  const auto host = url.substr(std::min(url.find("://") + 3, url.size()));
  return host.starts_with("127.") || host.starts_with("[::1]") || host.starts_with("localhost:") || host.starts_with("localhost/") ||
         host == "localhost";
}

List header_list(const Pairs& headers) {
  List list;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  };
  for (const auto& [name, value] : headers) add(name + ": " + value);
  add("Accept:");  // libcurl's own
  add("Expect:");
  return list;
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

struct Transport::Handle {
  std::array<char, CURL_ERROR_SIZE> error{};  // outlives `curl`, which writes into it
  std::unique_ptr<CURL, FreeCurl> curl{curl_easy_init()};

  explicit Handle(const TransportOptions& options) {
    if (curl == nullptr) throw std::bad_alloc();
    set(CURLOPT_ERRORBUFFER, error.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (options.proxy) {
      set(CURLOPT_PROXY, options.proxy->c_str());
      set(CURLOPT_NOPROXY, "");  // what is configured counts, whatever the environment says
    }
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_MAXCONNECTS, 1L);
    set(CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_USERAGENT, "connector-host/" CH_VERSION);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_ms));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout_ms));
    set(CURLOPT_READFUNCTION, &on_read);
    set(CURLOPT_SEEKFUNCTION, &on_seek);
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_NOPROGRESS, 0L);
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl.get(), option, value);
    if (code != CURLE_OK) throw std::runtime_error(std::string("libcurl refuses an option: ") + curl_easy_strerror(code));
  }

  void prepare(const Request& request, Exchange& exchange, curl_slist* headers, bool environments_proxy) {
    set(CURLOPT_URL, request.url.c_str());
    if (environments_proxy) set(CURLOPT_PROXY, is_loopback(request.url) ? "" : static_cast<const char*>(nullptr));
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_SEEKDATA, &exchange);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_XFERINFODATA, &exchange);
    const bool has_body = request.method == "PUT" || request.method == "POST";
    // The order matters: each of these resets what the one before said about the method.
    set(CURLOPT_NOBODY, request.method == "HEAD" ? 1L : 0L);
    set(CURLOPT_UPLOAD, has_body ? 1L : 0L);
    if (has_body) {
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
    } else if (request.method != "HEAD") {
      set(CURLOPT_HTTPGET, 1L);
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
};

Transport::Transport(TransportOptions options) : options_(std::move(options)) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

Transport::~Transport() = default;

std::unique_ptr<Transport::Handle> Transport::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto handle = std::move(idle_.back());  // the last one used: its connection is the least likely to be stale
      idle_.pop_back();
      return handle;
    }
  }
  return std::make_unique<Handle>(options_);
}

void Transport::keep(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleConnections) idle_.push_back(std::move(handle));
}

Answer Transport::send(const Request& request) {
  // A value that came from elsewhere, a key id for instance, must not begin a header or a request of its own.
  for (const auto& [name, value] : request.headers) {
    if (std::none_of(value.begin(), value.end(), is_control)) continue;
    Answer refused;
    refused.error = "the header " + name + " would hold a control character, and nothing was sent";
    return refused;
  }
  auto handle = take();
  Exchange exchange{request, options_.stall_timeout_ms};
  const List headers = header_list(request.headers);
  handle->prepare(request, exchange, headers.get(), !options_.proxy);
  handle->error[0] = '\0';
  const CURLcode code = curl_easy_perform(handle->curl.get());
  long status = 0, tunnel_status = 0;
  curl_easy_getinfo(handle->curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle->curl.get(), CURLINFO_HTTP_CONNECTCODE, &tunnel_status);

  Answer answer = std::move(exchange.answer);
  answer.status = static_cast<int>(status);
  if (code != CURLE_OK) {
    answer.error = !exchange.problem.empty()  ? exchange.problem
                   : handle->error[0] != '\0' ? handle->error.data()
                                              : curl_easy_strerror(code);
    // What a proxy says to CONNECT is not what the server says.
    if (tunnel_status >= 300) {
      status = 0;
      answer.error = "the proxy does not connect: it answers HTTP " + std::to_string(tunnel_status);
    }
    // A refusal is one even if the connection broke behind its status; a success is one only if it came whole.
    if (status < 300) answer.status = 0;
  }
  keep(std::move(handle));
  return answer;
}

}  // namespace ch::cloud
