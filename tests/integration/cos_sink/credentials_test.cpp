// Every kind of credentials against the emulator's STS and metadata, which were written apart from what asks them; and the
// preflight, which tells what is missing.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bucket/preflight.hpp"
#include "cos/client.hpp"
#include "cos/crc64.hpp"
#include "cos_emulator/api.hpp"
#include "cos_emulator/emulator.hpp"
#include "credentials/providers.hpp"
#include "forward_proxy.hpp"

using namespace ch::cos;
using namespace std::chrono_literals;
using ch::cos_emulator::Emulator;
using ch::cos_emulator::Fault;

namespace {

const std::string kBucket = "archive-1250000000";
const std::string kText = "x\n";

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct World {
  std::filesystem::path dir;
  std::unique_ptr<Emulator> emulator;
  std::int64_t clock_off_ms = 0;

  World() {
    static int count = 0;
    dir = std::filesystem::temp_directory_path() / ("cos-credentials-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(dir);
    ch::cos_emulator::Options options;
    options.dir = dir / "cos";
    options.buckets = {kBucket};
    options.access = {{"AKIDuser", {"user-secret", "", {}}}};
    options.strict = true;
    emulator = std::make_unique<Emulator>(options);
    emulator->add_role("archiver");
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    emulator.reset();
    std::filesystem::remove_all(dir);
  }
  CredentialSettings settings(const std::string& kind) const {
    CredentialSettings made;
    made.kind = kind;
    made.keys = {"AKIDuser", "user-secret", ""};
    made.role_name = "archiver";
    made.sts_endpoint = made.metadata_endpoint = emulator->origin();
    return made;
  }
  std::unique_ptr<Client> client(const CredentialSettings& settings) const {
    ClientOptions made;
    made.endpoint = {emulator->endpoint(kBucket), kBucket, "ap-guangzhou"};
    made.credentials = make_credentials(settings);
    made.now_ms = [off = clock_off_ms] { return wall_clock_ms() + off; };
    return make_client(made);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(dir / (name + ".new")) << text;
    std::filesystem::rename(dir / (name + ".new"), dir / name);
    return (dir / name).string();
  }
  std::uint64_t count(const std::string& operation) const { return emulator->counters().requests[operation]; }
};

Failure put(Client& client, const std::string& key, const std::string& text = kText) {
  return client.put(
      key, {text.size(), crc64(0, text), [&](std::size_t at, std::span<char> out) { return text.copy(out.data(), out.size(), at); }},
      {"private", "STANDARD", "", "", "", "text/plain", "", {}});
}

template <class Condition>
bool soon(Condition condition) {
  for (const auto end = Steady::now() + 20s; Steady::now() < end; std::this_thread::sleep_for(5ms)) {
    if (condition()) return true;
  }
  return false;
}

ch::TaskInfo task_of(const World& world, ch::Config more = {}) {
  ch::TaskInfo task;
  task.name = "t";
  task.instance = "i";
  task.region = "ap-guangzhou";
  task.buffer_memory = 1 << 20;
  task.config = {{"topics", "orders"},
                 {"cos.bucket", kBucket},
                 {"cos.endpoint", world.emulator->endpoint(kBucket)},
                 {"cos.credentials", "static"},
                 {"cos.secret.id", "AKIDuser"},
                 {"cos.secret.key", "user-secret"},
                 {"cos.server.side.encryption", "none"},
                 {"cos.acl", "private"},
                 {"cos.storage.class", "STANDARD"},
                 {"host.sts.endpoint", world.emulator->origin()},
                 {"host.cvm.metadata.endpoint", world.emulator->origin()},
                 {"object.key.template", "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}"}};
  for (auto& [key, value] : more) task.config[key] = value;
  return task;
}

std::vector<std::string> preflight_of(World& world, const ch::TaskInfo& task, std::int64_t later_ms = 0, std::size_t left = 0) {
  const auto settings = make_settings(task);
  ClientOptions options;
  options.endpoint = settings.endpoint;
  options.credentials = make_credentials(settings.credentials);
  options.proxy = settings.proxy;
  options.create_bucket = settings.create_bucket;
  options.now_ms = &wall_clock_ms;
  std::vector<std::string> out;
  ch::Problems problems(
      [](void* user, ch_string key, ch_string, ch_string message) {
        static_cast<std::vector<std::string>*>(user)->push_back(std::string(ch::view(key)) + ": " + std::string(ch::view(message)));
      },
      &out);
  preflight(task, settings, *make_client(options), 10s, wall_clock_ms() + later_ms, problems);
  CHECK(world.emulator->counters().unfinished_uploads == left);
  return out;
}

}  // namespace

TEST_CASE("the emulator's TC3 is the published one") {
  CHECK(ch::cos_emulator::tc3_signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", "cvm.tencentcloudapi.com",
                                        "application/json; charset=utf-8",
                                        R"({"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]})",
                                        1551113065) == "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168");
}

