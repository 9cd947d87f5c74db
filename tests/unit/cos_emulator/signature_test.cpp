// Known answers: Tencent's documentation (its secret is masked there, so these begin at the SignKey), its Go SDK's test, and
// vectors of ours that its Python SDK's signer agrees with.
#include "cos_emulator/signature.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace ch::cos_emulator;

namespace {

const std::string kHost = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
const std::string kBeijing = "examplebucket-1250000000.cos.ap-beijing.myqcloud.com";
const std::string kTime = "1700000000;1700003660";
constexpr std::int64_t kNow = 1700000001;
constexpr const char* kPart = "/topics/orders/part-0.json";

std::map<std::string, Access> keys_with(std::string token = {}, std::optional<std::int64_t> expires_s = std::nullopt) {
  return {{"AKIDEXAMPLEEXAMPLEEXAMPLE", {"ExampleSecretKeyExampleSecretKey", std::move(token), expires_s}}};
}

struct Vector {
  const char* name;
  std::string method, path;
  Pairs query, headers;
  std::string header_list, param_list, sha1, signature, token;
};

const std::vector<Vector>& vectors() {
  static const std::string kUpload = "1585130821cbb7df1d11846c073ad648e8f33b087cec2381df437acdc833cf654b9ecc6361";
  static const std::vector<Vector> kAll = {
      {"A",
       "PUT",
       kPart,
       {},
       {{"content-length", "16"}, {"content-md5", "7o3pGNBWQBRbGPcPTDqmAg=="}, {"content-type", "application/json"}, {"host", kHost}},
       "content-length;content-md5;content-type;host",
       "",
       "faac72b0a0f00ffae1c09fe7a69783c3a044af60",
       "3bae2710957f12f8d7a172c52124d60108b1cba6",
       ""},
      {"B",
       "POST",
       kPart,
       {{"uploads", ""}},
       {{"content-length", "0"},
        {"content-type", "application/x-ndjson"},
        {"host", kHost},
        {"x-cos-meta-kafka-topic", "orders"},
        {"x-cos-security-token", "tok/en+=="},
        {"x-cos-storage-class", "STANDARD_IA"}},
       "content-length;content-type;host;x-cos-meta-kafka-topic;x-cos-security-token;x-cos-storage-class",
       "uploads",
       "4f8996a53b31de55e1130bc32648e4e7eb33d6ba",
       "51fcb32c3023fa1d361a9ad71e329ec7a115f78e",
       "tok/en+=="},
      {"C",
       "PUT",
       kPart,
       {{"partNumber", "1"}, {"uploadId", kUpload}},
       {{"content-length", "1048576"}, {"host", kHost}},
       "content-length;host",
       "partnumber;uploadid",
       "33c086b53330830e141ded9b5ae62f8ee6b25a9b",
       "c0f4400a1c7dee304c396c2f96d6f3020e07b090",
       ""},
      {"D",
       "GET",
       "/",
       {{"prefix", "a b/中~*'()!"}, {"delimiter", "/"}, {"max-keys", "1000"}, {"encoding-type", "url"}},
       {{"host", kHost}},
       "host",
       "delimiter;encoding-type;max-keys;prefix",
       "b2603efc9dfa8cea7c629a8457ffc42cb66237a9",
       "22b12dafa5504d910b294e5578fba98804f54259",
       ""},
      {"E",
       "GET",
       "/a b+c%2F/中文/(x)*~.json",
       {},
       {{"host", kHost}, {"range", "bytes=0-9"}},
       "host;range",
       "",
       "a81ccef0bd69674198b046871e7e231fd28f8d74",
       "665fd0118b11c439f7b45b93e2149d8777862d36",
       ""},
      {"F",
       "DELETE",
       "/k",
       {{"uploadId", "U/1+2="}},
       {{"host", kHost}},
       "host",
       "uploadid",
       "01bad417bf4d853188c5fc6cb0025bd83017c48d",
       "372820c85b5ea9843a770692b56d0a76178c3418",
       ""},
      {"P1",
       "GET",
       kPart,
       {},
       {{"host", kHost}},
       "host",
       "",
       "3033e532df1e81eadccb3b67da56faa44396ee6f",
       "9be39c221fea504fe6951a21b2e770d31d4b406e",
       ""},
      {"P2",
       "GET",
       kPart,
       {{"x-cos-security-token", "tok/en+=="}},
       {{"host", kHost}},
       "host",
       "x-cos-security-token",
       "e9f7a01ab4565fbfca0a84036008fbd0f01b282f",
       "b8702e08523a0f6affb2eaad09fbd5cb2a862dc9",
       "tok/en+=="},
      {"P3",
       "GET",
       kPart,
       {{"response-content-disposition", "attachment; filename=\"a b.json\""}},
       {{"host", kHost}},
       "host",
       "response-content-disposition",
       "6f159ff302e15a1bd81ddda88e2c67a224fa48d7",
       "e94864d1a4223b93afb3db37d06fd09d1a28e05e",
       ""}};
  return kAll;
}

std::string authorization(const Vector& vector) {
  return fmt::format(
      "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEEXAMPLEEXAMPLE&q-sign-time={0}&q-key-time={0}&q-header-list={1}&q-url-param-list={2}&q-"
      "signature={3}",
      kTime, vector.header_list, vector.param_list, vector.signature);
}

SignedRequest in_header(const Vector& vector) {
  SignedRequest request{vector.method, vector.path, vector.query, vector.headers};
  request.headers.emplace_back("authorization", authorization(vector));
  return request;
}

SignedRequest in_query(const Vector& vector) {
  SignedRequest request{vector.method, vector.path, vector.query, vector.headers};
  for (const std::string& field : split(authorization(vector), '&')) {
    request.query.emplace_back(field.substr(0, field.find('=')), field.substr(field.find('=') + 1));
  }
  return request;
}

std::string refused(const SignedRequest& request, const std::map<std::string, Access>& keys, std::int64_t now = kNow, bool strict = true) {
  const auto refusal = verify(request, keys, now, strict);
  return refusal ? fmt::format("{} {}", refusal->status, refusal->code) : "accepted";
}

const Vector& vector_named(const char* name) {
  for (const Vector& vector : vectors()) {
    if (vector.name == name) return vector;
  }
  throw std::logic_error(name);
}

}  // namespace

