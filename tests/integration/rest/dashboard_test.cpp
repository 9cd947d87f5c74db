// The files of /ui/: what a browser is told about them.
#include <catch2/catch.hpp>

#include "rest/core/request_filter.hpp"
#include "rest/pages/page_routes.hpp"

namespace {

using ch::rest::Header;
using ch::rest::Request;
using ch::rest::Response;

Response get(const std::string& path, std::vector<Header> headers = {}) {
  ch::rest::Router router;
  ch::rest::add_dashboard_routes(router);
  return std::get<Response>(router.dispatch(Request{"GET", path, "", std::move(headers), "", nullptr}));
}

std::string header(const Response& response, const std::string& name) {
  for (const auto& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

bool compressed(const std::string& accepted) {
  return header(get("/ui/app.js", {{"Accept-Encoding", accepted}}), "Content-Encoding") == "gzip";
}

}  // namespace

TEST_CASE("the page is at /ui/, and /ui leads there") {
  const auto page = get("/ui/");
  CHECK(page.status == 200);
  CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.rfind("<!doctype html>", 0) == 0);
  const auto moved = get("/ui");
  CHECK(moved.status == 308);
  CHECK(header(moved, "Location") == "ui/");
}

TEST_CASE("files have their types, and none is found by another name") {
  CHECK(header(get("/ui/style.css"), "Content-Type") == "text/css; charset=utf-8");
  CHECK(header(get("/ui/lang/zh.js"), "Content-Type") == "text/javascript; charset=utf-8");
  CHECK(header(get("/ui/icon.svg"), "Content-Type") == "image/svg+xml");
  for (const auto* path : {"/ui/no.js", "/ui/lang", "/ui/..%2Fapp.js", "/ui/lang%2Fzh.js/x", "/ui/LANG/zh.js"}) {
    INFO(path);
    CHECK(get(path).status == 404);
  }
}

TEST_CASE("nothing from elsewhere may run in the page") {
  const auto policy = header(get("/ui/"), "Content-Security-Policy");
  CHECK(policy.find("default-src 'self'") != std::string::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(header(get("/ui/"), "Referrer-Policy") == "no-referrer");
}

TEST_CASE("files are compressed for those who take that") {
  CHECK(compressed("gzip, deflate, br"));
  CHECK(compressed("br;q=1.0, gzip;q=0.8"));
  CHECK_FALSE(compressed("gzip;q=0"));
  CHECK_FALSE(compressed("gzip; q=0.000"));
  CHECK_FALSE(compressed("identity"));
  CHECK_FALSE(compressed(""));
  const auto plain = get("/ui/app.js");
  const auto packed = get("/ui/app.js", {{"Accept-Encoding", "gzip"}});
  CHECK(packed.body.size() < plain.body.size());
  CHECK(packed.body.rfind("\x1f\x8b", 0) == 0);
  CHECK(header(packed, "ETag") != header(plain, "ETag"));
  CHECK(header(packed, "Vary") == "Accept-Encoding");
}

TEST_CASE("a file that the browser has is not sent again") {
  const auto tag = header(get("/ui/app.js"), "ETag");
  const auto same = get("/ui/app.js", {{"If-None-Match", "\"other\", " + tag}});
  CHECK(same.status == 304);
  CHECK(same.body.empty());
  CHECK(header(same, "ETag") == tag);
  CHECK(get("/ui/app.js", {{"If-None-Match", "\"other\""}}).status == 200);
}

TEST_CASE("the page needs no token, the API does") {
  const auto refused = [](const std::string& path) {
    return ch::rest::gate(Request{"GET", path, "", {}, "", nullptr}, {"secret", true, false}).has_value();
  };
  CHECK_FALSE(refused("/ui"));
  CHECK_FALSE(refused("/ui/"));
  CHECK_FALSE(refused("/ui/app.js"));
  CHECK(refused("/uint"));
  CHECK(refused("/v1/tasks"));
}
