#include "rest/core/router.hpp"

#include <catch2/catch.hpp>

#include "rest/core/request_filter.hpp"

using namespace ch::rest;

namespace {

Request request(const std::string& method, const std::string& path, const std::string& query = {}, std::vector<Header> headers = {},
                const std::string& body = {}) {
  return {method, path, query, std::move(headers), body, nullptr};
}

Router example() {
  Router router;
  const auto names = [](const Call& call) -> Answer {
    std::string text;
    for (const auto& name : call.names) text += "<" + name + ">";
    for (const auto& [name, value] : call.parameters) text += name + "=" + value + ";";
    return Response{200, {}, text};
  };
  router.add("GET", "/v1/tasks", {}, names);
  router.add("POST", "/v1/tasks", {}, names);
  router.add("GET", "/v1/tasks/{}", {}, names);
  router.add("POST", "/v1/tasks/{}/enable", {"wait"}, names);
  return router;
}

Response dispatch(const Request& what) { return std::get<Response>(example().dispatch(what)); }

std::string header(const Response& response, const std::string& name) {
  for (const auto& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "";
}

unsigned gated(const Request& what, const std::string& token = "", bool ready = true) {
  const auto response = gate(what, {token, ready});
  return response ? response->status : 0;
}

}  // namespace

TEST_CASE("paths are matched by segment, names decoded") {
  REQUIRE(dispatch(request("GET", "/v1/tasks")).body.empty());
  REQUIRE(dispatch(request("GET", "/v1/tasks/a%2Fb%20%C3%A9+")).body == "<a/b \xc3\xa9+>");
  REQUIRE(dispatch(request("GET", "/v1/tasks/a/")).body == "<a>");
  REQUIRE(dispatch(request("GET", "/v1/tasks/%2E%2E")).body == "<..>");
  REQUIRE(dispatch(request("POST", "/v1/tasks/a/enable", "wait=30s")).body == "<a>wait=30s;");
  REQUIRE(dispatch(request("HEAD", "/v1/tasks/a")).body == "<a>");
  for (const auto* nothing :
       {"/", "/v1", "/v1/task", "/v1/tasks/a/b", "/v1/tasks//enable", "/v1//tasks", "//v1/tasks", "/V1/tasks", "/v1/tasks%2Fa"}) {
    INFO(nothing);
    REQUIRE(dispatch(request("GET", nothing)).status == 404);
  }
}

TEST_CASE("other methods are told which are possible") {
  const auto refused = dispatch(request("DELETE", "/v1/tasks"));
  REQUIRE(refused.status == 405);
  REQUIRE(header(refused, "Allow") == "GET, HEAD, OPTIONS, POST");
  REQUIRE(header(dispatch(request("GET", "/v1/tasks/a/enable")), "Allow") == "OPTIONS, POST");
  REQUIRE(dispatch(request("get", "/v1/tasks")).status == 405);
  const auto options = dispatch(request("OPTIONS", "/v1/tasks"));
  REQUIRE(options.status == 204);
  REQUIRE(header(options, "Allow") == "GET, HEAD, OPTIONS, POST");
  REQUIRE(dispatch(request("OPTIONS", "/nothing")).status == 404);
  REQUIRE(dispatch(request("OPTIONS", "/*")).status == 204);
}

TEST_CASE("names and queries that cannot be decoded are refused") {
  for (const auto* path : {"/v1/tasks/%ff", "/v1/tasks/%zz", "/v1/tasks/a%2", "/v1/tasks/%", "/v1/tasks/%C3"}) {
    INFO(path);
    REQUIRE(dispatch(request("GET", path)).status == 400);
  }
  REQUIRE(dispatch(request("POST", "/v1/tasks/a/enable", "wait=%ff")).status == 400);
  REQUIRE(dispatch(request("POST", "/v1/tasks/a/enable", "wait=1s&wait=2s")).status == 422);
}

TEST_CASE("an unknown query parameter names the one that was meant") {
  const auto refused = dispatch(request("POST", "/v1/tasks/a/enable", "wiat=30s"));
  REQUIRE(refused.status == 422);
  REQUIRE(refused.body.find("did you mean wait?") != std::string::npos);
  REQUIRE(dispatch(request("GET", "/v1/tasks", "x=y")).status == 422);
}

TEST_CASE("queries") {
  REQUIRE(*parse_query("a=1&b=x%26y+z&c&&d=") == Parameters{{"a", "1"}, {"b", "x&y z"}, {"c", ""}, {"d", ""}});
  REQUIRE(parse_query("")->empty());
}

TEST_CASE("percent encoding goes there and back") {
  const std::string name = "a/b %\xc3\xa9?#\"-._~";
  REQUIRE(percent_encode(name) == "a%2Fb%20%25%C3%A9%3F%23%22-._~");
  REQUIRE(percent_decode(percent_encode(name)) == name);
}

TEST_CASE("a token is needed where there is one") {
  const auto with = [](const std::string& value) { return request("GET", "/v1", {}, {{"authorization", value}}); };
  REQUIRE(gated(request("GET", "/v1"), "secret") == 401);
  REQUIRE(gated(request("GET", "/nothing"), "secret") == 401);
  REQUIRE(gated(with("Bearer secre"), "secret") == 401);
  REQUIRE(gated(with("Bearer secreT"), "secret") == 401);
  REQUIRE(gated(with("Basic secret"), "secret") == 401);
  REQUIRE(gated(with("Basic c29tZWJvZHk6c2VjcmV0"), "secret") == 0);        // somebody:secret
  REQUIRE(gated(with("basic  OnNlY3JldA=="), "secret") == 0);               // :secret
  REQUIRE(gated(with("Basic YTpzZWM6cmV0"), "sec:ret") == 0);               // a:sec:ret
  REQUIRE(gated(with("Basic c2VjcmV0OnNvbWVib2R5"), "secret") == 401);      // secret:somebody
  REQUIRE(gated(with("Basic c2VjcmV0"), "secret") == 401);                  // secret
  REQUIRE(gated(with("Basic c29tZWJvZHk6c2VjcmV0AA=="), "secret") == 401);  // a byte behind it
  REQUIRE(gated(with("Basic"), "secret") == 401);
  REQUIRE(gated(with("Basic ===="), "secret") == 401);
  REQUIRE(gated(with("Basic *"), "secret") == 401);
  REQUIRE(gated(with("bearer secret"), "secret") == 0);
  REQUIRE(gated(request("GET", "/health"), "secret") == 0);
  REQUIRE(gated(request("GET", "/health/ready"), "secret") == 0);
  REQUIRE(gated(request("GET", "/health/other"), "secret") == 401);
  REQUIRE(gated(request("GET", "/v1")) == 0);
}

TEST_CASE("bodies must be JSON, answers are") {
  const auto post = [](std::vector<Header> headers) { return gated(request("POST", "/v1/tasks", {}, std::move(headers), "{}")); };
  REQUIRE(post({}) == 0);
  REQUIRE(post({{"Content-Type", "application/json"}}) == 0);
  REQUIRE(post({{"content-type", "Application/JSON ; charset=utf-8"}}) == 0);
  REQUIRE(post({{"Content-Type", "application/x-www-form-urlencoded"}}) == 0);  // curl -d @task.json
  REQUIRE(post({{"Content-Type", "application/x-www-form-urlencoded"}, {"Origin", "http://other.example"}}) == 403);
  REQUIRE(post({{"Content-Type", "text/plain"}}) == 415);
  REQUIRE(post({{"Content-Type", "application/jsonx"}}) == 415);
  REQUIRE(post({{"Content-Encoding", "gzip"}}) == 415);
  REQUIRE(gated(request("POST", "/v1/tasks/a/enable", {}, {{"Content-Type", "text/plain"}})) == 0);  // no body

  const auto get = [](const std::string& accept) { return gated(request("GET", "/v1", {}, {{"Accept", accept}})); };
  REQUIRE(get("*/*") == 0);
  REQUIRE(get("text/html, application/json;q=0.5") == 0);
  REQUIRE(get("application/*") == 0);
  REQUIRE(get("") == 0);
  REQUIRE(get("text/html") == 406);
  REQUIRE(gated(request("GET", "/openapi.yaml", {}, {{"Accept", "application/yaml"}})) == 0);
  REQUIRE(get("text/event-stream") == 406);
  REQUIRE(gated(request("GET", "/v1/events", {}, {{"Accept", "text/event-stream"}})) == 0);
  REQUIRE(gated(request("GET", "/v1/tasks/a/events", {}, {{"Accept", "text/html, Text/Event-Stream;q=0.5"}})) == 0);
  REQUIRE(gated(request("GET", "/v1/events", {}, {{"Accept", "text/html"}})) == 406);
}

TEST_CASE("pages of other sites may read but not change") {
  const std::vector<Header> foreign = {{"Sec-Fetch-Site", "cross-site"}};
  REQUIRE(gated(request("POST", "/v1/tasks", {}, foreign)) == 403);
  REQUIRE(gated(request("DELETE", "/v1/tasks/a", {}, foreign)) == 403);
  REQUIRE(gated(request("GET", "/v1/tasks", {}, foreign)) == 0);
  REQUIRE(gated(request("POST", "/v1/tasks", {}, {{"Sec-Fetch-Site", "same-origin"}})) == 0);
  // To an address without https browsers send the origin alone.
  const auto from = [](const std::string& origin) {
    return gated(request("POST", "/v1/tasks", {}, {{"Host", "10.0.0.5:8083"}, {"Origin", origin}}));
  };
  REQUIRE(from("http://10.0.0.5:8083") == 0);
  REQUIRE(from("http://10.0.0.5:9000") == 403);
  REQUIRE(from("http://other.example") == 403);
  REQUIRE(from("null") == 403);
}

TEST_CASE("a host without a token answers to no name that could be a page's, whoever asks") {
  const Names local{"127.0.0.1", false, {"archive.example.com"}}, network{"kafka-host", true, {}};
  const auto named = [](const std::string& host, const Names& names, const std::string& token = "", const std::string& path = "/v1") {
    const auto response = gate(request("GET", path, {}, {{"Host", host}, {"User-Agent", "x"}, {"Authorization", "Bearer secret"}}),
                               {token, true, false, &names});
    return response ? response->status : 0;
  };
  for (const auto* host : {"127.0.0.1:8083", "127.0.0.1", "localhost:8083", "LOCALHOST", "[::1]:8083", "[::1]", "127.1.2.3:1",
                           "archive.example.com", "Archive.Example.com:8083"})
    REQUIRE(named(host, local) == 0);
  for (const auto* host : {"evil.example", "evil.example:8083", "127.evil.example", "10.0.0.5", "localhost.evil.example", "", "[::2]:8083",
                           "archive.example.com.evil.example", "evil.example:127.0.0.1"})
    REQUIRE(named(host, local) == 403);
  for (const auto* host : {"kafka-host:8083", "10.0.0.5:8083", "[2001:db8::1]:8083", "localhost", "127.0.0.1:8083"})
    REQUIRE(named(host, network) == 0);
  for (const auto* host : {"evil.example", "10.0.0.5.evil.example", "archive.example.com", "0x0a000005"})
    REQUIRE(named(host, network) == 403);
  REQUIRE(named("evil.example:8083", local, "secret") == 0);
  REQUIRE(named("evil.example", local, "", "/metrics") == 403);
  REQUIRE(named("evil.example", local, "", "/ui/") == 403);
  REQUIRE(named("evil.example", local, "", "/health") == 0);
  REQUIRE(named("evil.example", local, "", "/health/ready") == 0);
  const auto response = gate(request("GET", "/v1", {}, {{"Host", "evil.example"}}), {"", true, false, &local});
  REQUIRE(response->body.find("evil.example") != std::string::npos);
  REQUIRE(response->body.find("allowed.hosts") != std::string::npos);
  REQUIRE_FALSE(gate(request("GET", "/v1", {}, {}), {"", true, false, &local}));  // HTTP/1.0
}

TEST_CASE("while the host starts, only what needs no tasks is answered") {
  REQUIRE(gated(request("GET", "/v1/tasks"), "", false) == 503);
  REQUIRE(gated(request("GET", "/health"), "", false) == 0);
  REQUIRE(gated(request("GET", "/health/ready"), "", false) == 0);
  REQUIRE(gated(request("GET", "/openapi.yaml"), "", false) == 0);
}
