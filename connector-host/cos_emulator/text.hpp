// Encodings, digests and times that COS's protocol is made of. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ch::cos_emulator {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text);
std::string percent_encode(std::string_view bytes);  // all but A-Z a-z 0-9 - _ . ~; upper-case hex
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
std::optional<Pairs> decode_query(std::string_view query);  // in the order sent; a parameter without "=" has the value ""
std::vector<std::string> split(std::string_view text, char separator);
const std::string* find(const Pairs& pairs, std::string_view name);
std::string find_or(const Pairs& pairs, std::string_view name, std::string_view otherwise);

template <class Number>
std::optional<Number> to_number(std::string_view text);  // decimal digits only, all of the text

std::string hex(std::string_view bytes);  // lower case
std::string base64(std::string_view bytes);
std::string sha1_hex(std::string_view bytes);
std::string md5_hex(std::string_view bytes);
std::string hmac_sha1_hex(std::string_view key, std::string_view message);

std::int64_t now_ms();
std::string http_date(std::int64_t ms);  // Thu, 16 May 2019 06:45:51 GMT
std::string iso_time(std::int64_t ms);   // 2019-05-16T06:45:51.000Z

extern template std::optional<int> to_number(std::string_view);
extern template std::optional<std::int64_t> to_number(std::string_view);
extern template std::optional<std::uint64_t> to_number(std::string_view);

}  // namespace ch::cos_emulator
