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

}  // namespace

Address parse_address(const std::string& base, std::string_view what, std::string_view example) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const auto part = [&](CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::string();
    const std::unique_ptr<char, void (*)(void*)> owned(text, &curl_free);
    return std::string(text);
  };
  const auto refuse = [&](std::string_view why) {
    throw std::invalid_argument(fmt::format("{} {}; right is, for example, {}", what, why, example));
  };
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) refuse("is not a URL");
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
