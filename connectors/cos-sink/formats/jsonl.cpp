// format=jsonl: one JSON value a line. With the value alone (the default) that is the record's value; with several
// fields an object of them.
#include "formats/encoder.hpp"
#include "formats/json_text.hpp"

namespace ch::cos {
namespace {

class JsonlEncoder final : public Encoder {
 public:
  JsonlEncoder(const FormatOptions& options, Source source) : Encoder(std::move(source)), fields_(options.jsonl_fields) {}

 private:
  bool write(const ch_record& record, Out& out) override {
    if (fields_.size() == 1 && fields_.front() == Field::value) {
      put_value_alone(record.value, out);
    } else {
      char separator = '{';
      for (const auto field : fields_) {
        out.put(separator);
        put_field(field, record, out);
        separator = ',';
      }
      out.put('}');
    }
    out.put('\n');
    return true;
  }

  static void put_value_alone(ch_bytes value, Out& out) {
    const auto text = ch::bytes_view(value);
    if (value.data == nullptr) return out.put("null");
    if (is_json(text)) return put_json_on_one_line(out, text);
    if (is_utf8(text)) return put_json_string(out, text);
    out.put('{');
    put_json_bytes(out, "value", value);
    out.put('}');
  }

  void put_field(Field field, const ch_record& record, Out& out) {
    if (field == Field::key) return put_json_bytes(out, "key", record.key);
    const auto text = ch::bytes_view(record.value);
    if (field == Field::value && !(record.value.data != nullptr && is_json(text))) return put_json_bytes(out, "value", record.value);
    out.put('"');
    out.put(to_string(field));
    out.put("\":");
    switch (field) {
      case Field::topic:
        return put_json_string(out, source().topic);
      case Field::partition:
        return put_number(out, source().partition);
      case Field::offset:
        return put_number(out, record.offset);
      case Field::timestamp:
        return record.timestamp_ms < 0 ? out.put("null") : put_number(out, record.timestamp_ms);
      case Field::headers:
        return put_json_headers(out, source(), record);
      default:
        return put_json_on_one_line(out, text);
    }
  }

  const std::vector<Field> fields_;
};

}  // namespace

FormatKind jsonl_format() {
  return {"jsonl", ".jsonl", "application/x-ndjson", true, [](const FormatOptions& options, Source source) -> std::unique_ptr<Encoder> {
            return std::make_unique<JsonlEncoder>(options, std::move(source));
          }};
}

}  // namespace ch::cos
