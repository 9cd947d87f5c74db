#include "formats/compression.hpp"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace ch::cos {
namespace {

using Codec = Compression::Codec;

constexpr std::array<CompressionKind, 3> kKinds{{{"none", "", "", Codec::none, 0, 0, 0},
                                                 {"gzip", ".gz", "application/gzip", Codec::gzip, 1, 3, 1},
                                                 {"zstd", ".zst", "application/zstd", Codec::zstd, 1, 6, 1}}};

// Where compressed bytes go: into chunks that have been read, or else beyond the budget.
class Target {
 public:
  explicit Target(Buffer& out) : out_(out) {}
  std::span<unsigned char> room() {
    if (out_.room().empty()) out_.adopt(out_.pool()->take_beyond_budget());
    return out_.room();
  }
  void written(std::size_t bytes) { out_.advance(bytes); }

 private:
  Buffer& out_;
};

// One for each thread that compresses, kept with its memory.
class Gzip {
 public:
  void begin(int level, std::uint64_t) {
    static constexpr std::array<std::uint32_t, 4> kLevelMemory{ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
                                                               ISAL_DEF_LVL3_DEFAULT};
    const auto size = kLevelMemory.at(static_cast<std::size_t>(level));
    if (level_memory_size_ != size) {
      level_memory_ = std::make_unique<unsigned char[]>(size);
      level_memory_size_ = size;
    }
    isal_deflate_init(stream_.get());
    stream_->level = static_cast<std::uint32_t>(level);
    stream_->level_buf = level_memory_.get();
    stream_->level_buf_size = size;
    stream_->gzip_flag = IGZIP_GZIP;  // with a time of 0 and no name
    stream_->flush = NO_FLUSH;
  }
  void feed(std::string_view bytes, bool last, Target& target) {
    stream_->next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    stream_->avail_in = static_cast<std::uint32_t>(bytes.size());
    stream_->end_of_stream = last ? 1 : 0;
    do {
      const auto room = target.room();
      stream_->next_out = room.data();
      stream_->avail_out = static_cast<std::uint32_t>(room.size());
      if (isal_deflate(stream_.get()) != COMP_OK) throw std::runtime_error("igzip refuses its settings");
      target.written(room.size() - stream_->avail_out);
    } while (stream_->avail_in > 0 || (last && stream_->internal_state.state != ZSTATE_END));
  }

 private:
  std::unique_ptr<isal_zstream> stream_ = std::make_unique<isal_zstream>();
  std::unique_ptr<unsigned char[]> level_memory_;
  std::uint32_t level_memory_size_ = 0;
};

class Zstd {
 public:
  void begin(int level, std::uint64_t size) {
    if (stream_ == nullptr) throw std::bad_alloc();
    check(ZSTD_CCtx_reset(stream_.get(), ZSTD_reset_session_and_parameters));
    check(ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_compressionLevel, level));
    check(ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1));
    check(ZSTD_CCtx_setPledgedSrcSize(stream_.get(), size));
  }
  void feed(std::string_view bytes, bool last, Target& target) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (std::size_t left = 1; in.pos < in.size || (last && left > 0);) {
      const auto room = target.room();
      ZSTD_outBuffer out{room.data(), room.size(), 0};
      left = check(ZSTD_compressStream2(stream_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue));
      target.written(out.pos);
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* stream) const { ZSTD_freeCCtx(stream); }
  };
  static std::size_t check(std::size_t result) {
    if (ZSTD_isError(result) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(result));
    return result;
  }
  std::unique_ptr<ZSTD_CCtx, Free> stream_{ZSTD_createCCtx()};
};

template <class Codec>
Buffer compress_with(int level, Buffer& content) {
  thread_local Codec codec;
  codec.begin(level, content.size());
  Buffer source(std::move(content));
  Buffer out(source.pool());
  Target target(out);
  const std::size_t count = (source.size() + source.pool()->chunk_bytes() - 1) / source.pool()->chunk_bytes();
  for (std::size_t i = 0; i < count; ++i) {
    codec.feed(source.chunk(i), i + 1 == count, target);
    out.adopt(source.detach(i));
  }
  if (count == 0) codec.feed({}, true, target);
  out.give_back_unused();
  return out;
}

}  // namespace

const CompressionKind& compression_kind(std::string_view name) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const CompressionKind& kind) { return kind.name == name; });
  if (found == kKinds.end()) throw std::runtime_error("'" + std::string(name) + "' is no compression");
  return *found;
}

Buffer compress(const Compression& how, Buffer& content) {
  switch (how.codec) {
    case Codec::gzip:
      return compress_with<Gzip>(how.level, content);
    case Codec::zstd:
      return compress_with<Zstd>(how.level, content);
    case Codec::none:
      break;
  }
  return std::move(content);
}

}  // namespace ch::cos
