#include "formats/compression.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "bench.hpp"
#include "unpack.hpp"

namespace ch::cos_test {
namespace {

using cos::Buffer;
using cos::ChunkPool;
using cos::Compression;

std::string text_of(std::size_t size, bool random_bytes) {
  std::mt19937 random(7);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random_bytes ? random() : 'a' + random() % 4);
  return text;
}

// The key of the only object that the bench has stored with the first record at 100.
std::string unpacked(Bench& bench) { return unpack_gzip(bench.only_object().body); }

}  // namespace

TEST_CASE("what is compressed is one member or frame, within the memory of its content and two chunks") {
  for (const auto& [name, level] : {std::pair{"gzip", 1}, {"gzip", 3}, {"zstd", 1}, {"zstd", 6}}) {
    for (const std::size_t size : {0, 1, 4095, 4096, 4097, 300000}) {
      for (const bool random_bytes : {false, true}) {
        INFO(name << " " << level << " of " << size << (random_bytes ? " random" : ""));
        std::uint64_t used = 0;
        bool granting = true;
        const auto pool = std::make_shared<ChunkPool>(
            4096,
            [&](std::uint64_t bytes) {
              if (granting) used += bytes;
              return granting;
            },
            [&](std::uint64_t bytes) { used -= bytes; });
        const auto text = text_of(size, random_bytes);
        {
          Buffer content(pool);
          REQUIRE(content.ensure(size));
          content.append(text);
          granting = false;  // all memory is spent
          const auto before = content.reserved_bytes();
          const Buffer packed = cos::compress({cos::compression_kind(name).codec, level}, content);
          CHECK(packed.reserved_bytes() <= before + 2 * 4096);
          CHECK(content.empty());  // NOLINT(bugprone-use-after-move)
          CHECK((std::string_view(name) == "gzip" ? unpack_gzip(contents(packed)) : unpack_zstd(contents(packed))) == text);
        }
        pool->trim();
        CHECK(used == 0);
      }
    }
  }
}

TEST_CASE("the same content gives the same bytes, and a gzip member tells no time") {
  const auto pool = std::make_shared<ChunkPool>(
      4096, [](std::uint64_t) { return true; }, [](std::uint64_t) {});
  std::string first;
  for (int i = 0; i < 3; ++i) {
    Buffer content(pool);
    REQUIRE(content.ensure(100000));
    content.append(text_of(100000, false));
    const auto packed = contents(cos::compress({Compression::Codec::gzip, 2}, content));
    CHECK(packed.substr(4, 4) == std::string(4, '\0'));
    if (first.empty()) first = packed;
    CHECK(packed == first);
  }
}

TEST_CASE("a task's objects are compressed before their intent is committed") {
  Bench bench(Config{{"compression", "gzip"}});
  bench.open();
  bench.produce(50, 0, std::string(200, 'v'));
  bench.host->deliver(0, 50);
  bench.host->sink().flush();
  CHECK(bench.host->with_requests().empty());  // being compressed
  bench.host->run_jobs();
  CHECK(bench.host->with_requests().size() == 1);
  bench.host->settle();
  std::string expected;
  for (int i = 0; i < 50; ++i) expected += std::string(200, 'v') + "\n";
  CHECK(unpacked(bench) == expected);
  const auto& object = bench.only_object();
  CHECK(bench.cos->objects.begin()->first.ends_with(".txt.gz"));
  CHECK(object.options.content_type == "application/gzip");
  CHECK(object.options.content_encoding.empty());
  CHECK(object.options.metadata.at("records") == "50");
  CHECK(bench.host->stored.back().bytes == object.body.size());
}

TEST_CASE("another host's compression of the same records is recognised by what they are, not by its bytes") {
  for (const bool same : {true, false}) {
    Bench bench(Config{{"compression", "gzip"}});
    bench.open();
    bench.produce(20, 0, std::string(100, 'v'));
    bench.host->deliver(0, 20);
    // The answer to the PUT is lost, and what lies there has other bytes.
    bench.fail_once("put", Effect::fail_after);
    bench.host->sink().flush();
    bench.host->run_jobs();
    bench.host->commit_all();
    bench.host->run_all_bodies();
    auto& object = bench.only_object();
    object.body += "another machine's";
    if (!same) object.options.metadata["content-crc64"] = "1";
    bench.host->run_jobs();
    bench.pass(1000);
    bench.host->settle();
    CHECK(bench.partition().committed.offset == (same ? 120 : 100));
    CHECK(bench.reason() == (same ? "" : "object_conflict"));
  }
}

TEST_CASE("a range that was to be compressed is read again, and memory is asked for its records, not for its object") {
  Bench bench(Config{{"compression", "zstd"}}, 64 << 10);
  bench.open();
  bench.produce(20, 0, std::string(1000, 'v'));
  bench.host->deliver(0, 20);
  bench.host->sink().flush();
  bench.host->run_jobs();
  bench.host->commit_all();
  const auto intent = bench.intent();
  CHECK(intent.bytes < 1000);
  CHECK(intent.plain_bytes == 20 * 1001);
  bench.restart();
  bench.host->settle();
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 120);
  CHECK(unpack_zstd(bench.only_object().body).size() == 20 * 1001);
}

}  // namespace ch::cos_test
