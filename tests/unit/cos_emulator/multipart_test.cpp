#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "client.hpp"

using namespace cos_test;
using Texts = std::vector<std::string>;

namespace {

const std::string kMegabyte(1 << 20, 'm');

// An upload with its parts; answers the ETags in order.
struct Uploaded {
  std::string id;
  std::vector<std::pair<int, std::string>> parts;
};

Uploaded upload(const Client& client, const std::string& key, const std::vector<std::string>& bodies) {
  Uploaded out{client.initiate(key), {}};
  for (const std::string& body : bodies) {
    const int number = static_cast<int>(out.parts.size()) + 1;
    out.parts.emplace_back(number, client.part(key, out.id, number, body).headers.at("etag"));
  }
  return out;
}

}  // namespace

TEST_CASE("Parts become an object") {
  World world;
  const std::string id = world.client.initiate("big", {{"Content-Type", "application/x-ndjson"}, {"x-cos-meta-topic", "orders"}});
  REQUIRE(!id.empty());
  CHECK(world.emulator.counters().unfinished_uploads == 1);
  const Answer second = world.client.part("big", id, 2, "tail");
  const Answer first = world.client.part("big", id, 1, kMegabyte);
  CHECK(second.status == 200);
  CHECK(second.headers.at("etag") == "\"7aea2552dfe7eb84b9443b6fc9ba6e01\"");
  CHECK(second.headers.count("x-cos-hash-crc64ecma") == 1);
  CHECK(world.client.head("big").status == 404);

  const Answer done = world.client.complete("big", id, {{1, first.headers.at("etag")}, {2, second.headers.at("etag")}});
  CHECK(done.status == 200);
  CHECK(done.headers.at("transfer-encoding") == "chunked");
  CHECK(done.body.rfind("\n", 0) == 0);
  CHECK(done.body.find("<?xml") == std::string::npos);
  CHECK(done.value("CompleteMultipartUploadResult/Bucket") == kBucket);
  CHECK(done.value("CompleteMultipartUploadResult/Key") == "big");
  const std::string etag = done.value("CompleteMultipartUploadResult/ETag");
  CHECK(etag.size() == 36);
  CHECK(etag.substr(33) == "-2\"");
  CHECK(world.emulator.counters().unfinished_uploads == 0);

  const Answer get = world.client.get("big");
  CHECK(get.body == kMegabyte + "tail");
  CHECK(get.headers.at("etag") == etag);
  CHECK(get.headers.at("content-type") == "application/x-ndjson");
  CHECK(get.headers.at("x-cos-meta-topic") == "orders");
  CHECK(get.headers.at("x-cos-hash-crc64ecma") == done.headers.at("x-cos-hash-crc64ecma"));
  REQUIRE(world.client.put("single", get.body).status == 200);
  CHECK(world.client.head("single").headers.at("x-cos-hash-crc64ecma") == get.headers.at("x-cos-hash-crc64ecma"));

  CHECK(world.client.complete("big", id, {{1, first.headers.at("etag")}}).code() == "NoSuchUpload");
  CHECK(files_below(world.folder.path()) == 4);
}

TEST_CASE("The multipart ETag depends on nothing a client could compute") {
  World world;
  const Uploaded one = upload(world.client, "a", {"same"}), two = upload(world.client, "b", {"same"});
  const Answer first = world.client.complete("a", one.id, one.parts), second = world.client.complete("b", two.id, two.parts);
  CHECK(first.value("CompleteMultipartUploadResult/ETag") != second.value("CompleteMultipartUploadResult/ETag"));
}

