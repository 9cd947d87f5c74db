// Digests and escapes of bytes, as Tencent Cloud's protocols and our own identities write them. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ch::cloud {

std::string sha256(std::string_view message);  // its 32 bytes; throws std::runtime_error if OpenSSL refuses
std::string hex(std::string_view bytes);       // two lower-case digits a byte

std::string percent(char byte);  // "%2F"
// All but RFC 3986's unreserved characters, A-Z a-z 0-9 - _ . ~, and those of `also_kept`.
std::string percent_encode(std::string_view bytes, std::string_view also_kept = {});

}  // namespace ch::cloud
