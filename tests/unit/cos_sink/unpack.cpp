#include "unpack.hpp"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace ch::cos_test {

std::string unpack_gzip(std::string_view packed) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(packed.data()));
  state->avail_in = static_cast<std::uint32_t>(packed.size());
  std::string out;
  std::array<unsigned char, 65536> piece;
  do {
    state->next_out = piece.data();
    state->avail_out = piece.size();
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) throw std::runtime_error("not gzip");
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - state->avail_out);
  } while (state->avail_out == 0);
  if (state->block_state != ISAL_BLOCK_FINISH || state->avail_in != 0) throw std::runtime_error("not one whole gzip member");
  return out;
}

std::string unpack_zstd(std::string_view packed) {
  const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) throw std::runtime_error("not zstd, or without its size");
  if (ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size()) throw std::runtime_error("not one whole zstd frame");
  std::string out(size, '\0');
  if (ZSTD_isError(ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size())) != 0) throw std::runtime_error("not zstd");
  return out;
}

std::string contents(const cos::Buffer& buffer) {
  std::string text(buffer.size(), '\0');
  buffer.read(0, text);
  return text;
}

}  // namespace ch::cos_test
