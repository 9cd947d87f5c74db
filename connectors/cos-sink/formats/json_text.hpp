// JSON as the text formats write it: strings, base64, and whether bytes are JSON at all. Pure functions, any thread.
#pragma once

#include <string_view>

#include "formats/encoder.hpp"

namespace ch::cos {

bool is_utf8(std::string_view bytes);
bool is_json(std::string_view bytes);  // one value that common readers accept, and nothing behind it

void put_json_string(Out& out, std::string_view utf8);       // with its quotes
void put_base64(Out& out, std::string_view bytes);           // without any
void put_json_on_one_line(Out& out, std::string_view json);  // as it is, but for line breaks between its tokens
void put_number(Out& out, std::int64_t number);

// `"name":"text"`, or `"name_base64":"..."` of bytes that are no UTF-8; null if there are none.
void put_json_bytes(Out& out, std::string_view name, ch_bytes bytes);
// [{"name":"n","value":"v"},...], in their order.
void put_json_headers(Out& out, const Source& source, const ch_record& record);

}  // namespace ch::cos
