// write_formats DIR: writes the same records in every format and compression, and DIR/expected.json with what they were:
// for readers that share no code with ours.
#include <openssl/evp.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "formats/compression.hpp"
#include "formats/encoder.hpp"
#include "settings.hpp"

namespace {

using namespace ch::cos;
using Bytes = std::optional<std::string>;

struct Sample {
  Bytes key, value;
  std::vector<std::pair<std::string, Bytes>> headers;
  std::int64_t timestamp_ms = 0;  // 0: by the offset
};

nlohmann::json base64(const Bytes& bytes) {
  if (!bytes) return nullptr;
  std::string text((bytes->size() + 2) / 3 * 4 + 1, '\0');
  const auto* data = reinterpret_cast<const unsigned char*>(bytes->data());
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data, static_cast<int>(bytes->size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string any_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::vector<Sample> samples() {
  using namespace std::string_literals;
  std::mt19937 random(1);
  std::vector<Sample> all{
      {"k", "{\"a\":1}", {}},
      {"", "", {{"h", "v"}, {"h", std::nullopt}, {"", ""}}},
      {std::nullopt, std::nullopt, {}},
      {"key \"quoted\", with\ncomma", "{\n  \"pretty\": [1, 2,\r\n 3],\t\"s\": \"line\\nfeed\"\n}", {{"a,\"b", "\x01\n"}}},
      {"\xFF\xFE", "not \xC3\x28 utf-8", {}},
      {"n", "12345678901234567890123", {}},
      {"n", "1e400", {}},
      {"n", "-0.5e-3", {}},
      {"t", "plain text, with \"quotes\"\tand\\backslash", {{"binary", "\x00\xFF"s}}},
      {"t", "null", {}},
      {"t", "[1,2", {}},
      {"t", "{} {}", {}},
      {"t", "NaN", {}},
      {"t", "\"a JSON string\"", {}},
      {"t", "  true  ", {}},
      {"emoji \xF0\x9F\x98\x80", "{\"\xE4\xB8\xAD\xE6\x96\x87\":\"\xF0\x9F\x98\x80 \\ud83d\\ude00\"}", {{"\xE4\xB8\xAD", "\xE6\x96\x87"}}},
      {"nul", "with\0nul"s, {}},
      {"bad header", "1", {{"\xFF", "x"}}},
      {"crlf", "a\r\nb\rc", {}},
      {"last date", "1", {}, 253402300799999},
      {"later", "2", {}, 253402300800000},
      {"latest", "3", {}, std::numeric_limits<std::int64_t>::max()},
      {"injected", "0\0,\"injected\":\"yes\",\"offset\":9223372036854775807}"s, {}},
      {"mark", "\xEF\xBB\xBF{}", {}},
      {"deep", std::string(400, '[') + std::string(400, ']'), {}},
  };
  for (int i = 0; i < 2000; ++i) {
    const auto size = random() % (i % 100 == 0 ? 100000 : 300);
    all.push_back({std::to_string(i),
                   "{\"id\":" + std::to_string(i) + ",\"text\":\"" + std::string(size, static_cast<char>('a' + i % 26)) + "\"}",
                   {}});
    if (i % 10 == 0) all.push_back({std::nullopt, any_bytes(random, size), {{"n", any_bytes(random, 10)}}});
  }
  return all;
}

ch_bytes bytes(const Bytes& text) {
  return text ? ch_bytes{reinterpret_cast<const unsigned char*>(text->data()), text->size()} : ch_bytes{nullptr, 0};
}

std::int32_t each_header(void*, const ch_record* record, ch_header_fn each, void* user) {
  for (const auto& [name, value] : static_cast<const Sample*>(record->native)->headers) each(user, ch::c_string(name), bytes(value));
  return CH_OK;
}

constexpr std::int64_t kFirstOffset = 1000;
constexpr std::int64_t kFirstTime = 1700000000123;

std::int64_t time_of(const Sample& sample, std::int64_t offset) {
  return sample.timestamp_ms == 0 ? kFirstTime + offset : sample.timestamp_ms;
}

void write(const std::filesystem::path& file, const FormatOptions& options, const Compression& compression,
           const std::vector<Sample>& all) {
  ch_host host{};
  host.headers = &each_header;
  const auto pool = std::make_shared<ChunkPool>(
      4096, [](std::uint64_t) { return true; }, [](std::uint64_t) {});
  const auto encoder = make_encoder(options, {ch::Host(&host), "orders", 3});
  Buffer buffer(pool);
  auto offset = kFirstOffset;
  for (const auto& sample : all) {
    const ch_record record{bytes(sample.key), bytes(sample.value), offset, time_of(sample, offset), &sample};
    ++offset;
    if (encoder->append(record, buffer) == Encoder::Written::no_memory) throw std::runtime_error("no memory");
  }
  encoder->finish(buffer);
  const Buffer stored = compress(compression, buffer);
  std::string content(stored.size(), '\0');
  stored.read(0, content);
  std::ofstream(file, std::ios::binary) << content;
}

nlohmann::json expected(const std::vector<Sample>& all) {
  auto list = nlohmann::json::array();
  auto offset = kFirstOffset;
  for (const auto& sample : all) {
    auto headers = nlohmann::json::array();
    for (const auto& [name, value] : sample.headers) headers.push_back({base64(name), base64(value)});
    list.push_back({{"topic", "orders"},
                    {"partition", 3},
                    {"offset", offset},
                    {"timestamp", time_of(sample, offset)},
                    {"key", base64(sample.key)},
                    {"value", base64(sample.value)},
                    {"headers", headers}});
    ++offset;
  }
  return list;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: write_formats DIR\n";
    return 2;
  }
  const std::filesystem::path dir = arguments[1];
  const auto all = samples();
  std::ofstream(dir / "expected.json") << expected(all);
  for (const char* name : {"string", "jsonl", "raw", "csv", "avro"}) {
    for (const char* packed : {"none", "gzip", "zstd"}) {
      const auto& kind = compression_kind(packed);
      FormatOptions options;
      options.name = name;
      for (int level = kind.lowest_level; level <= kind.highest_level; ++level)
        write(dir / ("sample-" + std::to_string(level) + std::string(format_kind(name).ext) + std::string(kind.ext)), options,
              {kind.codec, level}, all);
    }
  }
  FormatOptions options;
  options.jsonl_fields = options.csv_fields = parse_fields("topic,partition,offset,timestamp,key,value,headers");
  for (const char* name : {"jsonl", "csv"}) {
    options.name = name;
    write(dir / ("all-fields" + std::string(format_kind(name).ext)), options, {}, all);
  }
}
