#include "format.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::array<FormatKind, 5> kKinds{{{"string", ".txt", "text/plain; charset=utf-8"},
                                            {"jsonl", ".jsonl", "application/x-ndjson"},
                                            {"raw", ".raw", "application/octet-stream"},
                                            {"csv", ".csv", "text/csv; charset=utf-8"},
                                            {"avro", ".avro", "application/avro"}}};

constexpr std::array<std::pair<std::string_view, Field>, 7> kFields{{{"topic", Field::topic},
                                                                     {"partition", Field::partition},
                                                                     {"offset", Field::offset},
                                                                     {"timestamp", Field::timestamp},
                                                                     {"key", Field::key},
                                                                     {"value", Field::value},
                                                                     {"headers", Field::headers}}};

// Values as they are, each followed by a line feed.
class StringEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

 private:
  bool write(const ch_record& record, Out& out) override {
    out.put(ch::bytes_view(record.value));
    out.put('\n');
    return true;
  }
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::vector<Field> parse_fields(std::string_view list) {
  std::vector<Field> fields;
  for (;;) {
    const auto comma = list.find(',');
    const auto name = trimmed(list.substr(0, comma));
    const auto* known = std::find_if(kFields.begin(), kFields.end(), [&](const auto& entry) { return entry.first == name; });
    if (known == kFields.end() || std::find(fields.begin(), fields.end(), known->second) != fields.end()) return {};
    fields.push_back(known->second);
    if (comma == std::string_view::npos) return fields;
    list.remove_prefix(comma + 1);
  }
}

std::string_view to_string(Field field) {
  return std::find_if(kFields.begin(), kFields.end(), [&](const auto& entry) { return entry.second == field; })->first;
}

const FormatKind& format_kind(std::string_view name) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const FormatKind& kind) { return kind.name == name; });
  if (found == kKinds.end()) throw std::runtime_error("'" + std::string(name) + "' is no format");
  return *found;
}

void Out::put_doubled(std::string_view bytes) {
  for (;;) {
    const auto quote = bytes.find('"');
    put_plain(bytes.substr(0, quote));
    if (quote == std::string_view::npos) return;
    put_plain("\"\"");
    bytes.remove_prefix(quote + 1);
  }
}

Encoder::Written Encoder::append(const ch_record& record, Buffer& buffer, std::size_t most) {
  const std::size_t before = buffer.size();
  Out out(buffer);
  if (before == 0) begin(out);
  const std::size_t head = out.wanted();
  const bool accepted = write(record, out);
  wanted_ = out.wanted() - head;
  const bool fits = wanted_ <= most;
  // What finish() needs is there whenever a record is.
  if (accepted && fits && !out.full() && buffer.ensure(kTrailer)) {
    keep();
    return Written::yes;
  }
  buffer.truncate(before);
  buffer.give_back_unused();  // others may be waiting for what this record took in vain
  undo();
  if (!accepted) return Written::refused;
  return fits ? Written::no_memory : Written::too_large;
}

void Encoder::finish(Buffer& buffer) {
  if (buffer.empty()) {
    buffer.adopt(buffer.pool()->take_beyond_budget());
    Out out(buffer);
    begin(out);
    keep();
  }
  end(buffer);
  buffer.give_back_unused();
}

std::unique_ptr<Encoder> make_encoder(const FormatOptions& options, Source source) {
  if (options.name == "jsonl") return make_jsonl_encoder(options, std::move(source));
  if (options.name == "csv") return make_csv_encoder(options, std::move(source));
  if (options.name == "raw") return make_raw_encoder(std::move(source));
  if (options.name == "avro") return make_avro_encoder(std::move(source));
  return std::make_unique<StringEncoder>(std::move(source));
}

}  // namespace ch::cos
