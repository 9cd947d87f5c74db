#include "formats/encoder.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace ch::cos {
namespace {

constexpr std::array<std::pair<std::string_view, Field>, 7> kFields{{{"topic", Field::topic},
                                                                     {"partition", Field::partition},
                                                                     {"offset", Field::offset},
                                                                     {"timestamp", Field::timestamp},
                                                                     {"key", Field::key},
                                                                     {"value", Field::value},
                                                                     {"headers", Field::headers}}};

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

const std::vector<FormatKind>& format_kinds() {
  static const std::vector<FormatKind> kinds{string_format(), jsonl_format(), raw_format(), csv_format(), avro_format()};
  return kinds;
}

const FormatKind& format_kind(std::string_view name) {
  const auto& kinds = format_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const FormatKind& kind) { return kind.name == name; });
  if (found == kinds.end()) throw std::runtime_error("'" + std::string(name) + "' is no format");
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
  // What end() needs is there whenever a record is.
  if (accepted && fits && !out.full() && buffer.ensure(trailer())) {
    keep();
    return Written::yes;
  }
  buffer.truncate(before);
  undo();
  buffer.give_back_unused(trailer());  // others may be waiting for what this record took in vain
  if (!accepted) return Written::refused;
  return fits ? Written::no_memory : Written::too_large;
}

void Encoder::finish(Buffer& buffer) {
  Out out(buffer);
  if (buffer.empty()) {
    buffer.adopt(buffer.pool()->take_beyond_budget());
    begin(out);
    keep();
  }
  end(out);
  if (out.full()) throw std::logic_error("the end of an object found no room: trailer() says too little");
  buffer.give_back_unused();
}

std::unique_ptr<Encoder> make_encoder(const FormatOptions& options, Source source) {
  return format_kind(options.name).make(options, std::move(source));
}

}  // namespace ch::cos
