#include "cloud/address.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace ch::cloud {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

class Url {
 public:
  explicit Url(const std::string& text) : good(curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK) {}
  std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), which, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, void (*)(void*)> owned(text, &curl_free);
    return text;
  }

 private:
  const std::unique_ptr<CURLU, FreeUrl> url_{curl_url()};

 public:
  const bool good;
};

}  // namespace

std::string proxy_problem(const std::string& text) {
  const Url url(text);
  if (!url.good || url.part(CURLUPART_SCHEME) != "http" || !text.starts_with("http://"))
    return "must be http://HOST:PORT of an HTTP proxy, with USER:PASSWORD@ before the host if it wants them";
  if (url.part(CURLUPART_PORT).empty()) return "must name the proxy's port, such as http://proxy.example.com:3128";
  const auto path = url.part(CURLUPART_PATH);
  if ((!path.empty() && path != "/") || !url.part(CURLUPART_QUERY).empty() || !url.part(CURLUPART_FRAGMENT).empty())
    return "must end with the proxy's port";
  return {};
}

Address parse_address(const std::string& base, std::string_view what, std::string_view example) {
  const Url url(base);
  const auto part = [&](CURLUPart which, unsigned flags = 0) { return url.part(which, flags); };
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument(fmt::format("{} {}; right is, for example, {}", what, why, example));
  };
  if (!url.good) refuse("is not a URL");
  const auto scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse("is neither http nor https");
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) refuse("holds a user or password");
  if (!part(CURLUPART_QUERY).empty() || !part(CURLUPART_FRAGMENT).empty()) refuse("holds a query or fragment");
  Address address;
  address.host = part(CURLUPART_HOST);
  if (const auto port = part(CURLUPART_PORT, CURLU_NO_DEFAULT_PORT); !port.empty()) address.host += ':' + port;
  address.origin = scheme + "://" + address.host;
  address.path = part(CURLUPART_PATH, CURLU_URLDECODE);
  while (address.path.ends_with('/')) address.path.pop_back();
  return address;
}

}  // namespace ch::cloud