TEST_CASE("a role is assumed by name or by ARN, once for all that use it, and also with a clock that is wrong") {
  const auto clock_offset_ms = GENERATE(0, -7200000, 7200000);
  const auto by_arn = GENERATE(false, true);
  INFO(clock_offset_ms << ' ' << by_arn);
  World world;
  world.emulator->set_clock_offset_ms(clock_offset_ms);
  auto settings = world.settings("assume-role");
  if (by_arn) settings.role_arn = "qcs::cam::uin/100000000001:roleName/archiver";
  const auto one = world.client(settings);
  const auto other = world.client(settings);
  (void)put(*one, "a");  // a wrong clock is learned from the first answer
  const auto failure = put(*one, "a2");
  INFO(failure.message);
  CHECK(failure.ok());
  (void)put(*other, "b");
  CHECK(put(*other, "b2").ok());
  CHECK(world.emulator->issued().size() == 1);
  const auto link = one->presigned_get("a2", 100000);
  REQUIRE(link.ok());
  CHECK(link.value.expires_ms - wall_clock_ms() < 7200000);
}

TEST_CASE("what STS refuses is told, with its request id and what to do") {
  World world;
  auto settings = world.settings("assume-role");
  const auto told = [&] { return put(*world.client(settings), "a"); };
  SECTION("no such role") {
    settings.role_name = "gone";
    const auto failure = told();
    CHECK(failure.reason == "role_deleted");
    CHECK(failure.message.find("STS AssumeRole of qcs::cam::uin/100000000001:roleName/gone") != std::string::npos);
    CHECK(failure.message.find("request id") != std::string::npos);
    CHECK(failure.remedy.find("roleName/gone") != std::string::npos);
  }
  SECTION("a wrong secret, which is not shown") {
    settings.keys.secret_key = "hunter2";
    const auto failure = told();
    CHECK(failure.reason == "credentials_refused");
    CHECK((failure.message + failure.remedy).find("hunter2") == std::string::npos);
  }
  SECTION("an unknown key") {
    settings.keys.secret_id = "AKIDnobody";
    CHECK(told().reason == "credentials_refused");
  }
  SECTION("STS is away") {
    settings.sts_endpoint = "http://127.0.0.1:1";
    CHECK(told().reason == "cos_unreachable");
  }
  SECTION("no role bound to the machine") {
    settings.kind = "instance-role";
    CHECK(told().reason == "role_deleted");
  }
  SECTION("a token of somebody else") {
    settings.kind = "web-identity";
    settings.role_arn = "qcs::cam::uin/100000000001:roleName/archiver";
    settings.provider_id = "p";
    settings.token_file = world.write("token", "other\n");
    CHECK(told().reason == "credentials_expired");
    settings.token_file = (world.dir / "none").string();
    CHECK(told().message.find("No such file") != std::string::npos);
  }
}

