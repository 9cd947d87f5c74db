// format=csv: RFC 4180 with line feeds, a header line first. An absent key or value is an empty field, an empty one "".
#include <string>

#include "formats/encoder.hpp"
#include "formats/json_text.hpp"

namespace ch::cos {
namespace {

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const FormatOptions& options, Source source)
      : Encoder(std::move(source)), fields_(options.csv_fields), header_(options.csv_header) {}

 private:
  void begin(Out& out) override {
    if (!header_) return;
    for (const auto field : fields_) {
      if (field != fields_.front()) out.put(',');
      out.put(to_string(field));
    }
    out.put('\n');
  }

  bool write(const ch_record& record, Out& out) override {
    for (const auto field : fields_) {
      if (field != fields_.front()) out.put(',');
      if (!put_field(field, record, out)) return false;
    }
    out.put('\n');
    return true;
  }

  bool put_field(Field field, const ch_record& record, Out& out) {
    switch (field) {
      case Field::topic:
        put_text(source().topic, out);
        return true;
      case Field::partition:
        put_number(out, source().partition);
        return true;
      case Field::offset:
        put_number(out, record.offset);
        return true;
      case Field::timestamp:
        if (record.timestamp_ms >= 0) put_number(out, record.timestamp_ms);
        return true;
      case Field::key:
        return put_bytes("key", record.key, out);
      case Field::value:
        return put_bytes("value", record.value, out);
      case Field::headers:
        put_headers(record, out);
        return true;
    }
    return true;
  }

  bool put_bytes(const char* what, ch_bytes bytes, Out& out) {
    if (bytes.data == nullptr) return true;
    const auto text = ch::bytes_view(bytes);
    if (text.find('\0') != std::string_view::npos || !is_utf8(text))
      return refuse(std::string("its ") + what + " is not UTF-8 text, which csv needs");
    put_text(text, out);
    return true;
  }

  static void put_text(std::string_view text, Out& out) {
    if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) return out.put(text);
    put_quoted(text, out);
  }

  static void put_quoted(std::string_view text, Out& out) {
    out.put('"');
    out.double_quotes(true);
    out.put(text);
    out.double_quotes(false);
    out.put('"');
  }

  void put_headers(const ch_record& record, Out& out) {
    out.put('"');
    out.double_quotes(true);
    put_json_headers(out, source(), record);
    out.double_quotes(false);
    out.put('"');
  }

  const std::vector<Field> fields_;
  const bool header_;
};

}  // namespace

FormatKind csv_format() {
  return {"csv", ".csv", "text/csv; charset=utf-8", false, [](const FormatOptions& options, Source source) -> std::unique_ptr<Encoder> {
            return std::make_unique<CsvEncoder>(options, std::move(source));
          }};
}

}  // namespace ch::cos
