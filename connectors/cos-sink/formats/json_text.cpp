#include "formats/json_text.hpp"

#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace ch::cos {
namespace {

// simdjson's parser keeps ten times its largest document, outside the budget; above this a slower one that keeps nothing.
constexpr std::size_t kLargestParsed = 1 << 20;

// Versions of simdjson skip it or refuse it; no JSON text may begin with it.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// An integer beyond 64 bits has a code of its own in versions that know it.
template <class Code>
constexpr bool is_of_number(Code error) {
  if constexpr (requires { Code::BIGINT_ERROR; }) {
    if (error == Code::BIGINT_ERROR) return true;
  }
  return error == Code::NUMBER_ERROR;
}

// What must not stand in a JSON string as it is.
constexpr bool must_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void put_escape(Out& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      return out.put("\\\"");
    case '\\':
      return out.put("\\\\");
    case '\n':
      return out.put("\\n");
    case '\r':
      return out.put("\\r");
    case '\t':
      return out.put("\\t");
    default: {
      const auto byte = static_cast<unsigned char>(c);
      const std::array<char, 6> text{'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      out.put(std::string_view(text.data(), text.size()));
    }
  }
}

}  // namespace

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

bool is_json(std::string_view bytes) {
  // Neither stands in JSON, and the libraries do not agree: nlohmann takes a NUL for the end of the text, and a byte order mark
  // is skipped by it and by simdjson from 3.2 on. Two hosts must write the same bytes of the same record.
  if (bytes.find('\0') != std::string_view::npos || bytes.starts_with(kByteOrderMark)) return false;
  if (bytes.size() > kLargestParsed) return is_utf8(bytes) && nlohmann::json::accept(bytes);
  // Keeps its memory between records; copies the bytes into it, since it may read behind their end.
  thread_local simdjson::dom::parser parser;
  const auto error = parser.parse(bytes.data(), bytes.size(), true).error();
  if (error == simdjson::SUCCESS) return true;
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();  // says nothing of the bytes
  // Integers that no machine type holds are JSON all the same; numbers beyond a double are none that readers accept.
  if (!is_of_number(error)) return false;
  return is_utf8(bytes) && nlohmann::json::accept(bytes);
}

void put_json_string(Out& out, std::string_view utf8) {
  out.put('"');
  while (!utf8.empty()) {
    const auto* stop = std::find_if(utf8.begin(), utf8.end(), must_escape);
    const auto plain = static_cast<std::size_t>(stop - utf8.begin());
    out.put(utf8.substr(0, plain));
    if (stop == utf8.end()) break;
    put_escape(out, *stop);
    utf8.remove_prefix(plain + 1);
  }
  out.put('"');
}

void put_base64(Out& out, std::string_view bytes) {
  constexpr std::size_t kPiece = 768;  // a multiple of 3
  std::array<unsigned char, kPiece / 3 * 4 + 1> text;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, kPiece);
    const int size = EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
    out.put(std::string_view(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)));
    bytes.remove_prefix(piece.size());
  }
}

// In JSON a line break can only stand between tokens: in strings it is escaped.
void put_json_on_one_line(Out& out, std::string_view json) {
  while (!json.empty()) {
    const auto plain = std::min(json.find_first_of("\r\n"), json.size());
    out.put(json.substr(0, plain));
    if (plain == json.size()) return;
    out.put(' ');
    json.remove_prefix(plain + 1);
  }
}

void put_number(Out& out, std::int64_t number) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.put(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

void put_json_bytes(Out& out, std::string_view name, ch_bytes bytes) {
  const auto text = ch::bytes_view(bytes);
  const bool plain = bytes.data == nullptr || is_utf8(text);
  out.put('"');
  out.put(name);
  out.put(plain ? "\":" : "_base64\":\"");
  if (bytes.data == nullptr) return out.put("null");
  if (plain) return put_json_string(out, text);
  put_base64(out, text);
  out.put('"');
}

void put_json_headers(Out& out, const Source& source, const ch_record& record) {
  out.put('[');
  bool first = true;
  source.host.headers(record, [&](std::string_view name, ch_bytes value) {
    out.put(first ? "{" : ",{");
    first = false;
    put_json_bytes(out, "name", {reinterpret_cast<const unsigned char*>(name.data()), name.size()});
    out.put(',');
    put_json_bytes(out, "value", value);
    out.put('}');
  });
  out.put(']');
}

}  // namespace ch::cos
