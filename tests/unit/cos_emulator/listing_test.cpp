#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "client.hpp"

using namespace cos_test;
using Texts = std::vector<std::string>;

namespace {

Answer list(const World& world, Pairs query) { return world.client.send({"GET", "", std::move(query)}); }
Texts keys(const Answer& answer) { return answer.values("ListBucketResult/Contents/Key"); }
Texts prefixes(const Answer& answer) { return answer.values("ListBucketResult/CommonPrefixes/Prefix"); }
std::string field(const Answer& answer, const std::string& name) { return answer.value("ListBucketResult/" + name); }

}  // namespace

TEST_CASE("A listing is in byte order and says what each object is") {
  World world;
  for (const char* key : {"b", "a", "é", "Z", "a/b"}) REQUIRE(world.client.put(key, "12345").status == 200);
  const Answer all = list(world, {});
  CHECK(all.status == 200);
  CHECK(all.headers.at("content-type") == "application/xml");
  CHECK(keys(all) == Texts{"Z", "a", "a/b", "b", "é"});
  CHECK(field(all, "Name") == kBucket);
  CHECK(field(all, "MaxKeys") == "1000");
  CHECK(field(all, "IsTruncated") == "false");
  CHECK(field(all, "Contents/Size") == "5");
  CHECK(field(all, "Contents/ETag") == "\"827ccb0eea8a706c4c34a16891f84e7b\"");
  CHECK(field(all, "Contents/Owner/ID") == "1250000000");
  CHECK(field(all, "Contents/StorageClass") == "STANDARD");
  CHECK(field(all, "Contents/LastModified").size() == std::string("2019-05-16T06:45:51.000Z").size());
}

TEST_CASE("Pages follow the marker, which is exclusive") {
  World world;
  for (int i = 0; i < 7; ++i) REQUIRE(world.client.put(fmt::format("t/{}", i), "x").status == 200);
  REQUIRE(world.client.put("u", "x").status == 200);
  Texts seen;
  std::string marker;
  int pages = 0;
  for (bool more = true; more; ++pages) {
    const Answer page = list(world, {{"prefix", "t/"}, {"marker", marker}, {"max-keys", "3"}});
    for (const std::string& key : keys(page)) seen.push_back(key);
    more = field(page, "IsTruncated") == "true";
    marker = field(page, "NextMarker");
    CHECK(marker.empty() != more);
  }
  CHECK(pages == 3);
  CHECK(seen == Texts{"t/0", "t/1", "t/2", "t/3", "t/4", "t/5", "t/6"});
  CHECK(keys(list(world, {{"marker", "t/6"}})) == Texts{"u"});
  CHECK(keys(list(world, {{"marker", "u"}})).empty());
  CHECK(field(list(world, {{"prefix", "t/"}, {"max-keys", "7"}}), "IsTruncated") == "false");
  CHECK(keys(list(world, {{"max-keys", "0"}})).empty());
  CHECK(field(list(world, {{"max-keys", "5000"}}), "MaxKeys") == "1000");
  CHECK(list(world, {{"max-keys", "many"}}).code() == "InvalidArgument");
}

TEST_CASE("Names up to the delimiter count once, over pages too") {
  World world;
  for (const char* key : {"a", "d/1", "d/2", "e/1", "e/2", "f"}) REQUIRE(world.client.put(key, "x").status == 200);
  const Answer whole = list(world, {{"delimiter", "/"}});
  CHECK(keys(whole) == Texts{"a", "f"});
  CHECK(prefixes(whole) == Texts{"d/", "e/"});
  const Answer first = list(world, {{"delimiter", "/"}, {"max-keys", "2"}});
  CHECK(keys(first) == Texts{"a"});
  CHECK(prefixes(first) == Texts{"d/"});
  CHECK(field(first, "NextMarker") == "d/");
  const Answer second = list(world, {{"delimiter", "/"}, {"max-keys", "2"}, {"marker", "d/"}});
  CHECK(prefixes(second) == Texts{"e/"});
  CHECK(keys(second) == Texts{"f"});
  CHECK(field(second, "IsTruncated") == "false");
  CHECK(keys(list(world, {{"delimiter", "/"}, {"prefix", "d/"}})) == Texts{"d/1", "d/2"});
}

TEST_CASE("Names are percent-encoded on request, and a plus in the query is a blank") {
  World world;
  REQUIRE(world.client.put("a b+\x01/ä", "x").status == 200);
  const Answer answer = list(world, {{"prefix", "a b+"}, {"encoding-type", "url"}});
  CHECK(field(answer, "EncodingType") == "url");
  CHECK(field(answer, "Prefix") == "a%20b%2B");
  CHECK(keys(answer) == Texts{"a%20b%2B%01%2F%C3%A4"});
  CHECK(list(world, {{"encoding-type", "base64"}}).code() == "InvalidArgument");
  std::string url = world.client.presigned_url({"GET", "", {{"prefix", "a b+"}}});
  url.replace(url.find("a%20b"), 5, "a+b");
  CHECK(keys(fetch(url)).size() == 1);
}

TEST_CASE("HEAD of the bucket, and a bucket that goes and returns") {
  World world;
  REQUIRE(world.client.put("k", "v").status == 200);
  CHECK(world.client.head("").status == 200);
  world.emulator.remove_bucket(kBucket);
  CHECK(world.client.head("").status == 404);
  CHECK(world.client.get("k").code() == "NoSuchBucket");
  CHECK(list(world, {}).code() == "NoSuchBucket");
  world.emulator.add_bucket(kBucket);
  CHECK(world.client.get("k").body == "v");
  world.emulator.add_bucket("another-1250000000");
  CHECK(Client(world.emulator.port(), "another-1250000000").put("k", "v").status == 200);
  CHECK_THROWS_WITH(world.emulator.add_bucket("../x"), Catch::Contains("cannot be a bucket"));
}
