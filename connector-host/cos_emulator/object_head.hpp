// The headers of an object: what a PUT or Initiate may say, what GET and HEAD give back. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "cos_emulator/http.hpp"
#include "cos_emulator/request.hpp"
#include "cos_emulator/storage.hpp"

namespace ch::cos_emulator {

Object read_object_head(const Request& request);                                    // throws CosError
void check_key(const std::string& key);                                             // throws CosError
void check_body_head(const Request& request);                                       // length and Content-MD5's form; throws CosError
void check_body(const Request& request, std::uint64_t size, std::string_view md5);  // throws CosError BadDigest, EntityTooLarge
Pairs object_headers(const Object& object);
void apply_overrides(const Request& request, Pairs& headers);         // response-*; throws CosError
void check_conditions(const Request& request, const Object& object);  // 304 and 412 as CosError

struct Range {
  std::uint64_t at = 0, bytes = 0;
};
std::optional<Range> read_range(const Request& request, std::uint64_t size);  // nothing: all of it; throws CosError InvalidRange

}  // namespace ch::cos_emulator
