// Compression of a whole object, once it is complete: one gzip member or one zstd frame. The bytes follow from the
// content, the level and the machine's kind (ISA-L has code for each), so that nothing may compare them across hosts.
#pragma once

#include <string_view>

#include "formats/buffer.hpp"

namespace ch::cos {

struct Compression {
  enum class Codec { none, gzip, zstd };
  Codec codec = Codec::none;
  int level = 1;
};

struct CompressionKind {
  std::string_view name, ext, content_type;
  Compression::Codec codec;
  int lowest_level, highest_level, level;  // the last: if none is given
};
// Throws std::runtime_error for a name that is none.
const CompressionKind& compression_kind(std::string_view name);

// Blocking, any thread. Memory: chunks of the content hold the result as soon as they have been read, beside at most two
// more and the compressor's own state, which a thread keeps. If it throws before the content was touched, `content` is as it was;
// later, it is empty.
Buffer compress(const Compression& how, Buffer& content);

}  // namespace ch::cos
