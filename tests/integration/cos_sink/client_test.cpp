// The COS client against the emulator, which was written apart from it: each verb, odd keys, faults, kept connections.
#include "cos/client.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "client_world.hpp"
#include "cloud/http.hpp"
#include "writer/object_identity.hpp"

using namespace ch::cos;

// A Date tells whole seconds, and an answer may be on its way for long: how exact the clock is, tests/unit/cloud shows.
constexpr std::int64_t kSkewDoubtMs = 5000;

TEST_CASE("an object is put, found, listed and downloaded by its link") {
  World world;
  const auto client = world.client();
  check_ok(client->head_bucket().failure);
  const std::string text = "one\ntwo\n";
  check_outcome(client->head("a/b").failure, Outcome::absent, "NoSuchKey");
  check_ok(client->put("a/b", body_of(text), plain_options()));

  const auto head = client->head("a/b");
  check_ok(head.failure);
  CHECK(head.value.size == text.size());
  CHECK(head.value.crc64 == std::optional<std::uint64_t>(crc64(0, text)));
  CHECK(head.value.metadata == plain_options().metadata);
  CHECK(head.value.etag.starts_with('"'));

  const auto page = client->list("a/", "", 1000);
  check_ok(page.failure);
  REQUIRE(page.value.objects.size() == 1);
  CHECK(page.value.objects[0].key == "a/b");
  CHECK(page.value.objects[0].size == text.size());
  CHECK(std::abs(page.value.objects[0].modified_ms - wall_clock_ms()) < 120000);
  CHECK(page.value.next_marker.empty());

  ch::cloud::Transport reader({"", 5000, 20000, 60000});
  const auto link = client->presigned_get("a/b", 600);
  check_ok(link.failure);
  CHECK(std::abs(link.value.expires_ms - wall_clock_ms() - 600000) < 10000);
  const auto answer = reader.send({"GET", link.value.url, {}, 0, nullptr});
  CHECK(answer.header("content-disposition") == "attachment; filename*=UTF-8''b");
  INFO(answer.body);
  CHECK(answer.status == 200);
  CHECK(answer.body == text);
}

TEST_CASE("pieces of an object are read, and unfinished uploads listed") {
  World world;
  const auto client = world.client();
  const std::string text = "0123456789";
  check_ok(client->put("a/b", body_of(text), plain_options()));
  const auto piece = client->read("a/b", 3, 4);
  check_ok(piece.failure);
  CHECK(piece.value == "3456");
  CHECK(client->read("a/b", 0, 10).value == text);
  check_outcome(client->read("a/none", 0, 1).failure, Outcome::absent, "NoSuchKey");
  CHECK_FALSE(client->read("a/b", 8, 10).ok());

  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(client->initiate("a/中 文", plain_options()).value);
  (void)client->initiate("b/other", plain_options());
  const auto page = client->list_uploads("a/", "", "");
  check_ok(page.failure);
  REQUIRE(page.value.uploads.size() == 3);
  CHECK(page.value.next_key.empty());
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(page.value.uploads[i].key == "a/中 文");
    CHECK(page.value.uploads[i].upload_id == ids[i]);
    CHECK(std::abs(page.value.uploads[i].initiated_ms - wall_clock_ms()) < 120000);
  }
  const auto rest = client->list_uploads("a/", "a/中 文", ids[1]);
  REQUIRE(rest.value.uploads.size() == 1);
  CHECK(rest.value.uploads[0].upload_id == ids[2]);
}

TEST_CASE("a key that exists is a conflict, and stays as it was") {
  World world;
  const auto client = world.client();
  const std::string first = "first";
  const std::string second = "second";
  check_ok(client->put("k", body_of(first), plain_options()));
  check_outcome(client->put("k", body_of(second), plain_options()), Outcome::conflict, "FileAlreadyExists");
  CHECK(client->head("k").value.size == first.size());
}

