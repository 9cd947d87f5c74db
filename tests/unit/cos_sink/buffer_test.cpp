#include "formats/buffer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "cos/crc64.hpp"

using namespace ch::cos;

namespace {

// A budget that counts, and a pool upon it.
struct Budget {
  std::uint64_t limit;
  std::uint64_t used = 0;
  std::shared_ptr<ChunkPool> pool(std::size_t chunk_bytes) {
    return std::make_shared<ChunkPool>(
        chunk_bytes,
        [this](std::uint64_t bytes) {
          if (used + bytes > limit) return false;
          used += bytes;
          return true;
        },
        [this](std::uint64_t bytes) { used -= bytes; });
  }
};

std::string contents(const Buffer& buffer) {
  std::string text(buffer.size(), '\0');
  CHECK(buffer.read(0, text) == text.size());
  return text;
}

void add(Buffer& buffer, std::string_view text) {
  REQUIRE(buffer.ensure(text.size()));
  buffer.append(text);
}

}  // namespace

TEST_CASE("a buffer holds what was appended, across its chunks") {
  Budget budget{1000};
  Buffer buffer(budget.pool(7));
  CHECK(buffer.empty());
  CHECK(buffer.crc64() == 0);
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i));
    add(buffer, piece);
    expected += piece;
  }
  CHECK(buffer.size() == expected.size());
  CHECK(contents(buffer) == expected);
  CHECK(buffer.crc64() == crc64(0, expected));
  for (std::size_t at = 0; at <= expected.size() + 3; at += 5) {
    std::string out(11, '?');
    const std::size_t got = buffer.read(at, out);
    CHECK(out.substr(0, got) == (at < expected.size() ? expected.substr(at, 11) : ""));
  }
}

TEST_CASE("a buffer that fills its chunks exactly") {
  Budget budget{1000};
  Buffer buffer(budget.pool(8));
  add(buffer, "0123456789abcdef");
  CHECK(buffer.reserved_bytes() == 16);
  CHECK(contents(buffer) == "0123456789abcdef");
  CHECK(buffer.ensure(0));
  CHECK(buffer.reserved_bytes() == 16);
}

TEST_CASE("when the budget is spent nothing changes, and what was half taken is free for others") {
  Budget budget{32};
  const auto pool = budget.pool(8);
  Buffer first(pool);
  Buffer second(pool);
  add(first, "twelve bytes");
  CHECK_FALSE(second.ensure(24));
  CHECK(second.reserved_bytes() == 0);
  CHECK(budget.used <= budget.limit);
  CHECK(second.ensure(16));
  CHECK_FALSE(first.ensure(5));
  CHECK(contents(first) == "twelve bytes");
  CHECK_THROWS_AS(first.append("12345"), std::length_error);
}

TEST_CASE("chunks go back to the pool, and their bytes to the budget when it is trimmed") {
  Budget budget{1000};
  const auto pool = budget.pool(10);
  {
    Buffer buffer(pool);
    add(buffer, std::string(35, 'x'));
    CHECK(budget.used == 40);
  }
  CHECK(budget.used == 40);
  {
    Buffer buffer(pool);
    add(buffer, std::string(40, 'y'));
    CHECK(budget.used == 40);
    pool->trim();
    CHECK(budget.used == 40);
  }
  pool->trim();
  CHECK(budget.used == 0);
}

TEST_CASE("a pool that ends returns everything") {
  Budget budget{1000};
  {
    Buffer buffer(budget.pool(10));
    add(buffer, "12345678901");
  }
  CHECK(budget.used == 0);
}

TEST_CASE("a buffer moved from is empty and usable") {
  Budget budget{1000};
  const auto pool = budget.pool(4);
  Buffer first(pool);
  add(first, "abcdef");
  Buffer second(std::move(first));
  CHECK(contents(second) == "abcdef");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): the class promises it
  CHECK(first.reserved_bytes() == 0);
  add(first, "xy");
  second = std::move(first);
  CHECK(contents(second) == "xy");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move)
  CHECK(budget.used == 12);
  Buffer third(pool);
  add(third, "12345678");
  CHECK(budget.used == 12);  // the chunks of "abcdef" again
}
