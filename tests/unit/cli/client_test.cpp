#include "cli/client.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fake_host.hpp"

using namespace ch::cli;

TEST_CASE("a request reaches the host as it was meant") {
  ch::test::FakeHost host;
  host.answer(200, R"({"a":1})");
  host.answer(404, "<html>");
  auto client = Client::make(host.url() + "/", "t0ken");
  REQUIRE(client);
  CHECK(client->url() == host.url());
  const auto first = client->send("POST", "/v1/tasks/" + percent_encoded("../a b%订"), R"({"x":"y"})");
  REQUIRE(first);
  CHECK(first->ok());
  CHECK(first->json() == nlohmann::json{{"a", 1}});
  const auto second = client->send("GET", "/v1");
  REQUIRE(second);
  CHECK(second->status == 404);
  CHECK(second->json().is_null());

  const auto asked = host.asked();
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].method == "POST");
  CHECK(asked[0].target == "/v1/tasks/..%2Fa%20b%25%E8%AE%A2");
  CHECK(asked[0].body == R"({"x":"y"})");
  CHECK(asked[0].authorization == "Bearer t0ken");
  CHECK(asked[1].method == "GET");
  CHECK(asked[1].body.empty());
}

TEST_CASE("no host, no answer") {
  std::string url;
  {
    const ch::test::FakeHost gone;
    url = gone.url();
  }
  auto client = Client::make(url, "");
  REQUIRE(client);
  const auto answer = client->send("GET", "/v1");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ch::ErrorCode::unavailable);
  CHECK(answer.error().message.find(url) != std::string::npos);
}

TEST_CASE("addresses and tokens that cannot be used are refused, and no password is shown") {
  for (const char* url : {"", "nonsense", "ftp://h", "file:///etc/passwd", "http://"}) {
    CAPTURE(url);
    CHECK_FALSE(Client::make(url, ""));
  }
  CHECK_FALSE(Client::make("http://h", "a\r\nX: y"));
  CHECK(Client::make("https://user:secret@h:1/base/", "")->url() == "https://h:1/base");
}

TEST_CASE("an answer that is nested without end is not taken for JSON") {
  CHECK(Answer{200, std::string(100000, '[')}.json().is_null());
  CHECK(Answer{200, std::string(70, '[') + std::string(70, ']')}.json().is_null());
  CHECK(Answer{200, "[[1]]"}.json() == nlohmann::json::parse("[[1]]"));
}
