#include "cloud/tc3.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ch::cloud;

TEST_CASE("TC3 signatures are those that Tencent publishes, and its SDK makes") {
  const std::string body = R"({"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]})";
  const ApiCall published{"cvm", "cvm.tencentcloudapi.com", "application/json; charset=utf-8", body, 1551113065};
  CHECK(tc3_hashed_request(published) == "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031");
  CHECK(tc3_signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", published) == "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168");
  const std::string role =
      R"({"RoleArn":"qcs::cam::uin/100000000001:roleName/cosCkafka_QCSRole","RoleSessionName":"cos-sink","DurationSeconds":7200})";
  const ApiCall sts{"sts", "sts.tencentcloudapi.com", "application/json", role, 1700000000};
  CHECK(tc3_hashed_request(sts) == "179f3e8afb30774e267b50d708181fbf8f4af709af1784a93e99753cb6e8683a");
  CHECK(tc3_authorization({"AKID", "ExampleSecretKeyExampleSecretKey", ""}, sts) ==
        "TC3-HMAC-SHA256 Credential=AKID/2023-11-14/sts/tc3_request, SignedHeaders=content-type;host, "
        "Signature=c57272d685436efd8e6e120bebb7ae7ec9df87e77d7c9cdec4bbe93785c927f8");
}
