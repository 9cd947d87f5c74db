#include "cloud/egress.hpp"

#include <catch2/catch.hpp>

using ch::cloud::egress_allows;

namespace {

bool allows(const std::string& patterns, const std::string& url) {
  return egress_allows(patterns, ch::cloud::parse_address(url, "it", "https://x"));
}

}  // namespace

TEST_CASE("egress: names by https, and what lies below them if a pattern says so") {
  const std::string tencent = "*.myqcloud.com, *.tencentcos.cn,*.tencentcloudapi.com";
  CHECK(allows(tencent, "https://sts.tencentcloudapi.com"));
  CHECK(allows(tencent, "https://STS.Internal.TencentCloudAPI.com:8443/x"));
  CHECK_FALSE(allows(tencent, "http://sts.tencentcloudapi.com"));
  CHECK_FALSE(allows(tencent, "https://tencentcloudapi.com"));
  CHECK_FALSE(allows(tencent, "https://eviltencentcloudapi.com"));
  CHECK_FALSE(allows(tencent, "https://sts.tencentcloudapi.com.evil.example"));
  CHECK(allows("sts.example.com", "https://sts.example.com"));
  CHECK_FALSE(allows("sts.example.com", "https://a.sts.example.com"));
  CHECK_FALSE(allows("sts.example.com", "http://sts.example.com"));
  CHECK_FALSE(allows("", "https://sts.tencentcloudapi.com"));
}

TEST_CASE("egress: addresses only if they are listed themselves, then also by http") {
  CHECK_FALSE(allows("*.tencentcloudapi.com", "https://127.0.0.1"));
  CHECK_FALSE(allows("*.tencentcloudapi.com", "http://169.254.0.23"));
  CHECK_FALSE(allows("*", "https://10.0.0.5"));
  CHECK(allows("127.0.0.1", "http://127.0.0.1:9000"));
  CHECK(allows("10.0.0.5", "https://10.0.0.5"));
  CHECK_FALSE(allows("10.0.0.5", "http://10.0.0.50"));
  CHECK(allows("localhost", "http://localhost:9000"));
  CHECK(allows("::1", "http://[::1]:9000"));
  CHECK(allows("[::1]", "http://[::1]:9000"));
}
