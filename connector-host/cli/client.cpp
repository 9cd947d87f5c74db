#include "cli/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace ch::cli {
namespace {

constexpr int kMaxAnswerDepth = 64;  // of an answer: writing a deeper one out could overflow the stack

struct Free {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK || text == nullptr) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

std::size_t collect(char* data, std::size_t size, std::size_t count, void* user) {
  auto& body = *static_cast<std::string*>(user);
  if (body.size() + size * count > kMaxAnswer) return 0;
  body.append(data, size * count);
  return size * count;
}

void append(std::unique_ptr<curl_slist, Free>& list, const std::string& header) {
  // On failure curl returns null and the list is left as it was.
  if (curl_slist* longer = curl_slist_append(list.get(), header.c_str()); longer != nullptr) {
    (void)list.release();
    list.reset(longer);
  }
}

}  // namespace

struct Client::Impl {
  std::string base;   // as given, without a '/' at its end
  std::string shown;  // without credentials
  std::string token;
  std::string ca;
  std::chrono::milliseconds retry{0};
  bool loopback = false;
  bool nothing_done = false;  // of the last request: the host has not taken it, so that it may be sent again

  Result<Answer> send(const std::string& method, const std::string& path, const std::string& body, std::chrono::milliseconds wait);
  std::unique_ptr<CURL, Free> handle{curl_easy_init()};
};

nlohmann::json Answer::json() const {
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMaxAnswerDepth) throw std::length_error("too deep");
    return true;
  };
  try {
    return nlohmann::json::parse(body, shallow);
  } catch (const std::exception&) {
    return {};
  }
}

Result<Client> Client::make(const std::string& url, const std::string& token, const std::string& ca, std::chrono::milliseconds retry) {
  const std::unique_ptr<CURLU, Free> parsed(curl_url());
  const bool readable = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  const auto scheme = part(parsed.get(), CURLUPART_SCHEME);
  if (!readable || (scheme != "http" && scheme != "https")) {
    return fail(ErrorCode::invalid, "--url (CONNECTOR_HOST_URL) must be the address of a host, such as http://127.0.0.1:8083");
  }
  if (token.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorCode::invalid, "--token (CONNECTOR_HOST_TOKEN) must be a single line");
  auto impl = std::make_unique<Impl>();
  impl->base = url;
  while (impl->base.back() == '/') impl->base.pop_back();
  impl->token = token;
  impl->ca = ca;
  impl->retry = retry;
  const auto host = part(parsed.get(), CURLUPART_HOST);
  impl->loopback = host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
  curl_url_set(parsed.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parsed.get(), CURLUPART_PASSWORD, nullptr, 0);
  impl->shown = part(parsed.get(), CURLUPART_URL);
  while (!impl->shown.empty() && impl->shown.back() == '/') impl->shown.pop_back();
  static std::once_flag told;
  if (!token.empty() && scheme == "http" && !impl->loopback) {
    std::call_once(told, [&] {
      fmt::print(stderr, "warning: the token goes unencrypted to another machine, where all between can read it: {}; use https://\n",
                 impl->shown);
    });
  }
  return Client(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const std::string& Client::url() const { return impl_->shown; }

std::string Client::not_admitted() const {
  if (impl_->token.empty())
    return fmt::format(R"(the host at {} asks for a token: set CONNECTOR_HOST_TOKEN, or "token.file" of a context)", impl_->shown);
  return fmt::format(
      R"(the host at {} does not take the token that was sent: set CONNECTOR_HOST_TOKEN (or --token, or "token.file" of the context) to the host's)",
      impl_->shown);
}

Result<Answer> Client::send(const std::string& method, const std::string& path, const std::string& body, std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + impl_->retry;
  while (true) {
    auto answer = impl_->send(method, path, body, wait);
    if (!impl_->nothing_done || std::chrono::steady_clock::now() + kRetryStep > deadline) return answer;
    std::this_thread::sleep_for(kRetryStep);
  }
}

Result<Answer> Client::Impl::send(const std::string& method, const std::string& path, const std::string& body,
                                  std::chrono::milliseconds wait) {
  CURL* curl = handle.get();
  if (curl == nullptr) return fail(ErrorCode::internal, "libcurl could not be initialised");
  curl_easy_reset(curl);
  std::unique_ptr<curl_slist, Free> headers;
  append(headers, "Accept: application/json");
  append(headers, "Expect:");
  if (!token.empty()) append(headers, "Authorization: Bearer " + token);
  Answer answer;
  const auto url = base + path;
  nothing_done = false;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // a task may be named ".."
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method != "GET") {
    append(headers, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  if (loopback) curl_easy_setopt(curl, CURLOPT_PROXY, "");  // http_proxy is not meant for this machine itself
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(kConnectTimeout).count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>((std::chrono::milliseconds(kAnswerTimeout) + wait).count()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  if (!ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca.c_str());
  const CURLcode code = curl_easy_perform(curl);
  nothing_done = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
  if (code != CURLE_OK) {
    const char* why = code == CURLE_WRITE_ERROR ? "its answer is larger than 64 MiB" : curl_easy_strerror(code);
    return fail(ErrorCode::unavailable, fmt::format("the host at {} cannot be reached: {}", shown, why));
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t again = 0;
  curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &again);
  nothing_done = answer.status == 503 && again > 0;
  return answer;
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~' || c == '.';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace ch::cli