TEST_CASE("Complete demands parts as COS does") {
  World world;
  const Uploaded up = upload(world.client, "k", {kMegabyte, kMegabyte, "tail"});
  const auto& p = up.parts;
  const auto refused = [&](const std::vector<std::pair<int, std::string>>& parts) {
    const Answer answer = world.client.complete("k", up.id, parts);
    CHECK(answer.status == 400);
    return answer.code();
  };
  CHECK(refused({p[1], p[0], p[2]}) == "InvalidPartOrder");
  CHECK(refused({p[0], p[0]}) == "InvalidPartOrder");
  CHECK(refused({p[0], p[2]}) == "InvalidPart");
  CHECK(refused({p[1], p[2]}) == "InvalidPart");
  CHECK(refused({p[0], p[1], p[2], {4, p[2].second}}) == "InvalidPart");
  CHECK(refused({p[0], {2, p[2].second}}) == "InvalidPart");
  CHECK(refused({}) == "MalformedXML");
  CHECK(world.client.send({"POST", "k", {{"uploadId", up.id}}, {}, "not xml"}).code() == "MalformedXML");
  CHECK(world.client.send({"POST", "k", {{"uploadId", up.id}}, {}, std::string(3 << 20, 'x')}).code() == "XMLSizeLimit");
  CHECK(world.client.send({"POST", "k", {{"uploadId", up.id}}, {{"content-md5", md5_base64("x")}}, "y"}).code() == "BadDigest");
  CHECK(world.client.complete("k", "unknown", p).code() == "NoSuchUpload");
  CHECK(world.client.complete("other", up.id, p).code() == "NoSuchUpload");
  CHECK(world.client.complete("k", up.id, {p[0], p[1]}).status == 200);
  CHECK(world.client.get("k").body.size() == 2 * kMegabyte.size());

  const Uploaded small = upload(world.client, "s", {"small", kMegabyte});
  CHECK(world.client.complete("s", small.id, small.parts).code() == "EntityTooSmall");
  CHECK(world.client.complete("s", small.id, {{1, "5D793FC5B00A2348C3FB9AB59E5CA98A"}}).code() == "InvalidPart");
  CHECK(world.client.complete("s", small.id, {small.parts[0]}).status == 200);
}

TEST_CASE("Part numbers, lengths and digests are checked") {
  World world;
  const std::string id = world.client.initiate("k");
  CHECK(world.client.part("k", id, 0, "x").code() == "InvalidArgument");
  CHECK(world.client.part("k", id, 10001, "x").code() == "InvalidArgument");
  CHECK(world.client.part("k", id, 10000, "x").status == 200);
  CHECK(world.client.part("k", "unknown", 1, "x").code() == "NoSuchUpload");
  const Pairs query = {{"partNumber", "1"}, {"uploadId", id}};
  CHECK(world.client.send({"PUT", "k", query, {{"content-md5", md5_base64("y")}}, "x"}).code() == "BadDigest");
  CHECK(world.client.send({"PUT", "k", query, {{"transfer-encoding", "chunked"}}, "x"}).code() == "MissingContentLength");
  CHECK(world.client.send({"GET", "k", {{"uploadId", id}}}).values("ListPartsResult/Part/PartNumber") == Texts{"10000"});
}

TEST_CASE("The same part number again replaces the part") {
  World world;
  const std::string id = world.client.initiate("k");
  const std::string before = world.client.part("k", id, 1, "before").headers.at("etag");
  const std::string after = world.client.part("k", id, 1, "after").headers.at("etag");
  CHECK(world.client.complete("k", id, {{1, before}}).code() == "InvalidPart");
  CHECK(world.client.complete("k", id, {{1, after}}).status == 200);
  CHECK(world.client.get("k").body == "after");
}

TEST_CASE("Abort ends an upload") {
  World world;
  const Uploaded up = upload(world.client, "k", {"x"});
  const Call abort = {"DELETE", "k", {{"uploadId", up.id}}};
  CHECK(world.client.send(abort).status == 204);
  CHECK(world.client.send(abort).code() == "NoSuchUpload");
  CHECK(world.client.part("k", up.id, 1, "x").code() == "NoSuchUpload");
  CHECK(world.emulator.counters().unfinished_uploads == 0);
  CHECK(files_below(world.folder.path()) == 0);
}

TEST_CASE("Parts are listed in pages") {
  World world;
  const Uploaded up = upload(world.client, "k k", {"1", "22", "333"});
  const auto page = [&](const std::string& marker) {
    return world.client.send(
        {"GET", "k k", {{"uploadId", up.id}, {"max-parts", "2"}, {"part-number-marker", marker}, {"encoding-type", "url"}}});
  };
  const Answer first = page("0");
  CHECK(first.values("ListPartsResult/Part/PartNumber") == Texts{"1", "2"});
  CHECK(first.values("ListPartsResult/Part/Size") == Texts{"1", "2"});
  CHECK(first.values("ListPartsResult/Part/ETag") == Texts{up.parts[0].second, up.parts[1].second});
  CHECK(first.value("ListPartsResult/Key") == "k%20k");
  CHECK(first.value("ListPartsResult/UploadId") == up.id);
  CHECK(first.value("ListPartsResult/IsTruncated") == "true");
  CHECK(first.value("ListPartsResult/NextPartNumberMarker") == "2");
  const Answer second = page("2");
  CHECK(second.values("ListPartsResult/Part/PartNumber") == Texts{"3"});
  CHECK(second.value("ListPartsResult/IsTruncated") == "false");
  CHECK(world.client.send({"GET", "k", {{"uploadId", up.id}}}).code() == "NoSuchUpload");
}

