#include "kafka/fence.hpp"

#include <catch2/catch.hpp>

using ch::kafka::Fence;

TEST_CASE("fence: a commit that was sent once and answered has no copy under way") {
  Fence fence;
  for (int i = 0; i < 3; ++i) {
    fence.commit_asked();
    fence.request_sent();
    CHECK_FALSE(fence.copy_under_way(true));
  }
}

TEST_CASE("fence: of a commit that librdkafka sent twice by itself one copy may be under way") {
  Fence fence;
  fence.commit_asked();
  fence.request_sent();
  fence.request_sent();
  CHECK(fence.copy_under_way(true));
}

TEST_CASE("fence: a commit that the broker has not answered may be under way, unless it never left") {
  Fence fence;
  fence.commit_asked();
  CHECK_FALSE(fence.copy_under_way(false));
  fence.request_sent();
  CHECK(fence.copy_under_way(false));
}