TEST_CASE("a role is taken from the machine's metadata, and for a token") {
  World world;
  world.emulator->bind_role("archiver");
  CHECK(put(*world.client(world.settings("instance-role")), "a").ok());
  world.emulator->set_web_identity("p", "tok/en+=");
  auto settings = world.settings("web-identity");
  settings.role_arn = "qcs::cam::uin/100000000001:roleName/archiver";
  settings.provider_id = "p";
  settings.token_file = world.write("token", "tok/en+=\n");
  CHECK(put(*world.client(settings), "b").ok());
}

TEST_CASE("keys in a file are taken up when it changes") {
  World world;
  auto settings = world.settings("file");
  settings.file = world.write("keys", "secret_id=AKIDuser\nsecret_key=user-secret\n");
  const auto client = world.client(settings);
  CHECK(put(*client, "a").ok());
  world.emulator->set_access({{"AKIDnew", {"new-secret", "", {}}}});
  CHECK(put(*client, "b").reason == "credentials_refused");
  world.write("keys", "half a fi");  // whoever writes it does not do it in one go
  CHECK(soon([&] { return put(*client, "b").message.find("no secret_id") != std::string::npos; }));
  world.write("keys", "secret_id=AKIDnew\nsecret_key=new-secret\n");
  CHECK(soon([&] { return put(*client, "b").ok(); }));
}

TEST_CASE("keys are renewed under load: no request fails, none is signed with dead ones") {
  World world;
  world.emulator->add_role("archiver", 6);  // seconds: renewed after three at the latest
  const auto client = world.client(world.settings("assume-role"));
  int stored = 0;
  for (const auto end = Steady::now() + 7s; Steady::now() < end; ++stored) {
    const auto failure = put(*client, "k" + std::to_string(stored));
    INFO(failure.message);
    REQUIRE(failure.ok());
  }
  CHECK(stored > 50);
  CHECK(world.emulator->issued().size() >= 3);
  CHECK(world.emulator->counters().codes.empty());
}

TEST_CASE("a role that is deleted, its keys revoked, and is made again") {
  World world;
  const auto client = world.client(world.settings("assume-role"));
  CHECK(put(*client, "a").ok());
  world.emulator->remove_role("archiver", true);
  CHECK(put(*client, "b").outcome == Outcome::retry);  // others may come
  CHECK(soon([&] { return put(*client, "b").reason == "role_deleted"; }));
  world.emulator->add_role("archiver");
  client->renew_credentials();
  CHECK(soon([&] { return put(*client, "b").ok(); }));
}

TEST_CASE("preflight: nothing is wrong, and nothing stays behind") {
  World world;
  CHECK(preflight_of(world, task_of(world)).empty());
  CHECK(world.count("put") == 1);
  CHECK(world.count("delete") == 1);
  CHECK(world.count("abort") == 1);
  CHECK(std::filesystem::is_empty(world.dir / "cos" / kBucket / "objects"));
  CHECK(preflight_of(world, task_of(world, {{"cos.credentials", "assume-role"}, {"cos.role.name", "archiver"}})).empty());
}

TEST_CASE("preflight: what a killed host left behind goes, and what somebody else may be trying, or has stored, stays") {
  World world;
  const auto task = task_of(world);
  const auto settings = make_settings(task);
  const auto client = world.client(settings.credentials);
  const std::string key = "i/orders/connector-host-preflight";
  REQUIRE(client->initiate(key + ".parts", {}).ok());
  REQUIRE(put(*client, key, "May this be written?\n").ok());
  CHECK(preflight_of(world, task, 0, 1).empty());
  CHECK(client->head(key).failure.outcome == Outcome::absent);
  REQUIRE(put(*client, key, "of somebody else").ok());
  CHECK(preflight_of(world, task, 3600000).empty());
  CHECK(client->head(key).ok());
}