TEST_CASE("Uploads are listed in pages") {
  World world;
  Texts ids;
  for (const char* key : {"t/b", "t/a", "t/a", "u"}) ids.push_back(world.client.initiate(key));
  const auto list = [&](Pairs query) {
    query.insert(query.begin(), {"uploads", ""});
    return world.client.send({"GET", "", query});
  };
  const auto field = [](const Answer& answer, const std::string& name) { return answer.value("ListMultipartUploadsResult/" + name); };
  const auto keys = [](const Answer& answer) { return answer.values("ListMultipartUploadsResult/Upload/Key"); };
  CHECK(keys(list({})) == Texts{"t/a", "t/a", "t/b", "u"});
  const Answer first = list({{"prefix", "t/"}, {"max-uploads", "1"}});
  CHECK(keys(first) == Texts{"t/a"});
  CHECK(field(first, "IsTruncated") == "true");
  const Answer second =
      list({{"prefix", "t/"}, {"key-marker", field(first, "NextKeyMarker")}, {"upload-id-marker", field(first, "NextUploadIdMarker")}});
  CHECK(keys(second) == Texts{"t/a", "t/b"});
  CHECK(field(second, "IsTruncated") == "false");
  CHECK(std::set<std::string>{field(first, "Upload/UploadId"), field(second, "Upload/UploadId")} == std::set<std::string>{ids[1], ids[2]});
  const Answer grouped = list({{"delimiter", "/"}});
  CHECK(keys(grouped) == Texts{"u"});
  CHECK(grouped.values("ListMultipartUploadsResult/CommonPrefixes/Prefix") == Texts{"t/"});
}

TEST_CASE("An unfinished upload outlives the emulator") {
  World world;
  const std::string id = world.client.initiate("k", {{"x-cos-meta-topic", "orders"}});
  const std::string first = world.client.part("k", id, 1, kMegabyte).headers.at("etag");
  ch::cos_emulator::Emulator again(world.options(world.folder));
  const Client client(again.port());
  CHECK(again.counters().unfinished_uploads == 1);
  CHECK(client.send({"GET", "k", {{"uploadId", id}}}).values("ListPartsResult/Part/ETag") == Texts{first});
  const std::string second = client.part("k", id, 2, "tail").headers.at("etag");
  CHECK(client.complete("k", id, {{1, first}, {2, second}}).status == 200);
  CHECK(client.get("k").body == kMegabyte + "tail");
  CHECK(client.get("k").headers.at("x-cos-meta-topic") == "orders");
}

TEST_CASE("Complete keeps to forbid-overwrite, and on Initiate it says nothing") {
  World world;
  REQUIRE(world.client.put("k", "old").status == 200);
  const Pairs forbid = {{"x-cos-forbid-overwrite", "true"}};
  const std::string id = world.client.initiate("k", forbid);
  const std::string etag = world.client.part("k", id, 1, "new").headers.at("etag");
  CHECK(world.client.complete("k", id, {{1, etag}}, forbid).code() == "FileAlreadyExists");
  CHECK(world.client.get("k").body == "old");
  CHECK(world.emulator.counters().unfinished_uploads == 1);
  CHECK(world.client.complete("k", id, {{1, etag}}).status == 200);
  CHECK(world.client.get("k").body == "new");
}

TEST_CASE("Of eight uploads that forbid overwriting, exactly one is completed") {
  World world;
  std::vector<Uploaded> ups;
  for (int i = 0; i < 8; ++i) ups.push_back(upload(world.client, "k", {kMegabyte, fmt::format("tail {}", i)}));
  std::atomic<int> done{0}, refused{0}, ready{0};
  std::vector<std::thread> threads;
  for (const Uploaded& up : ups) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < 8) std::this_thread::yield();
      const Answer answer = world.client.complete("k", up.id, up.parts, {{"x-cos-forbid-overwrite", "true"}});
      if (answer.status == 200 && answer.code().empty()) ++done;
      if (answer.status == 409) ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(done == 1);
  CHECK(refused == 7);
  CHECK(world.emulator.counters().unfinished_uploads == 7);
}
