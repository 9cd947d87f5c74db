// What formats promise beyond what their readers see (integration/cos_sink/formats_test.py): all of a record or nothing,
// the same bytes again, and what is refused.
#include "format.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "bench.hpp"
#include "json_text.hpp"

namespace ch::cos_test {
namespace {

using cos::Buffer;
using cos::ChunkPool;
using cos::Encoder;
using cos::FormatOptions;

std::shared_ptr<ChunkPool> pool_of(std::uint64_t& left) {
  return std::make_shared<ChunkPool>(
      64,
      [&left](std::uint64_t bytes) {
        if (bytes > left) return false;
        left -= bytes;
        return true;
      },
      [&left](std::uint64_t bytes) { left += bytes; });
}

std::string contents(const Buffer& buffer) {
  std::string text(buffer.size(), '\0');
  buffer.read(0, text);
  return text;
}

ch_bytes bytes(std::string_view text) { return {reinterpret_cast<const unsigned char*>(text.data()), text.size()}; }

struct Host {
  Host() {
    table.headers = [](void*, const ch_record*, ch_header_fn each, void* user) -> std::int32_t {
      each(user, c_string("name"), bytes("of a header"));
      return CH_OK;
    };
  }
  ch_host table{};
};

std::unique_ptr<Encoder> encoder_of(const Host& host, const std::string& format) {
  FormatOptions options;
  options.name = format;
  return cos::make_encoder(options, {ch::Host(&host.table), "orders", 1});
}

}  // namespace

TEST_CASE("a record is written as a whole or not at all, wherever memory ends") {
  const Host host;
  for (const char* format : {"string", "jsonl", "raw", "csv", "avro"}) {
    INFO(format);
    const std::string value = "\"" + std::string(150, 'v') + "\"";
    const ch_record record{bytes("key"), bytes(value), 5, 1000, nullptr};
    std::string complete;
    for (std::uint64_t memory = 0; memory < 8000; memory += 64) {
      auto left = memory;
      const auto pool = pool_of(left);
      const auto encoder = encoder_of(host, format);
      {
        Buffer buffer(pool);
        std::size_t size = 0;
        int records = 0;
        while (records < 20 && encoder->append(record, buffer) == Encoder::Written::yes) {
          CHECK(buffer.size() > size);
          size = buffer.size();
          ++records;
        }
        CHECK(buffer.size() == size);
        CHECK(encoder->wanted() > value.size());
        left = 1 << 20;  // memory is there again
        while (records++ < 20) REQUIRE(encoder->append(record, buffer) == Encoder::Written::yes);
        encoder->finish(buffer);
        if (complete.empty()) complete = contents(buffer);
        CHECK(contents(buffer) == complete);
      }
    }
  }
}

TEST_CASE("an object without records is one that readers accept, though memory is spent") {
  const Host host;
  std::uint64_t left = 0;
  const auto pool = std::make_shared<ChunkPool>(
      4096, [&](std::uint64_t) { return false; }, [&](std::uint64_t bytes) { left += bytes; });
  for (const char* format : {"string", "jsonl", "raw", "csv", "avro"}) {
    Buffer buffer(pool);
    encoder_of(host, format)->finish(buffer);
    const auto text = contents(buffer);
    if (std::string_view(format) == "csv") {
      CHECK(text == "partition,offset,timestamp,key,value\n");
    } else if (std::string_view(format) == "avro") {
      CHECK(text.starts_with("Obj\x01"));
    } else {
      CHECK(text.empty());
    }
  }
  pool->trim();
  CHECK(left == 0);  // what was never reserved is not released
}

TEST_CASE("is it JSON?") {
  for (const char* yes : {"1", " {} ", "\"x\"", "[1,2]", "null", "123456789012345678901234567890", "-0", "{\"a\":{\"b\":[]}}"})
    CHECK(cos::is_json(yes));
  for (const char* no : {"", " ", "{", "{}{}", "1 2", "nul", "NaN", "01", "'x'", "[1,]", "\"\n\"", "\"\xFF\"", "+1", "\"\\x\"", "1e999"})
    CHECK_FALSE(cos::is_json(no));
}

TEST_CASE("tombstones are written, ignored or refused, as the task says") {
  const auto stored = [](const char* policy, std::int32_t reject_result = CH_FAILED) {
    Bench bench(Config{{"behavior.on.null.values", policy}});
    bench.host->reject_result = reject_result;
    bench.open();
    bench.partition().records.push_back({bench.partition().end++, "", true});
    bench.produce(1, 0, "a");
    bench.partition().records.push_back({bench.partition().end++, "", true});
    bench.host->settle();
    bench.flush();
    const std::string body = bench.cos->objects.empty() ? "none" : bench.only_object().body;
    return body + "|" + std::to_string(bench.partition().committed.offset) + "|" + std::to_string(bench.host->rejected.size());
  };
  CHECK(stored("write") == "\na\n\n|103|0");
  CHECK(stored("ignore") == "a\n|103|0");
  CHECK(stored("fail") == "none|100|1");
  CHECK(stored("fail", CH_OK) == "a\n|103|2");
}

TEST_CASE("when nothing of a partition is to be stored its offset moves on, and the chain stays whole") {
  Bench bench(Config{{"behavior.on.null.values", "ignore"}});
  bench.open();
  for (int i = 0; i < 5; ++i) bench.partition().records.push_back({bench.partition().end++, "", true});
  bench.host->settle();
  bench.pass(1000);
  bench.host->settle();
  CHECK(bench.partition().committed.offset == 105);
  CHECK(bench.cos->objects.empty());
  bench.restart();
  bench.host->run_jobs();
  bench.produce(1);
  bench.host->settle();
  bench.flush();
  CHECK(bench.only_object().options.metadata.at("start-offset") == "100");
  CHECK(bench.only_object().options.metadata.at("records") == "1");
}

TEST_CASE("a record that the format cannot hold stops its partition, or is passed over, as the host says") {
  Bench bench(Config{{"format", "csv"}, {"csv.header", "false"}, {"csv.fields", "offset,value"}});
  bench.open();
  bench.produce(1, 0, "good");
  bench.produce(1, 0, "\xFF");
  bench.produce(1, 0, "better");
  bench.host->settle();
  CHECK(bench.host->position(0) == 101);
  CHECK_THAT(bench.host->rejected.at({0, 101}), Catch::Contains("its value is not UTF-8"));
  bench.host->reject_result = CH_BUSY;
  bench.host->settle();
  CHECK(bench.host->position(0) == 101);
  bench.host->reject_result = CH_OK;
  bench.host->settle();
  CHECK(bench.host->position(0) == 103);
  bench.flush();
  CHECK(bench.only_object().body == "100,good\n102,better\n");
  CHECK(bench.only_object().options.metadata.at("records") == "2");
  CHECK(bench.partition().committed.offset == 103);
}

}  // namespace ch::cos_test