TEST_CASE("an empty object") {
  World world;
  const auto client = world.client();
  check_ok(client->put("empty", Body(), plain_options()));
  const auto head = client->head("empty");
  check_ok(head.failure);
  CHECK(head.value.size == 0);
}

TEST_CASE("odd keys arrive as they are, with permanent and with temporary credentials") {
  World world;
  auto options = world.client_options();
  if (GENERATE(false, true)) options.credentials = fixed_credentials({"AKIDtemporary", "temporary-secret", "tok/en+=="});
  const auto client = make_client(options);
  const std::vector<std::string> keys = {
      "space key",   "plus+plus", "per%cent",          "%2F",         "%252F/x",      "til~de",       "st*ar",
      "quo'te",      "(round)!",  "中文/路径",         "a/b c/d+e%f", "q?uery&a=b#c", "se;mi:co,lon", "\"double\"",
      "back\\slash", "at@$=",     "dots/.hidden/a..b", "<xml>&amp;",  "emoji-😀",      "ctl-\x01",     "[brack]{et}|^`",
  };
  ch::cloud::Transport reader({"", 5000, 20000, 60000});
  for (const auto& key : keys) {
    INFO(key);
    const std::string text = "content of " + key;
    check_ok(client->put(key, body_of(text), plain_options()));
    check_ok(client->head(key).failure);
    const auto answer = reader.send({"GET", client->presigned_get(key, 60).value.url, {}, 0, nullptr});
    CHECK(answer.status == 200);
    CHECK(answer.body == text);
    const auto page = client->list(key, "", 10);
    check_ok(page.failure);
    REQUIRE(page.value.objects.size() == 1);
    CHECK(page.value.objects[0].key == key);
  }
  auto sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> listed;
  std::string marker;
  do {
    const auto page = client->list("", marker, 4);
    check_ok(page.failure);
    REQUIRE(page.value.objects.size() <= 4);
    for (const auto& object : page.value.objects) listed.push_back(object.key);
    marker = page.value.next_marker;
  } while (!marker.empty() && listed.size() <= keys.size());
  CHECK(listed == sorted);
}

TEST_CASE("a multipart upload: initiate, parts, list, complete") {
  World world;
  const auto client = world.client();
  const std::string first(kMiB, 'a');
  const std::string last = "the end";
  ObjectOptions options = plain_options();
  options.content_encoding = "gzip";
  const auto id = client->initiate("big 中", options);
  check_ok(id.failure);
  const auto two = client->upload_part("big 中", id.value, 2, body_of(last));
  const auto one = client->upload_part("big 中", id.value, 1, body_of(first));
  check_ok(one.failure);
  check_ok(two.failure);
  CHECK(one.value.number == 1);
  CHECK(one.value.size == kMiB);

  const auto parts = client->list_parts("big 中", id.value);
  check_ok(parts.failure);
  REQUIRE(parts.value.size() == 2);
  CHECK(parts.value[0].etag == one.value.etag);
  CHECK(parts.value[1].number == 2);
  CHECK(parts.value[1].size == last.size());

  check_outcome(client->head("big 中").failure, Outcome::absent, "NoSuchKey");
  check_ok(client->complete("big 中", id.value, parts.value));
  const auto head = client->head("big 中");
  check_ok(head.failure);
  CHECK(head.value.size == kMiB + last.size());
  CHECK(head.value.metadata == options.metadata);
  const auto whole = crc64(crc64(0, first), last);
  CHECK(head.value.crc64.value_or(whole) == whole);
  CHECK(world.emulator.counters().unfinished_uploads == 0);
  check_outcome(client->complete("big 中", id.value, parts.value), Outcome::no_upload, "NoSuchUpload");
}

