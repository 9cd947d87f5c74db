// The dashboard: files that are part of the binary. They hold no data and no secret, so that they need no token.
#include <algorithm>
#include <embedded/ch_dashboard.hpp>

#include "base/text.hpp"
#include "rest/pages/page_routes.hpp"

namespace ch::rest {

namespace {

using embedded::Asset;

// Nothing from elsewhere, no script or style within the page, no string that could become markup.
constexpr const char* kPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

// Whether a comma list holds the item; what follows a semicolon is for `refused` to judge.
template <class Refused>
bool lists(const std::string* header, std::string_view item, Refused refused) {
  for (const auto entry : list_items(header == nullptr ? std::string_view() : *header)) {
    const auto mark = std::min(entry.find_first_of("; \t"), entry.size());
    if (entry.substr(0, mark) == item) return !refused(entry.substr(mark));
  }
  return false;
}

bool takes_gzip(const Request& request) {
  return lists(request.header("Accept-Encoding"), "gzip", [](std::string_view parameters) {
    const auto quality = parameters.find("q=0");
    return quality != std::string_view::npos && parameters.find_first_not_of("0.", quality + 2) == std::string_view::npos;
  });
}

Response file(const Asset& asset, const Request& request) {
  const bool gzip = takes_gzip(request);
  const std::string tag = '"' + std::string(asset.tag) + (gzip ? "-gzip" : "") + '"';
  Response response{200,
                    {{"Content-Type", std::string(asset.type)},
                     {"ETag", tag},
                     {"Vary", "Accept-Encoding"},
                     {"Cache-Control", "no-cache"},  // ask each time, so that a new host is never seen with old files
                     {"Content-Security-Policy", kPolicy},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Referrer-Policy", "no-referrer"}},
                    {}};
  if (lists(request.header("If-None-Match"), tag, [](std::string_view) { return false; })) {
    response.status = 304;
    return response;
  }
  if (gzip) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = gzip ? asset.gzip : asset.plain;
  return response;
}

Answer find(const std::string& path, const Request& request) {
  const auto asset = std::find_if(embedded::assets.begin(), embedded::assets.end(), [&](const Asset& a) { return a.path == path; });
  if (asset != embedded::assets.end()) return file(*asset, request);
  return plain_error(404, "the dashboard has no file " + escaped(path, Escape::terminal));
}

}  // namespace

void add_dashboard_routes(Router& router) {
  router.add("GET", "/ui", {}, [](const Call& call) -> Answer {
    // Relative, so that it is right behind a proxy that has moved everything below a path of its own.
    if (call.request.path == "/ui") return Response{308, {{"Location", "ui/"}}, {}};
    return find("index.html", call.request);
  });
  router.add("GET", "/ui/{}", {}, [](const Call& call) { return find(call.names[0], call.request); });
  router.add("GET", "/ui/{}/{}", {}, [](const Call& call) { return find(call.names[0] + "/" + call.names[1], call.request); });
}

}  // namespace ch::rest
