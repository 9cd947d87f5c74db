// format=avro: an Avro object container file of envelope records. Written here and not by libavro, whose writer needs
// a file, allocates for every value, and marks blocks with random bytes: the same range would not give the same object.
#include <array>
#include <string>

#include "cloud/encoding.hpp"
#include "formats/encoder.hpp"
#include "formats/json_text.hpp"

namespace ch::cos {
namespace {

// 9999-12-31T23:59:59.999Z. Readers make a date of `timestamp`, and the dates of most languages end there: one record with a
// later one would cost them the rest of the object.
constexpr std::int64_t kLastDateMs = 253402300799999;
constexpr std::size_t kBlockBytes = 64 << 10;
constexpr std::size_t kSyncBytes = 16;  // of the format
constexpr std::string_view kSchema =
    R"({"type":"record","name":"Record","namespace":"connector_host","fields":[)"
    R"({"name":"topic","type":"string"},{"name":"partition","type":"int"},{"name":"offset","type":"long"},)"
    R"({"name":"timestamp","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},)"
    R"({"name":"timestamp_out_of_range","type":["null","long"]},)"
    R"({"name":"key","type":["null","bytes"]},{"name":"value","type":["null","bytes"]},)"
    R"({"name":"headers","type":{"type":"array","items":{"type":"record","name":"Header","fields":[)"
    R"({"name":"name","type":"string"},{"name":"value","type":["null","bytes"]}]}}}]})";

// Avro's long: zigzag, then seven bits a byte, lowest first.
class Long {
 public:
  explicit Long(std::int64_t number) {
    auto rest = (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    for (; rest > 0x7F; rest >>= 7) bytes_[size_++] = static_cast<char>((rest & 0x7F) | 0x80);
    bytes_[size_++] = static_cast<char>(rest);
  }
  // Of exactly kWide bytes: its place is left open until the number is known.
  static Long wide(std::int64_t number) {
    Long out(0);
    auto rest = static_cast<std::uint64_t>(number) << 1;
    for (out.size_ = 0; out.size_ < kWide; rest >>= 7) out.bytes_[out.size_++] = static_cast<char>((rest & 0x7F) | 0x80);
    out.bytes_[kWide - 1] = static_cast<char>(out.bytes_[kWide - 1] & 0x7F);
    return out;
  }
  std::string_view view() const { return {bytes_.data(), size_}; }

  static constexpr std::size_t kWide = 5;

 private:
  std::array<char, 10> bytes_{};
  std::size_t size_ = 0;
};

void put_text(Out& out, std::string_view text) {
  out.put(Long(static_cast<std::int64_t>(text.size())).view());
  out.put(text);
}

// Of a union ["null", "long"].
void put_long_or_null(Out& out, bool there, std::int64_t number) {
  out.put(Long(there ? 1 : 0).view());
  if (there) out.put(Long(number).view());
}

// Of the union ["null", "bytes"].
void put_bytes_or_null(Out& out, ch_bytes bytes) {
  if (bytes.data == nullptr) return out.put(Long(0).view());
  out.put(Long(1).view());
  put_text(out, ch::bytes_view(bytes));
}

// Ends every block. Random in other writers; here it follows from the partition.
std::string make_sync(const Source& source) {
  return cloud::sha256(source.topic + '-' + std::to_string(source.partition)).substr(0, kSyncBytes);
}

class AvroEncoder final : public Encoder {
 public:
  explicit AvroEncoder(Source from) : Encoder(std::move(from)), sync_(make_sync(source())) {}

 private:
  struct Block {
    std::size_t at = 0;  // of its count and size, which are filled in last
    std::int64_t records = 0;
    bool open = false;
  };

  void begin(Out& out) override {
    block_ = {};
    out.put("Obj\x01");
    out.put(Long(2).view());
    put_text(out, "avro.schema");
    put_text(out, kSchema);
    put_text(out, "avro.codec");
    put_text(out, "null");
    out.put(Long(0).view());
    out.put(sync_);
  }

  bool write(const ch_record& record, Out& out) override {
    if (block_.open && out.at() - block_.at >= kBlockBytes) close_block(out);
    if (!block_.open) {
      block_ = {out.at(), 0, true};
      out.put(Long::wide(0).view());
      out.put(Long::wide(0).view());
    }
    ++block_.records;
    put_text(out, source().topic);
    out.put(Long(source().partition).view());
    out.put(Long(record.offset).view());
    const bool is_date = record.timestamp_ms >= 0 && record.timestamp_ms <= kLastDateMs;
    put_long_or_null(out, is_date, record.timestamp_ms);
    put_long_or_null(out, record.timestamp_ms > kLastDateMs, record.timestamp_ms);
    put_bytes_or_null(out, record.key);
    put_bytes_or_null(out, record.value);
    return put_headers(record, out);
  }

  bool put_headers(const ch_record& record, Out& out) {
    bool text = true;
    source().host.headers(record, [&](std::string_view name, ch_bytes value) {
      text = text && is_utf8(name);
      out.put(Long(1).view());  // an array's block of one
      put_text(out, name);
      put_bytes_or_null(out, value);
    });
    out.put(Long(0).view());
    return text || refuse("the name of one of its headers is not UTF-8 text, which avro needs");
  }

  void close_block(Out& out) {
    const auto data = block_.at + 2 * Long::kWide;
    out.overwrite(block_.at, Long::wide(block_.records).view());
    out.overwrite(block_.at + Long::kWide, Long::wide(static_cast<std::int64_t>(out.at() - data)).view());
    out.put(sync_);
    block_.open = false;
  }

  std::size_t trailer() const override { return block_.open ? sync_.size() : 0; }
  void end(Out& out) override {
    if (block_.open) close_block(out);
    block_ = kept_ = {};
  }
  void keep() override { kept_ = block_; }
  void undo() override { block_ = kept_; }

  const std::string sync_;
  Block block_, kept_;
};

}  // namespace

FormatKind avro_format() {
  return {"avro", ".avro", "application/avro", false,
          [](const FormatOptions&, Source source) -> std::unique_ptr<Encoder> { return std::make_unique<AvroEncoder>(std::move(source)); }};
}

}  // namespace ch::cos