TEST_CASE("an upload is aborted once, and once more without harm") {
  World world;
  const auto client = world.client();
  const auto id = client->initiate("k", plain_options());
  check_ok(id.failure);
  check_ok(client->abort("k", id.value));
  check_ok(client->abort("k", id.value));
  CHECK(world.emulator.counters().unfinished_uploads == 0);
  const std::string text = "x";
  check_outcome(client->upload_part("k", id.value, 1, body_of(text)).failure, Outcome::no_upload, "NoSuchUpload");
  check_outcome(client->list_parts("k", id.value).failure, Outcome::no_upload, "NoSuchUpload");
}

TEST_CASE("more parts than one page holds are all listed") {
  World world;
  const auto client = world.client();
  const auto id = client->initiate("k", plain_options());
  check_ok(id.failure);
  const std::string text = "x";
  for (int number = 1; number <= 1001; ++number) {
    const auto part = client->upload_part("k", id.value, number, body_of(text));
    REQUIRE(part.ok());
  }
  const auto parts = client->list_parts("k", id.value);
  check_ok(parts.failure);
  REQUIRE(parts.value.size() == 1001);
  for (int i = 0; i < 1001; ++i) REQUIRE(parts.value[static_cast<std::size_t>(i)].number == i + 1);
}

TEST_CASE("an upload is not completed over a key that exists") {
  World world;
  const auto client = world.client();
  const auto id = client->initiate("k", plain_options());
  const std::string text = "one";
  const auto part = client->upload_part("k", id.value, 1, body_of(text));
  check_ok(part.failure);
  const std::string other = "someone else's";
  check_ok(client->put("k", body_of(other), plain_options()));
  check_outcome(client->complete("k", id.value, {part.value}), Outcome::conflict, "FileAlreadyExists");
  CHECK(client->head("k").value.size == other.size());
}

TEST_CASE("objects are made as the task says: ACL, storage class, encryption, with a PUT and with a multipart upload") {
  World world;
  const auto client = world.client();
  const std::string text(1 << 20, 'x');
  Settings settings;
  settings.acl = "private";
  settings.storage_class = "STANDARD_IA";
  const auto [encryption, key_id, context] = GENERATE(table<std::string, std::string, std::string>(
      {{"", "", ""}, {"AES256", "", ""}, {"cos/kms", "", ""}, {"cos/kms", "0f0f-key-1", "eyJhcHAiOiJhcmNoaXZlIn0="}}));
  INFO(encryption << ' ' << key_id);
  settings.encryption = encryption;
  settings.kms_key_id = key_id;
  settings.kms_context = context;
  const auto options = store_options(settings);
  check_ok(client->put("single", body_of(text), options));
  const auto upload = client->initiate("parts", options);
  check_ok(upload.failure);
  const auto part = client->upload_part("parts", upload.value, 1, body_of(text));
  check_ok(part.failure);
  check_ok(client->complete("parts", upload.value, {part.value}));
  for (const std::string key : {"single", "parts"}) {
    INFO(key);
    const auto head = client->head(key);
    check_ok(head.failure);
    CHECK(head.value.crc64 == crc64(0, text));
    ch::cloud::Transport reader({"", 5000, 20000, 60000});
    const auto answer = reader.send({"GET", client->presigned_get(key, 60).value.url, {}, 0, nullptr});
    CHECK(answer.status == 200);
    CHECK(answer.header("x-cos-storage-class") == "STANDARD_IA");
    CHECK(answer.header("x-cos-server-side-encryption") == encryption);
    CHECK(answer.header("x-cos-server-side-encryption-cos-kms-key-id") == key_id);
  }
}

TEST_CASE("a clock that is off fails no request, also where the answer has no body") {
  const std::int64_t off_ms = GENERATE(-3600000, -1200000, 1200000, 3600000, 86400000);
  INFO(off_ms);
  World world;
  auto options = world.client_options();
  options.now_ms = [off_ms] { return wall_clock_ms() + off_ms; };
  const auto client = make_client(options);
  CHECK_FALSE(client->clock_skew_ms());
  const std::string text = "x";
  SECTION("PUT") { check_ok(client->put("k", body_of(text), plain_options())); }
  SECTION("HEAD") { check_ok(client->head_bucket().failure); }
  REQUIRE(client->clock_skew_ms());
  CHECK(std::abs(*client->clock_skew_ms() + off_ms) < kSkewDoubtMs);
  const auto refused = world.emulator.counters().statuses[403];
  CHECK(refused == 1);
  for (int i = 0; i < 20; ++i) check_ok(client->put("k" + std::to_string(i), body_of(text), plain_options()));
  CHECK(world.emulator.counters().statuses[403] == refused);
}

