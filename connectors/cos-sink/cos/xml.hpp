// Reading COS's XML: its documentation and its SDKs spell tags differently ("Encoding-type", "EncodingType"), so case,
// "-" and a namespace prefix do not count.
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace ch::cos {

// The root element of the document if it is called `root`; else a null node. `document` owns what is returned.
pugi::xml_node parse_xml(pugi::xml_document& document, std::string_view text, std::string_view root);
bool tag_is(const pugi::xml_node& node, std::string_view name);
std::string child_text(const pugi::xml_node& parent, std::string_view name);  // "" if there is none

std::string percent_decode(std::string_view text);                   // "+" stays; a broken "%" stays as it is
std::optional<std::int64_t> parse_utc_ms(std::string_view iso);      // "2024-05-16T06:45:51.000Z"
std::optional<std::uint64_t> parse_number(std::string_view digits);  // nothing but decimal digits

}  // namespace ch::cos
