// The signature against published values: Ex. 1-3 from Tencent (product/436/7778 and cos-go-sdk-v5's auth_test.go), A-F
// from Tencent's Python SDK run on the same requests, P1-P3 reproduced by a signer of another hand.
#include "cos/signer.hpp"

#include <catch2/catch.hpp>

using namespace ch::cos;

namespace {

const std::string kBeijing = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
const std::string kGuangzhou = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
const Credentials kOurs{"AKIDEXAMPLEEXAMPLEEXAMPLE", "ExampleSecretKeyExampleSecretKey", ""};
constexpr std::int64_t kStart = 1700000000;
constexpr std::int64_t kEnd = 1700003660;

struct Vector {
  std::string name;
  std::string method;
  std::string path;
  Pairs query;
  Pairs headers;  // besides host
  std::string signature;
};

const std::string kUploadId = "1585130821cbb7df1d11846c073ad648e8f33b087cec2381df437acdc833cf654b9ecc6361";

const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = {
      {"A",
       "PUT",
       "/topics/orders/part-0.json",
       {},
       {{"Content-Length", "16"}, {"Content-MD5", "7o3pGNBWQBRbGPcPTDqmAg=="}, {"Content-Type", "application/json"}},
       "3bae2710957f12f8d7a172c52124d60108b1cba6"},
      {"B",
       "POST",
       "/topics/orders/part-0.json",
       {{"uploads", ""}},
       {{"content-length", "0"},
        {"content-type", "application/x-ndjson"},
        {"x-cos-storage-class", "STANDARD_IA"},
        {"x-cos-meta-Kafka-Topic", "orders"},
        {"x-cos-security-token", "tok/en+=="}},
       "51fcb32c3023fa1d361a9ad71e329ec7a115f78e"},
      {"C",
       "put",
       "/topics/orders/part-0.json",
       {{"partNumber", "1"}, {"uploadId", kUploadId}},
       {{"content-length", "1048576"}},
       "c0f4400a1c7dee304c396c2f96d6f3020e07b090"},
      {"D",
       "GET",
       "/",
       {{"prefix", "a b/中~*'()!"}, {"delimiter", "/"}, {"max-keys", "1000"}, {"encoding-type", "url"}},
       {},
       "22b12dafa5504d910b294e5578fba98804f54259"},
      {"E", "GET", "/a b+c%2F/中文/(x)*~.json", {}, {{"Range", "bytes=0-9"}}, "665fd0118b11c439f7b45b93e2149d8777862d36"},
      {"F", "DELETE", "/k", {{"uploadId", "U/1+2="}}, {}, "372820c85b5ea9843a770692b56d0a76178c3418"},
      {"P1", "GET", "/topics/orders/part-0.json", {}, {}, "9be39c221fea504fe6951a21b2e770d31d4b406e"},
      {"P2", "GET", "/topics/orders/part-0.json", {{"x-cos-security-token", "tok/en+=="}}, {}, "b8702e08523a0f6affb2eaad09fbd5cb2a862dc9"},
      {"P3",
       "GET",
       "/topics/orders/part-0.json",
       {{"response-content-disposition", "attachment; filename=\"a b.json\""}},
       {},
       "e94864d1a4223b93afb3db37d06fd09d1a28e05e"},
  };
  return all;
}

}  // namespace

TEST_CASE("Tencent's first example: PUT with all kinds of headers") {
  const Pairs query;
  const Pairs headers = {{"Date", "Thu, 16 May 2019 06:45:51 GMT"},
                         {"Host", kBeijing},
                         {"Content-Type", "text/plain"},
                         {"Content-Length", "13"},
                         {"Content-MD5", "mQ/fVh815F3k6TAUm8m0eg=="},
                         {"x-cos-acl", "private"},
                         {"x-cos-grant-read", "uin=\"100000000011\""}};
  CHECK(signature("eb2519b498b02ac213cb1f3d1a3d27a3b3c9bc5f", {"PUT", "/exampleobject(腾讯云)", query, headers}, 1557989151, 1557996351) ==
        "3b8851a11a569213c17ba8fa7dcf2abec6935172");
}