TEST_CASE("a clock that is set while requests run fails none of them, in either direction") {
  World world;
  const auto client = world.client();
  const std::string text = "x";
  int stored = 0;
  for (const std::int64_t minutes : {0, 3, -4, 20, -20, 19, 0}) {
    INFO(minutes);
    world.emulator.set_clock_offset_ms(minutes * 60000);
    for (int i = 0; i < 10; ++i) check_ok(client->put("k" + std::to_string(++stored), body_of(text), plain_options()));
    CHECK(std::abs(*client->clock_skew_ms() - minutes * 60000) < kSkewDoubtMs);
  }
  CHECK(world.emulator.counters().requests["put"] < 80);  // of each setting, one at the most was refused
}

TEST_CASE("connections are kept: one for one thread, no more than threads for several") {
  World world;
  const auto client = world.client();
  const std::string text = "x";
  for (int i = 0; i < 20; ++i) {
    check_ok(client->put("k" + std::to_string(i), body_of(text), plain_options()));
    check_ok(client->head("k" + std::to_string(i)).failure);
  }
  CHECK(world.emulator.counters().connections == 1);

  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        if (!client->put(std::to_string(t) + "/" + std::to_string(i), body_of(text), plain_options()).ok()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(world.emulator.counters().connections <= 4);
}

TEST_CASE("what cannot be sent is refused here") {
  World world;
  const auto client = world.client();
  const std::string text = "x";
  ObjectOptions options = plain_options();
  options.metadata["task"] = "a\r\nx-cos-acl: public-read";
  check_outcome(client->put("k", body_of(text), options), Outcome::bug, "NotSent");
  check_outcome(client->put("", body_of(text), plain_options()), Outcome::bug, "NotSent");
  options.metadata["task"] = "";
  check_ok(client->put("k", body_of(text), options));
  CHECK(world.emulator.counters().requests.at("put") == 1);
}

TEST_CASE("endpoints that are none are refused") {
  for (const std::string base : {"", "ftp://h/x", "http://user:secret@h/x", "http://h/x?y", "http://h/x#y", "http://"}) {
    INFO(base);
    ClientOptions options;
    options.endpoint = {base, kBucket};
    try {
      (void)make_client(options);
      FAIL("accepted");
    } catch (const std::invalid_argument& error) {
      CHECK(std::string(error.what()).find("right is, for example, https://") != std::string::npos);
      CHECK(std::string(error.what()).find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("links name the host as it is reached") {
  ClientOptions options;
  options.credentials = fixed_credentials({"AKID", "secret", ""});
  options.now_ms = [] { return std::int64_t{1700000060000}; };
  const auto link = [&](const std::string& base) {
    options.endpoint = {base, kBucket};
    const auto url = make_client(options)->presigned_get("a b+", 60).value.url;
    return url.substr(0, url.find('?'));
  };
  CHECK(link("https://b-1.cos.ap-guangzhou.myqcloud.com") == "https://b-1.cos.ap-guangzhou.myqcloud.com/a%20b%2B");
  CHECK(link("https://b-1.cos.ap-guangzhou.myqcloud.com:443/") == "https://b-1.cos.ap-guangzhou.myqcloud.com/a%20b%2B");
  CHECK(link("http://127.0.0.1:9000/b-1") == "http://127.0.0.1:9000/b-1/a%20b%2B");
  CHECK(link("http://[::1]:9000/b-1/") == "http://[::1]:9000/b-1/a%20b%2B");
}