TEST_CASE("The documentation's examples are reproduced from their SignKeys") {
  const SignedRequest put{"PUT",
                          "/exampleobject(腾讯云)",
                          {},
                          {{"date", "Thu, 16 May 2019 06:45:51 GMT"},
                           {"host", kBeijing},
                           {"content-type", "text/plain"},
                           {"content-length", "13"},
                           {"content-md5", "mQ/fVh815F3k6TAUm8m0eg=="},
                           {"x-cos-acl", "private"},
                           {"x-cos-grant-read", "uin=\"100000000011\""}}};
  const std::string put_format = format_string(put, "content-length;content-md5;content-type;date;host;x-cos-acl;x-cos-grant-read", "");
  CHECK(sha1_hex(put_format) == "8b2751e77f43a0995d6e9eb9477f4b685cca4172");
  CHECK(signature("eb2519b498b02ac213cb1f3d1a3d27a3b3c9bc5f", string_to_sign("1557989151;1557996351", put_format)) ==
        "3b8851a11a569213c17ba8fa7dcf2abec6935172");

  const SignedRequest get{"GET",
                          "/exampleobject(腾讯云)",
                          {{"response-content-type", "application/octet-stream"}, {"response-cache-control", "max-age=600"}},
                          {{"date", "Thu, 16 May 2019 06:55:53 GMT"}, {"host", kBeijing}}};
  const std::string get_format = format_string(get, "date;host", "response-cache-control;response-content-type");
  CHECK(sha1_hex(get_format) == "54ecfe22f59d3514fdc764b87a32d8133ea611e6");
  CHECK(signature("937914bf490e9e8c189836aad2052e4feeb35eaf", string_to_sign("1557989753;1557996953", get_format)) ==
        "01681b8c9d798a678e43b685a9f1bba0f6c0e012");
}

TEST_CASE("The Go SDK's example is reproduced from its secret key") {
  const SignedRequest put{"PUT",
                          "/testfile2",
                          {},
                          {{"host", "testbucket-125000000.cos.ap-guangzhou.myqcloud.com"},
                           {"x-cos-content-sha1", "db8ac1c259eb89d4a131b253bacfca5f319d54f2"},
                           {"x-cos-stroage-class", "nearline"}}};
  const std::string time = "1480932292;1481012292";
  const std::string key = sign_key("AKIDZfbOA78asKUYBcXFrJD0a1ICvR98JM", time);
  const std::string format = format_string(put, "host;x-cos-content-sha1;x-cos-stroage-class", "");
  CHECK(key == "95d110a8ead64cac52083100db75b7e3f369e72f");
  CHECK(sha1_hex(format) == "113b22e92b74237531fafbfc8bb9e67be55645c7");
  CHECK(signature(key, string_to_sign(time, format)) == "ce4ac0ecbcdb30538b3fee0a97cc6389694ce53a");
}

TEST_CASE("Known signatures are accepted in the header and in the query") {
  for (const Vector& vector : vectors()) {
    INFO(vector.name);
    CHECK(sha1_hex(format_string(in_header(vector), vector.header_list, vector.param_list)) == vector.sha1);
    CHECK(refused(in_header(vector), keys_with(vector.token)) == "accepted");
    CHECK(refused(in_query(vector), keys_with(vector.token)) == "accepted");
  }
}