TEST_CASE("preflight: each missing permission is named, with a policy") {
  World world;
  const auto [operation, action] = GENERATE(table<std::string, std::string>({{"put", "PutObject"},
                                                                             {"head", "HeadObject"},
                                                                             {"list", "GetBucket"},
                                                                             {"initiate", "InitiateMultipartUpload"},
                                                                             {"upload_part", "UploadPart"},
                                                                             {"list_parts", "ListParts"},
                                                                             {"list_uploads", "ListMultipartUploads"},
                                                                             {"delete", "DeleteObject"},
                                                                             {"head_bucket", "HeadBucket"}}));
  INFO(operation);
  world.emulator->set_denied(operation, true);
  const auto problems = preflight_of(world, task_of(world));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].starts_with("cos.bucket: "));
  CHECK(problems[0].find("\"action\":[\"name/cos:" + action + "\"],\"resource\":[\"qcs::cos:ap-guangzhou:uid/1250000000:" + kBucket +
                         "/") != std::string::npos);
}

TEST_CASE("preflight: the bucket and its region, and a bucket that is to be made is made") {
  World world;
  CHECK(preflight_of(world, task_of(world, {{"cos.region", "ap-beijing"}})) ==
        std::vector<std::string>{"cos.region: is not the region of bucket archive-1250000000: set it to ap-guangzhou"});
  world.emulator->remove_bucket(kBucket);
  const auto problems = preflight_of(world, task_of(world));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("create bucket archive-1250000000") != std::string::npos);
  CHECK(problems[0].find("cos.bucket.create=true") != std::string::npos);
  CHECK(preflight_of(world, task_of(world, {{"cos.bucket.create", "true"}})).empty());
  CHECK(world.count("put_bucket") == 1);
}

TEST_CASE("preflight: several missing permissions are one problem with one policy for all of them") {
  World world;
  for (const auto* operation : {"put", "head", "head_bucket", "list_uploads", "initiate"}) world.emulator->set_denied(operation, true);
  const auto problems = preflight_of(world, task_of(world));
  REQUIRE(problems.size() == 1);
  INFO(problems[0]);
  CHECK(problems[0].starts_with(
      "cos.bucket: HEAD of the bucket, PUT, HEAD, listing multipart uploads, initiating a multipart upload are refused"));
  CHECK(problems[0].find(R"({"effect":"allow","action":["name/cos:HeadBucket","name/cos:ListMultipartUploads"],)"
                         R"("resource":["qcs::cos:ap-guangzhou:uid/1250000000:archive-1250000000/"]})") != std::string::npos);
  CHECK(problems[0].find(R"("action":["name/cos:PutObject","name/cos:HeadObject","name/cos:InitiateMultipartUpload"],)") !=
        std::string::npos);
}

TEST_CASE("preflight: a wrong key is one problem, of the key and not of permissions, and nobody there is one as well") {
  World world;
  const auto wrong = preflight_of(world, task_of(world, {{"cos.secret.key", "hunter2"}}));
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].starts_with("cos.credentials: HEAD of the bucket is refused: "));
  CHECK(wrong[0].find("SignatureDoesNotMatch") != std::string::npos);
  CHECK(wrong[0].find("CAM") == std::string::npos);
  CHECK(wrong[0].find("hunter2") == std::string::npos);
  const auto unknown = preflight_of(world, task_of(world, {{"cos.secret.id", "AKIDnobody"}}));
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0].find("InvalidAccessKeyId") != std::string::npos);
  CHECK(unknown[0].find("grant") == std::string::npos);
  const auto nobody = preflight_of(world, task_of(world, {{"cos.endpoint", "http://127.0.0.1:1/" + kBucket}}));
  REQUIRE(nobody.size() == 1);
  CHECK(nobody[0].starts_with("cos.endpoint: "));
}

