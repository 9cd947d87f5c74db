// What formats promise beyond what their readers see (integration/cos_sink/formats_test.py): all of a record or nothing,
// the same bytes again, and what is refused.
#include <catch2/catch.hpp>
#include <string>

#include "bench.hpp"
#include "formats/encoder.hpp"
#include "formats/json_text.hpp"
#include "unpack.hpp"

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
  for (const auto& kind : cos::format_kinds()) {
    const std::string format(kind.name);
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

TEST_CASE("an object that had no memory for one more record has its end, whoever takes what is free") {
  const Host host;
  const std::string value(150, 'v');
  const ch_record record{bytes("key"), bytes(value), 5, 1000, nullptr};
  for (const auto& kind : cos::format_kinds()) {
    const std::string format(kind.name);
    INFO(format);
    std::uint64_t enough = 1 << 20;
    const auto whole = [&, pool = pool_of(enough)](int records) {
      const auto encoder = encoder_of(host, format);
      Buffer buffer(pool);
      for (int i = 0; i < records; ++i) REQUIRE(encoder->append(record, buffer) == Encoder::Written::yes);
      encoder->finish(buffer);
      return contents(buffer);
    };
    int with_records = 0;
    for (std::uint64_t memory = 64; memory < 8000; memory += 64) {
      auto left = memory;
      const auto pool = pool_of(left);
      const auto encoder = encoder_of(host, format);
      Buffer buffer(pool);
      int records = 0;
      while (encoder->append(record, buffer) == Encoder::Written::yes) ++records;
      if (records == 0) continue;
      ++with_records;
      std::vector<ChunkPool::Chunk> others;
      while (auto chunk = pool->take()) others.push_back(std::move(chunk));
      encoder->finish(buffer);
      CHECK(contents(buffer) == whole(records));
      pool->give_back(std::move(others));
    }
    CHECK(with_records > 100);
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

TEST_CASE("a format that there is not is an error, and not some other format") {
  const Host host;
  for (const char* format : {"", "String", "parquet"}) CHECK_THROWS_WITH(encoder_of(host, format), Catch::Contains("is no format"));
}

TEST_CASE("is it JSON?") {
  for (const char* yes : {"1", " {} ", "\"x\"", "[1,2]", "null", "123456789012345678901234567890", "-0", "{\"a\":{\"b\":[]}}"})
    CHECK(cos::is_json(yes));
  for (const char* no : {"", " ", "{", "{}{}", "1 2", "nul", "NaN", "01", "'x'", "[1,]", "\"\n\"", "\"\xFF\"", "+1", "\"\\x\"", "1e999"})
    CHECK_FALSE(cos::is_json(no));
}

TEST_CASE("a NUL byte or a byte order mark makes JSON of nothing, however long the value is") {
  using namespace std::string_literals;
  const std::string injected = "0\0,\"injected\":\"yes\",\"offset\":9223372036854775807}"s;
  for (const std::string& text : {injected, "1\0"s, "true\0"s, "\"a\"\0"s, "{}\0"s, "[1]\0x"s, "\0"s, "\"\0\""s, "1e9\0 "s}) {
    CHECK_FALSE(cos::is_json(text));
    CHECK_FALSE(cos::is_json(std::string(2 << 20, ' ') + text));  // the other library's way
    CHECK_FALSE(cos::is_json(text + std::string(2 << 20, ' ')));
  }
  for (const std::string text : {"1", "{}", "\"x\""}) {
    CHECK_FALSE(cos::is_json("\xEF\xBB\xBF" + text));
    CHECK_FALSE(cos::is_json("\xEF\xBB\xBF" + text + std::string(2 << 20, ' ')));
  }
  CHECK(cos::is_json("\"\xEF\xBB\xBF\""));

  const Host host;
  std::uint64_t left = 1 << 20;
  FormatOptions options;
  options.name = "jsonl";
  options.jsonl_fields = cos::parse_fields("value,offset");
  const auto encoder = cos::make_encoder(options, {ch::Host(&host.table), "orders", 1});
  Buffer buffer(pool_of(left));
  REQUIRE(encoder->append({bytes("k"), bytes(injected), 5, 1000, nullptr}, buffer) == Encoder::Written::yes);
  CHECK(contents(buffer) == "{\"value\":\"0\\u0000,\\\"injected\\\":\\\"yes\\\",\\\"offset\\\":9223372036854775807}\",\"offset\":5}\n");
}

// What libraries of Debian 12 and 13 judge differently: hosts of both write the same object of one range.
TEST_CASE("is it JSON, whatever the library's version says?") {
  for (const char* yes : {"18446744073709551616", "-9223372036854775809", "{\"id\":[123456789012345678901]}"}) CHECK(cos::is_json(yes));
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::string& no :
       {mark, mark + "{}", mark + "123456789012345678901", mark + mark + "1", mark + "{\"long\":\"" + std::string(2 << 20, 'x') + "\"}"})
    CHECK_FALSE(cos::is_json(no));
  CHECK(cos::is_json("\"" + mark + "\""));  // within a string it is a character
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