TEST_CASE("Tencent's second example: GET with parameters") {
  const Pairs query = {{"response-content-type", "application/octet-stream"}, {"response-cache-control", "max-age=600"}};
  const Pairs headers = {{"Date", "Thu, 16 May 2019 06:55:53 GMT"}, {"Host", kBeijing}};
  CHECK(signature("937914bf490e9e8c189836aad2052e4feeb35eaf", {"GET", "/exampleobject(腾讯云)", query, headers}, 1557989753, 1557996953) ==
        "01681b8c9d798a678e43b685a9f1bba0f6c0e012");
}

TEST_CASE("the Go SDK's example: from the secret key to the whole header") {
  const Credentials credentials{"QmFzZTY0IGlzIGEgZ2VuZXJp", "AKIDZfbOA78asKUYBcXFrJD0a1ICvR98JM", ""};
  CHECK(sign_key(credentials.secret_key, 1480932292, 1481012292) == "95d110a8ead64cac52083100db75b7e3f369e72f");
  const Pairs query;
  const Pairs headers = {{"Host", "testbucket-125000000.cos.ap-guangzhou.myqcloud.com"},
                         {"x-cos-content-sha1", "db8ac1c259eb89d4a131b253bacfca5f319d54f2"},
                         {"x-cos-stroage-class", "nearline"}};
  CHECK(
      authorization(credentials, {"PUT", "/testfile2", query, headers}, 1480932292, 1481012292) ==
      "q-sign-algorithm=sha1&q-ak=QmFzZTY0IGlzIGEgZ2VuZXJp&q-sign-time=1480932292;1481012292&q-key-time=1480932292;1481012292"
      "&q-header-list=host;x-cos-content-sha1;x-cos-stroage-class&q-url-param-list=&q-signature=ce4ac0ecbcdb30538b3fee0a97cc6389694ce53a");
}

TEST_CASE("our operations give what Tencent's SDK gives") {
  CHECK(sign_key(kOurs.secret_key, kStart, kEnd) == "e5cc74e7460aefbb6f2a5ee97e310fc9ac5c6ec6");
  for (const auto& vector : vectors()) {
    INFO(vector.name);
    Pairs headers = vector.headers;
    headers.emplace_back("Host", kGuangzhou);
    const auto text = authorization(kOurs, {vector.method, vector.path, vector.query, headers}, kStart, kEnd);
    CHECK(text.substr(text.rfind('=') + 1) == vector.signature);
  }
}

TEST_CASE("names are signed in lower case and in order") {
  const Pairs query = {{"uploadId", "u"}, {"partNumber", "7"}};
  const Pairs headers = {{"x-cos-acl", "private"}, {"Host", "h"}, {"Content-Length", "1"}};
  const auto text = authorization(kOurs, {"PUT", "/k", query, headers}, kStart, kEnd);
  CHECK(text.find("&q-header-list=content-length;host;x-cos-acl&q-url-param-list=partnumber;uploadid&q-signature=") != std::string::npos);
}

TEST_CASE("a presigned link's query") {
  const Pairs query;
  const Pairs headers = {{"host", kGuangzhou}};
  const SignedRequest request{"GET", "/topics/orders/part-0.json", query, headers};
  CHECK(presigned_query(kOurs, request, kStart, kEnd) ==
        "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEEXAMPLEEXAMPLE&q-sign-time=1700000000%3B1700003660&q-key-time=1700000000%3B1700003660"
        "&q-header-list=host&q-url-param-list=&q-signature=9be39c221fea504fe6951a21b2e770d31d4b406e");

  Credentials temporary = kOurs;
  temporary.token = "tok/en+==";
  const auto with_token = presigned_query(temporary, request, kStart, kEnd);
  CHECK(with_token.starts_with("x-cos-security-token=tok%2Fen%2B%3D%3D&q-sign-algorithm=sha1&"));
  CHECK(with_token.find("&q-url-param-list=x-cos-security-token&") != std::string::npos);
  CHECK(with_token.ends_with("&q-signature=b8702e08523a0f6affb2eaad09fbd5cb2a862dc9"));
}

TEST_CASE("percent-encoding keeps the unreserved characters only") {
  CHECK(percent_encode("AZaz09-_.~") == "AZaz09-_.~");
  CHECK(percent_encode(" /+!'()*%&=?") == "%20%2F%2B%21%27%28%29%2A%25%26%3D%3F");
  CHECK(percent_encode("中") == "%E4%B8%AD");
  CHECK(encode_path("/a b+c%2F/x") == "/a%20b%2Bc%252F/x");
}