TEST_CASE("preflight: what turns up in between is told alone, and what was put there is removed") {
  World world;
  Fault fault;
  fault.operation = "initiate";
  fault.times = -1;
  fault.status = 402;
  fault.code = "PaymentRequired";
  world.emulator->add_fault(fault);
  world.emulator->set_denied("list", true);
  const auto problems = preflight_of(world, task_of(world));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("PaymentRequired") != std::string::npos);
  CHECK(std::filesystem::is_empty(world.dir / "cos" / kBucket / "objects"));
}

TEST_CASE("what STS and the metadata service answer ends no host, however it is nested") {
  World world;
  world.emulator->bind_role("archiver");
  const auto [operation, kind] = GENERATE(table<std::string, std::string>({{"sts", "assume-role"}, {"metadata", "instance-role"}}));
  for (const auto& body : {"{\"Response\":" + std::string(std::size_t{3} << 20, '['), std::string(std::size_t{3} << 20, '['),
                           "{\"Response\":{\"Credentials\":" + std::string(200000, '[') + std::string(200000, ']') + "}}"}) {
    Fault fault;
    fault.operation = operation;
    fault.kind = Fault::Kind::somebody_else;
    fault.status = 200;
    fault.body = body;
    fault.times = -1;
    if (operation == "metadata") fault.skip = 1;  // the list of roles is no JSON
    world.emulator->add_fault(fault);
    const auto failure = put(*world.client(world.settings(kind)), "a");
    CHECK_FALSE(failure.ok());
    CHECK(failure.reason == "cos_error");
    world.emulator->clear_faults();
  }
}

TEST_CASE("preflight: credentials that do not come") {
  World world;
  const auto problems = preflight_of(world, task_of(world, {{"cos.credentials", "assume-role"}, {"cos.role.name", "gone"}}));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].starts_with("cos.credentials: "));
  CHECK(problems[0].find("make the role") != std::string::npos);
}

TEST_CASE("COS and STS are reached through the proxy that the task names, with its user, and the metadata service never is") {
  ForwardProxy proxy("Basic YXJjaGl2ZXI6aHVudGVyMg==");
  World world;
  const auto role = [&](const std::string& user) {
    return task_of(world,
                   {{"cos.credentials", "assume-role"}, {"cos.role.name", "archiver"}, {"cos.proxy.url", "http://" + user + proxy.host}});
  };
  CHECK(preflight_of(world, role("archiver:hunter2@")).empty());
  const auto asked = proxy.asked();
  const auto through = [&](const std::string& beginning) {
    return std::any_of(asked.begin(), asked.end(), [&](const std::string& line) { return line.starts_with(beginning); });
  };
  CHECK(through("POST " + world.emulator->origin() + "/ "));  // STS
  CHECK(through("PUT " + world.emulator->endpoint(kBucket) + "/i/orders/"));
  CHECK(through("HEAD " + world.emulator->endpoint(kBucket) + "/i/orders/"));
  CHECK(asked.size() == world.count("sts") + world.count("put") + world.count("head") + world.count("list") + world.count("list_uploads") +
                            world.count("initiate") + world.count("upload_part") + world.count("list_parts") + world.count("abort") +
                            world.count("delete") + world.count("head_bucket"));

  const auto refused = preflight_of(world, role("archiver:wrong@"));
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].find("hunter2") == std::string::npos);
  CHECK(refused[0].find("wrong") == std::string::npos);
  CHECK(refused[0].find("HTTP 407") != std::string::npos);
  CHECK(refused[0].find("proxy") != std::string::npos);

  world.emulator->bind_role("archiver");
  const auto before = proxy.asked().size();
  CHECK(preflight_of(world,
                     task_of(world, {{"cos.credentials", "instance-role"}, {"cos.proxy.url", "http://archiver:hunter2@" + proxy.host}}))
            .empty());
  CHECK(proxy.asked().size() > before);
  for (const auto& line : proxy.asked()) CHECK(line.find("/latest/meta-data/") == std::string::npos);
}