TEST_CASE("Whatever is signed cannot be changed") {
  for (const Vector& vector : vectors()) {
    INFO(vector.name);
    auto keys = keys_with(vector.token);
    SignedRequest request = in_header(vector);
    request.method = "OPTIONS";
    CHECK(refused(request, keys) == "403 SignatureDoesNotMatch");
    request = in_header(vector);
    request.path += "x";
    CHECK(refused(request, keys) == "403 SignatureDoesNotMatch");
    for (std::size_t i = 0; i < vector.headers.size(); ++i) {
      request = in_header(vector);
      if (request.headers[i].first == "x-cos-security-token") continue;
      request.headers[i].second += "1";
      CHECK(refused(request, keys) == "403 SignatureDoesNotMatch");
      request.headers.erase(request.headers.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK(refused(request, keys) == "403 SignatureDoesNotMatch");
    }
    for (std::size_t i = 0; i < vector.query.size(); ++i) {
      request = in_header(vector);
      if (request.query[i].first == "x-cos-security-token") continue;
      request.query[i].second += "1";
      CHECK(refused(request, keys) == "403 SignatureDoesNotMatch");
    }
    keys.begin()->second.secret_key += "1";
    CHECK(refused(in_header(vector), keys) == "403 SignatureDoesNotMatch");
  }
}

TEST_CASE("A refused signature says what the server computed") {
  SignedRequest request = in_header(vector_named("P1"));
  request.path = "/other key";
  const auto refusal = verify(request, keys_with(), kNow, false);
  REQUIRE(refusal);
  CHECK(refusal->format_string == "get\n/other key\n\nhost=" + kHost + "\n");
  CHECK(refusal->string_to_sign == "sha1\n" + kTime + "\n" + sha1_hex(refusal->format_string) + "\n");
}

TEST_CASE("Time, key and token are judged before the signature, in this order: key, token, time") {
  Vector vector = vector_named("A");
  CHECK(refused(in_header(vector), keys_with(), 1700000000) == "accepted");
  CHECK(refused(in_header(vector), keys_with(), 1700003660) == "accepted");
  CHECK(refused(in_header(vector), keys_with(), 1699999999) == "403 AccessDenied");
  CHECK(refused(in_header(vector), keys_with(), 1700003661) == "403 AccessDenied");
  CHECK(verify(in_header(vector), keys_with(), 1700003661, false)->message == "Request has expired");
  CHECK(refused(in_header(vector), {}, 1700003661) == "403 InvalidAccessKeyId");
  CHECK(refused(in_header(vector), keys_with("tok"), 1700003661) == "403 InvalidAccessKeyId");
  vector.signature = "0000000000000000000000000000000000000000";
  CHECK(refused(in_header(vector), keys_with(), 1700003661) == "403 AccessDenied");
  CHECK(refused(in_header(vector), keys_with()) == "403 SignatureDoesNotMatch");

  const Vector& temporary = vector_named("B");
  CHECK(refused(in_header(temporary), keys_with("other")) == "403 InvalidAccessKeyId");
  CHECK(refused(in_header(temporary), keys_with("tok/en+==", kNow)) == "400 ExpiredToken");
  CHECK(refused(in_header(temporary), keys_with("tok/en+==", kNow + 1)) == "accepted");
}

TEST_CASE("A request that is not signed, or not wholly, is refused") {
  const Vector& vector = vector_named("D");
  SignedRequest request{vector.method, vector.path, vector.query, vector.headers};
  CHECK(refused(request, keys_with()) == "403 AccessDenied");
  for (const char* field : {"q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list", "q-signature"}) {
    INFO(field);
    std::string text = authorization(vector);
    text.replace(text.find(field), 3, "x");
    request.headers = {{"host", kHost}, {"authorization", text}};
    CHECK(refused(request, keys_with()) == "400 InvalidArgument");
  }
  for (const auto& [from, to] :
       std::map<std::string, std::string>{{"sha1", "sha256"}, {"q-key-time=1700000000;", "q-key-time="}, {"1700003660&q-k", "x&q-k"}}) {
    std::string text = authorization(vector);
    text.replace(text.find(from), from.size(), to);
    request.headers = {{"host", kHost}, {"authorization", text}};
    CHECK(refused(request, keys_with()) == "400 InvalidArgument");
  }
}

TEST_CASE("The lists must be sorted, lower case and of what was sent") {
  Vector vector = vector_named("A");
  for (const char* list : {"host;content-type;content-md5;content-length", "content-length;content-md5;content-type;Host",
                           "content-length;content-md5;content-type;date;host"}) {
    INFO(list);
    vector.header_list = list;
    CHECK(refused(in_header(vector), keys_with()) == "403 SignatureDoesNotMatch");
  }
}

TEST_CASE("Strict: whatever matters must be signed, and COS itself does not mind") {
  for (const auto& extra : Pairs{{"x-cos-forbid-overwrite", "true"}, {"x-cos-meta-a", "b"}}) {
    SignedRequest request = in_header(vector_named("A"));
    request.headers.push_back(extra);
    CHECK(refused(request, keys_with(), kNow, true) == "403 AccessDenied");
    CHECK(refused(request, keys_with(), kNow, false) == "accepted");
  }
  SignedRequest request = in_header(vector_named("A"));
  request.query.emplace_back("versionId", "1");
  CHECK(refused(request, keys_with(), kNow, true) == "403 AccessDenied");
  CHECK(refused(request, keys_with(), kNow, false) == "accepted");
  // Some SDKs add the token after signing.
  request = in_header(vector_named("A"));
  request.headers.emplace_back("x-cos-security-token", "tok");
  CHECK(refused(request, keys_with("tok"), kNow, true) == "accepted");
}
