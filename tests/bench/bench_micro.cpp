// bench_micro: CPU time of each hot part by itself, without Kafka or a store. Prints a table.
#include <fmt/format.h>

#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "cos/crc64.hpp"
#include "cos/signer.hpp"
#include "formats/compression.hpp"
#include "formats/encoder.hpp"

namespace {

using namespace ch::cos;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr std::size_t kObject = 8 << 20;

struct Data {
  std::vector<std::string> values;
  std::vector<ch_record> records;
};

Data make_data(std::size_t size, bool json) {
  std::mt19937 random(1);
  Data data;
  for (int i = 0; i < 2000; ++i) {
    std::string value =
        json ? fmt::format("{{\"id\":{},\"name\":\"customer {}\",\"tags\":[\"a\",\"b\"],\"pad\":\"", i, random() % 1000) : "";
    while (value.size() + 2 < size) value += static_cast<char>(json ? 'a' + random() % 16 : random());
    data.values.push_back(json ? value + "\"}" : value + "xx");
  }
  for (const auto& value : data.values)
    data.records.push_back(
        {{nullptr, 0}, {reinterpret_cast<const unsigned char*>(value.data()), value.size()}, 1000, 1700000000000, nullptr});
  return data;
}

std::int32_t no_headers(void*, const ch_record*, ch_header_fn, void*) { return CH_OK; }

std::shared_ptr<ChunkPool> pool() {
  static const auto kept = std::make_shared<ChunkPool>(
      256 << 10, [](std::uint64_t) { return true; }, [](std::uint64_t) {});
  return kept;
}

Buffer filled(Encoder& encoder, const Data& data) {
  Buffer buffer(pool());
  for (std::size_t i = 0; buffer.size() < kObject; ++i) encoder.append(data.records[i % data.records.size()], buffer);
  encoder.finish(buffer);
  return buffer;
}

template <class Work>
void measure(const std::string& name, Work work, double unit_count, const char* unit) {
  work();
  int rounds = 0;
  const auto begin = cpu_seconds();
  while (cpu_seconds() - begin < 0.5) {
    work();
    ++rounds;
  }
  const auto each = (cpu_seconds() - begin) / rounds;
  fmt::print("{:34} {:10.3f} ns/{}\n", name, each / unit_count * 1e9, unit);
}

}  // namespace

int main() {
  ch_host host{};
  host.headers = &no_headers;
  for (const auto& [what, size, json] : {std::tuple{"100 B", 100, false}, {"1 KiB", 1024, false}, {"JSON 500 B", 500, true}}) {
    const auto data = make_data(static_cast<std::size_t>(size), json);
    for (const char* format : {"string", "jsonl", "raw", "csv", "avro"}) {
      if (!json && std::string_view(format) == "csv") continue;  // not text
      FormatOptions options;
      options.name = format;
      const auto encoder = make_encoder(options, {ch::Host(&host), "orders", 1});
      const auto records = static_cast<double>(kObject) / size;
      measure(
          fmt::format("append {} {}", format, what), [&] { filled(*encoder, data); }, records, "record");
    }
  }
  const auto data = make_data(500, true);
  FormatOptions options;
  const auto encoder = make_encoder(options, {ch::Host(&host), "orders", 1});
  for (const auto& [name, level] : {std::pair{"gzip", 1}, {"gzip", 2}, {"gzip", 3}, {"zstd", 1}, {"zstd", 3}}) {
    measure(
        fmt::format("{} -{} with append", name, level),
        [&, codec = compression_kind(name).codec, l = level] {
          auto content = filled(*encoder, data);
          compress({codec, l}, content);
        },
        static_cast<double>(kObject), "byte");
  }
  const std::string bytes(kObject, 'x');
  std::uint64_t sum = 0;
  measure(
      "crc64", [&] { sum += crc64(0, bytes); }, static_cast<double>(kObject), "byte");
  const Credentials credentials{"AKIDbench", "secret", ""};
  measure(
      "sign a request",
      [&] {
        sum +=
            authorization(credentials, {"PUT", "/orders/x", {}, {{"host", "h"}, {"content-length", "1"}, {"x-cos-acl", "private"}}}, 1, 2)
                .size();
      },
      1, "request");
  return sum == 0 ? 1 : 0;
}
