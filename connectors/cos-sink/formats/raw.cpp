// format=raw: everything of a record, so that it can be produced again. Big endian, records behind one another:
//   u32 bytes of the record behind this number | u8 version, 1 | i64 offset | i64 timestamp | i32 key bytes, -1 none | key
//   | i32 value bytes, -1 none | value | u32 headers, each: u32 name bytes | name | i32 value bytes, -1 none | value
#include <array>
#include <string_view>

#include "formats/encoder.hpp"

namespace ch::cos {
namespace {

constexpr char kVersion = 1;

template <class Number>
class BigEndian {
 public:
  explicit BigEndian(Number number) {
    for (std::size_t i = bytes_.size(); i > 0; --i, number = static_cast<Number>(number >> 8))
      bytes_[i - 1] = static_cast<char>(number & 0xFF);
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, sizeof(Number)> bytes_;
};

void put_sized(Out& out, ch_bytes bytes) {
  if (bytes.data == nullptr) return out.put(BigEndian<std::uint32_t>(0xFFFFFFFF).view());
  out.put(BigEndian(static_cast<std::uint32_t>(bytes.size)).view());
  out.put(ch::bytes_view(bytes));
}

class RawEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

 private:
  bool write(const ch_record& record, Out& out) override {
    const std::size_t start = out.at();
    const std::size_t size_before = out.wanted();
    out.put(BigEndian<std::uint32_t>(0).view());
    out.put(kVersion);
    out.put(BigEndian(static_cast<std::uint64_t>(record.offset)).view());
    out.put(BigEndian(static_cast<std::uint64_t>(record.timestamp_ms)).view());
    put_sized(out, record.key);
    put_sized(out, record.value);
    const std::size_t count_at = out.at();
    out.put(BigEndian<std::uint32_t>(0).view());
    std::uint32_t headers = 0;
    source().host.headers(record, [&](std::string_view name, ch_bytes value) {
      ++headers;
      out.put(BigEndian(static_cast<std::uint32_t>(name.size())).view());
      out.put(name);
      put_sized(out, value);
    });
    out.overwrite(count_at, BigEndian(headers).view());
    out.overwrite(start, BigEndian(static_cast<std::uint32_t>(out.wanted() - size_before - sizeof(std::uint32_t))).view());
    return true;
  }
};

}  // namespace

FormatKind raw_format() {
  return {"raw", ".raw", "application/octet-stream", false,
          [](const FormatOptions&, Source source) -> std::unique_ptr<Encoder> { return std::make_unique<RawEncoder>(std::move(source)); }};
}

}  // namespace ch::cos
