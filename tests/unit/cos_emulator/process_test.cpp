// The emulator as a program: its address, its end, its admin endpoint, and what it keeps when it is killed.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "client.hpp"

extern char** environ;

using namespace cos_test;
using nlohmann::json;

namespace {

class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    arguments.insert(arguments.begin(), COS_EMULATOR_BINARY);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int error = ::posix_spawn(&pid_, COS_EMULATOR_BINARY, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    if (error != 0) throw std::runtime_error("spawn");
    char c = 0;
    while (::read(out[0], &c, 1) == 1 && c != '\n') line_ += c;
    ::close(out[0]);
  }
  ~Process() {
    if (pid_ > 0) end(SIGKILL);
  }
  int end(int signal) {  // exit status, or minus the signal
    ::kill(pid_, signal);
    return wait();
  }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& line() const { return line_; }
  std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(line_.substr(line_.rfind(':') + 1))); }

 private:
  pid_t pid_ = 0;
  std::string line_;
};

std::vector<std::string> arguments(const Folder& folder, bool admin = true) {
  std::vector<std::string> out = {"--dir", folder.path().string(), "--bucket", kBucket, "--access", std::string(kId) + ":" + kSecret};
  if (admin) out.push_back("--admin");
  return out;
}

Answer admin(const Process& process, const std::string& method, const std::string& body = {}) {
  const Client client(process.port(), "-");
  Call call{method, "admin", {}, {}, body};
  call.is_signed = false;
  return client.send(call);
}

json command(const Process& process, const std::string& body) {
  const Answer answer = admin(process, "POST", body);
  INFO(answer.body);
  CHECK(answer.status == 200);
  return json::parse(answer.body);
}

}  // namespace

TEST_CASE("The program says where it is, serves and ends when told") {
  const Folder folder;
  for (const int signal : {SIGTERM, SIGINT}) {
    Process process(arguments(folder));
    CHECK(process.line().rfind("http://127.0.0.1:", 0) == 0);
    CHECK(Client(process.port()).put("k", "v").status == 200);
    CHECK(process.end(signal) == 0);
  }
  Process wrong({"--dir", folder.path().string()});
  CHECK(wrong.line().empty());
  CHECK(wrong.wait() == 2);
}

TEST_CASE("The admin endpoint sets faults, policies, keys and buckets, and counts") {
  const Folder folder;
  const Process process(arguments(folder));
  const Client client(process.port());
  CHECK(client.put("k", "12345").status == 200);
  const json counters = json::parse(admin(process, "GET").body);
  CHECK(counters == json{{"requests", {{"put", 1}}},
                         {"statuses", {{"200", 1}}},
                         {"codes", json::object()},
                         {"bytes_in", 5},
                         {"connections", 2},
                         {"unfinished_uploads", 0}});

  command(process,
          R"({"fault": {"operation": "put", "kind": "error", "when": "after", "status": 500, "code": "InternalError", "times": -1}})");
  CHECK(client.put("k2", "v").code() == "InternalError");
  CHECK(client.get("k2").body == "v");
  command(process, R"({"clear_faults": true})");
  CHECK(client.put("k", "v").status == 200);
  command(process, R"({"deny": "put"})");
  CHECK(client.put("k", "v").code() == "AccessDenied");
  command(process, R"({"allow": "put"})");
  CHECK(client.put("k", "v").status == 200);
  command(process, R"({"remove_bucket": "archive-1250000000"})");
  CHECK(client.put("k", "v").code() == "NoSuchBucket");
  command(process, R"({"add_bucket": "archive-1250000000"})");
  CHECK(client.put("k", "v").status == 200);
  command(process, R"({"add_role": {"name": "r", "life_s": 20}, "bind_role": "r", "web_identity": {"provider": "p", "token": "t"}})");
  command(process, R"({"remove_role": {"name": "r", "revoke": true}, "bind_role": ""})");
  command(process, R"({"clock_offset_ms": 7200000})");
  CHECK(client.put("k", "v").code() == "AccessDenied");
  command(process, R"({"clock_offset_ms": 0})");
  command(process, R"({"access": {"other": {"secret_key": "s", "token": "t", "expires_s": 4102444800}}})");
  CHECK(client.put("k", "v").code() == "InvalidAccessKeyId");
  Client other = client;
  other.credentials.id = "other";
  other.credentials.secret = "s";
  other.credentials.token = "t";
  CHECK(other.put("k", "v").status == 200);

  for (const char* wrong :
       {"{", R"({"fualt": {}})", R"({"fault": {"kind": "explode"}})", R"({"fault": {"status": 99}})", R"({"add_bucket": "../x"})"}) {
    const Answer answer = admin(process, "POST", wrong);
    CHECK(answer.status == 400);
    CHECK(!json::parse(answer.body).at("message").get<std::string>().empty());
  }
}

TEST_CASE("Without the flag there is no admin endpoint") {
  const Folder folder;
  const Process process(arguments(folder, false));
  CHECK(admin(process, "GET").status == 403);
  CHECK(admin(process, "POST", R"({"deny": ""})").status == 403);
  CHECK(Client(process.port()).put("k", "v").status == 200);
}

TEST_CASE("A killed emulator has whole objects or none") {
  const Folder folder;
  auto process = std::make_unique<Process>(arguments(folder));
  const Client client(process->port());
  REQUIRE(client.put("before", "whole").status == 200);
  const std::string body(200000, 'b');
  std::vector<std::string> stored;
  std::thread writer([&] {
    for (int i = 0; client.put("k" + std::to_string(i), body).status == 200; ++i) stored.push_back("k" + std::to_string(i));
  });
  while (json::parse(admin(*process, "GET").body)["bytes_in"].get<std::uint64_t>() < 5 * body.size()) std::this_thread::yield();
  process->end(SIGKILL);
  writer.join();
  process = std::make_unique<Process>(arguments(folder));
  const Client again(process->port());
  CHECK(again.get("before").body == "whole");
  CHECK(stored.size() >= 4);
  for (const std::string& key : stored) CHECK(again.get(key).body == body);
  const Answer last = again.get("k" + std::to_string(stored.size()));
  CHECK((last.status == 404 || last.body == body));
  CHECK(files_below(folder.path() / kBucket / "tmp") == 0);
}
