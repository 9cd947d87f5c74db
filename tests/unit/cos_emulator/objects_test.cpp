#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "client.hpp"

using namespace cos_test;
namespace fs = std::filesystem;

namespace {

const std::string kText = "[Object Content]";  // of the documentation, with its digests
const std::string kMd5 = "\"ee8de918d05640145b18f70f4c3aa602\"";
const std::string kCrc = "16749565679157681890";

fs::path objects(const World& world) { return world.folder.path() / kBucket / "objects"; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("An object is put, looked at, read and deleted") {
  World world;
  const Answer put = world.client.put(
      "a/b.json", kText, {{"Content-Type", "application/json"}, {"x-cos-meta-topic", "orders"}, {"content-md5", md5_base64(kText)}});
  CHECK(put.status == 200);
  CHECK(put.body.empty());
  CHECK(put.headers.at("etag") == kMd5);
  CHECK(put.headers.at("x-cos-hash-crc64ecma") == kCrc);
  CHECK(put.headers.at("server") == "tencent-cos");
  CHECK(put.headers.count("date") == 1);
  CHECK(!put.headers.at("x-cos-request-id").empty());

  const Answer head = world.client.head("a/b.json");
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "16");
  CHECK(head.headers.at("content-type") == "application/json");
  CHECK(head.headers.at("etag") == kMd5);
  CHECK(head.headers.at("x-cos-hash-crc64ecma") == kCrc);
  CHECK(head.headers.at("x-cos-meta-topic") == "orders");
  CHECK(head.headers.count("last-modified") == 1);
  CHECK(head.headers.count("x-cos-storage-class") == 0);

  const Answer get = world.client.get("a/b.json");
  CHECK(get.status == 200);
  CHECK(get.body == kText);
  CHECK(get.headers.at("x-cos-meta-topic") == "orders");

  CHECK(world.client.send({"DELETE", "a/b.json"}).status == 204);
  CHECK(world.client.send({"DELETE", "a/b.json"}).status == 204);
  const Answer missing = world.client.head("a/b.json");
  CHECK(missing.status == 404);
  CHECK(missing.body.empty());
  CHECK(world.client.get("a/b.json").code() == "NoSuchKey");
  CHECK(files_below(world.folder.path()) == 0);
}

TEST_CASE("Objects can be read from the folder without HTTP") {
  World world;
  const std::string key = "a b+c%2F/中/x";
  REQUIRE(world.client.put(key, kText, {{"x-cos-meta-records", "3"}, {"x-cos-storage-class", "STANDARD_IA"}}).status == 200);
  const fs::path data = objects(world) / url_encode(key);
  CHECK(read(data) == kText);
  const auto meta = nlohmann::json::parse(read(data.string() + ".meta.json"));
  CHECK(meta["key"] == key);
  CHECK(meta["size"] == 16);
  CHECK('"' + meta["etag"].get<std::string>() + '"' == kMd5);
  CHECK(meta["crc64"] == kCrc);
  CHECK(meta["metadata"]["records"] == "3");
  CHECK(meta["headers"]["x-cos-storage-class"] == "STANDARD_IA");
  CHECK(meta["modified_ms"].get<std::int64_t>() > 1600000000000);
}

TEST_CASE("Keys that would be awkward file names are kept apart") {
  World world;
  const std::string longest(850, 'k');
  const std::vector<std::string> keys = {"a",     "a.meta.json",         "a.meta.json.meta.json", "..", ".", "a/", "a//b",
                                         longest, std::string(849, 'k'), std::string(280, '/')};
  for (const std::string& key : keys) REQUIRE(world.client.put(key, "body of " + key).status == 200);
  for (const std::string& key : keys) CHECK(world.client.get(key).body == "body of " + key);
  ch::cos_emulator::Emulator again(world.options(world.folder));
  const Client client(again.port());
  for (const std::string& key : keys) CHECK(client.get(key).body == "body of " + key);
  CHECK(world.client.put(longest + "k", "x").code() == "KeyTooLong");
}

TEST_CASE("Ranges, conditions and overrides of GET") {
  World world;
  REQUIRE(world.client.put("k", "0123456789").status == 200);
  const auto ranged = [&](const std::string& range) { return world.client.send({"GET", "k", {}, {{"range", range}}}); };
  CHECK(ranged("bytes=2-4").body == "234");
  CHECK(ranged("bytes=2-4").status == 206);
  CHECK(ranged("bytes=2-4").headers.at("content-range") == "bytes 2-4/10");
  CHECK(ranged("bytes=7-").body == "789");
  CHECK(ranged("bytes=-3").body == "789");
  CHECK(ranged("bytes=8-99").headers.at("content-range") == "bytes 8-9/10");
  CHECK(ranged("bytes=10-").code() == "InvalidRange");
  CHECK(ranged("bytes=10-").status == 416);
  CHECK(ranged("bytes=0-1,3-4").status == 200);
  const std::string etag = world.client.head("k").headers.at("etag");
  CHECK(world.client.send({"GET", "k", {}, {{"if-none-match", etag}}}).status == 304);
  CHECK(world.client.send({"GET", "k", {}, {{"if-match", etag}}}).status == 200);
  CHECK(world.client.send({"HEAD", "k", {}, {{"if-match", "\"other\""}}}).status == 412);
  const Answer answer = world.client.send(
      {"GET", "k", {{"response-content-type", "text/x"}, {"response-content-disposition", "attachment; filename=\"a b\""}}});
  CHECK(answer.headers.at("content-type") == "text/x");
  CHECK(answer.headers.at("content-disposition") == "attachment; filename=\"a b\"");
  CHECK(world.client.send({"GET", "k", {{"response-content-type", "a\r\nx: y"}}}).code() == "InvalidArgument");
}

TEST_CASE("A presigned link works for anyone, as long as it is valid") {
  World world;
  REQUIRE(world.client.put("a b/中+.txt", "hello").status == 200);
  const std::string url = world.client.presigned_url({"GET", "a b/中+.txt", {{"response-content-type", "text/plain"}}});
  CHECK(fetch(url).body == "hello");
  CHECK(fetch(url).headers.at("content-type") == "text/plain");
  CHECK(fetch(url + "0").code() == "SignatureDoesNotMatch");
  CHECK(fetch(url + "&response-expires=1").code() == "AccessDenied");
  Client old = world.client;
  old.credentials.end = now_s() - 1;
  CHECK(fetch(old.presigned_url({"GET", "a b/中+.txt"})).code() == "AccessDenied");
  world.emulator.set_access({{kId, {kSecret, "tok/en+==", std::nullopt}}});
  CHECK(fetch(url).code() == "InvalidAccessKeyId");
  Client temporary = world.client;
  temporary.credentials.token = "tok/en+==";
  CHECK(fetch(temporary.presigned_url({"GET", "a b/中+.txt"})).body == "hello");
}

TEST_CASE("The bucket is told from the Host or from the path") {
  World world;
  const std::string host = std::string(kBucket) + ".cos.ap-guangzhou.myqcloud.com";
  CHECK(world.client.send({"PUT", "k", {}, {}, "v", host}).status == 200);
  CHECK(world.client.get("k").body == "v");
  CHECK(world.client.send({"GET", "k", {}, {}, {}, host}).body == "v");
  CHECK(world.client.send({"HEAD", "", {}, {}, {}, host}).status == 200);
  CHECK(world.client.send({"GET", "k", {}, {}, {}, "other-1250000000.cos.ap-guangzhou.myqcloud.com"}).code() == "NoSuchBucket");
  CHECK(Client(world.emulator.port(), "other-1250000000").get("k").code() == "NoSuchBucket");
}

TEST_CASE("What a PUT may not say") {
  World world;
  const auto code = [&](Pairs headers) { return world.client.put("k", kText, std::move(headers)).code(); };
  CHECK(code({{"content-md5", md5_base64("other")}}) == "BadDigest");
  CHECK(code({{"content-md5", "abc"}}) == "InvalidDigest");
  CHECK(code({{"x-cos-meta-a_b", "1"}}) == "InvalidArgument");
  CHECK(code({{"x-cos-meta-a", std::string(2037, 'v')}}) == "InvalidArgument");
  CHECK(code({{"x-cos-acl", "everyone"}}) == "InvalidArgument");
  CHECK(code({{"x-cos-storage-class", "FAST"}}) == "InvalidArgument");
  CHECK(code({{"x-cos-server-side-encryption", "ROT13"}}) == "InvalidArgument");
  CHECK(code({{"x-cos-traffic-limit", "1"}}) == "InvalidArgument");
  CHECK(world.client.head("k").status == 404);
  CHECK(files_below(world.folder.path()) == 0);
  CHECK(
      world.client
          .put("k", kText, {{"x-cos-meta-a", std::string(2036, 'v')}, {"x-cos-acl", "private"}, {"x-cos-server-side-encryption", "AES256"}})
          .status == 200);
  CHECK(world.client.head("k").headers.at("x-cos-server-side-encryption") == "AES256");
  CHECK(world.client.send({"GET", "k", {}, {{"x-cos-server-side-encryption", "AES256"}}}).code() == "SSEHeaderNotAllowed");
  CHECK(world.client.send({"PUT", "k", {{"acl", ""}}, {}, "x"}).code() == "NotImplemented");
}

TEST_CASE("A chunked PUT is stored, one without any length is not") {
  World world;
  CHECK(world.client.put("k", kText, {{"transfer-encoding", "chunked"}}).status == 200);
  CHECK(world.client.get("k").body == kText);
  CHECK(world.client.send({"PUT", "k", {}, {{"Content-Length", ""}}, ""}).code() == "MissingContentLength");
}

TEST_CASE("Overwriting is silent unless it is forbidden") {
  World world;
  CHECK(world.client.put("k", "one").status == 200);
  CHECK(world.client.put("k", "two").status == 200);
  const Answer refused = world.client.put("k", "three", {{"x-cos-forbid-overwrite", "true"}});
  CHECK(refused.status == 409);
  CHECK(refused.code() == "FileAlreadyExists");
  CHECK(world.client.get("k").body == "two");
  CHECK(world.client.put("new", "x", {{"x-cos-forbid-overwrite", "true"}}).status == 200);
}

TEST_CASE("In a bucket with versions nothing forbids overwriting: what was there becomes a version") {
  World world;
  const Pairs forbid = {{"x-cos-forbid-overwrite", "true"}};
  const auto status = [&] { return world.client.send({"GET", "", {{"versioning", ""}}}).value("VersioningConfiguration/Status"); };
  const auto kept = [&] { return files_below(world.folder.path() / kBucket / "versions") / 2; };
  CHECK(status().empty());
  REQUIRE(world.client.put("k", "before").status == 200);
  CHECK(world.client.put("k", "refused", forbid).status == 409);

  world.emulator.set_versioning(kBucket, true);
  CHECK(status() == "Enabled");
  CHECK(world.client.head("k").headers.at("x-cos-version-id") == "null");
  const Answer first = world.client.put("k", "first", forbid);
  CHECK(first.status == 200);
  CHECK(kept() == 1);
  const std::string id = world.client.initiate("k", forbid);
  const std::string etag = world.client.part("k", id, 1, "second").headers.at("etag");
  const Answer second = world.client.complete("k", id, {{1, etag}}, forbid);
  CHECK(second.status == 200);
  CHECK(second.headers.at("x-cos-version-id") != first.headers.at("x-cos-version-id"));
  CHECK(world.client.head("k").headers.at("x-cos-version-id") == second.headers.at("x-cos-version-id"));
  CHECK(world.client.get("k").body == "second");
  CHECK(kept() == 2);
  const Answer erased = world.client.send({"DELETE", "k"});
  CHECK(erased.headers.at("x-cos-delete-marker") == "true");
  CHECK(world.client.get("k").status == 404);
  CHECK(kept() == 3);

  world.emulator.set_versioning(kBucket, false);
  CHECK(status() == "Suspended");
  const Answer null = world.client.put("k", "third", forbid);
  CHECK(null.headers.count("x-cos-version-id") == 0);
  CHECK(kept() == 2);  // there is one "null" version of a key
  CHECK(world.client.put("k", "fourth", forbid).status == 200);
  CHECK(world.client.get("k").body == "fourth");
  CHECK(kept() == 2);
}

TEST_CASE("Of many that forbid overwriting, exactly one stores its object") {
  World world;
  for (int round = 0; round < 5; ++round) {
    const std::string key = fmt::format("k{}", round);
    std::atomic<int> stored{0}, refused{0}, ready{0};
    std::string winner;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const std::string body = std::to_string(i) + std::string(100000, 'x');
        ++ready;
        while (ready < 8) std::this_thread::yield();
        const Answer answer = world.client.put(key, body, {{"x-cos-forbid-overwrite", "true"}});
        if (answer.status == 200 && stored++ == 0) winner = body;
        if (answer.status == 409) ++refused;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(stored == 1);
    CHECK(refused == 7);
    CHECK(world.client.get(key).body == winner);
  }
  CHECK(files_below(world.folder.path()) == 10);
}

TEST_CASE("Objects outlive the emulator") {
  Folder folder;
  World world;
  {
    ch::cos_emulator::Emulator first(world.options(folder));
    REQUIRE(Client(first.port()).put("a/b", kText, {{"x-cos-meta-records", "3"}, {"Content-Type", "text/plain"}}).status == 200);
  }
  ch::cos_emulator::Emulator second(world.options(folder));
  const Client client(second.port());
  const Answer get = client.get("a/b");
  CHECK(get.body == kText);
  CHECK(get.headers.at("etag") == kMd5);
  CHECK(get.headers.at("x-cos-hash-crc64ecma") == kCrc);
  CHECK(get.headers.at("x-cos-meta-records") == "3");
  CHECK(get.headers.at("content-type") == "text/plain");
  CHECK(client.put("a/b", "other", {{"x-cos-forbid-overwrite", "true"}}).status == 409);
}

TEST_CASE("What a killed process left is finished or thrown away") {
  World world;
  const fs::path bucket = world.folder.path() / kBucket;
  REQUIRE(world.client.put("old", "old bytes").status == 200);
  REQUIRE(world.client.put("new", "new bytes").status == 200);
  // Killed between an overwrite's two renames: the bytes are in place, the description still waits.
  fs::rename(objects(world) / "new", objects(world) / "old");
  auto meta = nlohmann::json::parse(read(objects(world) / "new.meta.json"));
  meta["key"] = "old";
  std::ofstream(bucket / "tmp" / "7.meta.json") << meta.dump();
  fs::remove(objects(world) / "new.meta.json");
  // Killed before the first rename, and while the body came in.
  std::ofstream(bucket / "tmp" / "8") << "complete, but not renamed";
  std::ofstream(bucket / "tmp" / "8.meta.json") << meta.dump();
  std::ofstream(bucket / "tmp" / "9") << "hal";
  std::ofstream(bucket / "tmp" / "10.meta.json") << "{\"key\": \"o";

  ch::cos_emulator::Emulator again(world.options(world.folder));
  const Client client(again.port());
  CHECK(client.get("old").body == "new bytes");
  CHECK(client.get("old").headers.at("content-length") == "9");
  CHECK(client.head("new").status == 404);
  CHECK(files_below(bucket / "tmp") == 0);
}

TEST_CASE("Bodies can be counted and forgotten") {
  Folder folder;
  World world;
  auto options = world.options(folder);
  options.keep_objects = false;
  ch::cos_emulator::Emulator emulator(options);
  const Client client(emulator.port());
  const Answer put = client.put("k", kText);
  CHECK(put.status == 200);
  CHECK(put.headers.at("x-cos-hash-crc64ecma") == kCrc);
  CHECK(client.head("k").headers.at("content-length") == "16");
  CHECK(client.get("k").code() == "InvalidObjectState");
  CHECK(client.put("k", "x", {{"content-md5", md5_base64("y")}}).code() == "BadDigest");
  CHECK(client.put("k", "x", {{"x-cos-forbid-overwrite", "true"}}).status == 409);
  const std::string id = client.initiate("m");
  const std::string etag = client.part("m", id, 1, kText).headers.at("etag");
  CHECK(client.complete("m", id, {{1, etag}}).status == 200);
  CHECK(client.head("m").headers.at("content-length") == "16");
  CHECK(emulator.counters().bytes_in >= 33);
  CHECK(files_below(folder.path()) == 0);
}
