// `connector-host dev`: everything in one process, up within seconds, gone on Ctrl-C.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "world.hpp"

using namespace ch::test;

namespace {

// The value of a line "NAME:   VALUE" of what dev says.
std::string fact(const std::string& text, const std::string& name) {
  const auto at = text.find(name + ":");
  if (at == std::string::npos) return "";
  const auto begin = text.find_first_not_of(' ', at + name.size() + 1);
  return text.substr(begin, text.find('\n', begin) - begin);
}

// Lines that are set off by two blanks: commands to paste.
std::string commands(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  ")) out += line + '\n';
  return out;
}

// The block of README that follows "`orders.json`:".
std::string orders_of_readme() {
  const auto readme = read_file(std::string(CH_SOURCE_DIR) + "/README.md");
  const std::string fence = "`orders.json`:\n\n```json\n";
  const auto begin = readme.find(fence);
  return begin == std::string::npos ? ""
                                    : readme.substr(begin + fence.size(), readme.find("```", begin + fence.size()) - begin - fence.size());
}

}  // namespace

TEST_CASE("dev is up within five seconds, stores the sample, and ends cleanly on SIGINT", "[dev]") {
  const TempDir dir;
  const auto url = fmt::format("http://127.0.0.1:{}", free_port());
  const auto output = dir.path() / "output";
  const auto tasks = [&] { return http({"GET", url + "/v1/tasks"}); };
  std::unique_ptr<Process> dev;
  bool up = false;
  for (int tried = 0; tried < 3 && !up; ++tried) {  // three seconds are the broker's: a machine that is busy has the next one
    dev.reset();
    const auto begin = std::chrono::steady_clock::now();
    dev = std::make_unique<Process>(
        Command{{binary("connector-host").string(), "dev", "--listen", url, "--dir", (dir.path() / "dev").string()},
                {},
                "/dev/null",
                output,
                output});
    up = eventually(5s, [&] { return tasks().body.find("RUNNING") != std::string::npos; });
    figure(fmt::format("dev: sample task {}RUNNING after {:.1f} s", up ? "" : "not ",
                       std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  }
  INFO(read_file(output));
  CHECK(up);
  const auto text = read_file(output);
  CHECK(text.find(url) != std::string::npos);
  CHECK(text.find((dir.path() / "dev").string()) != std::string::npos);
  const auto stored = [&] {
    for (const auto& file : std::filesystem::recursive_directory_iterator(dir.path() / "dev")) {
      if (file.path().string().ends_with(".meta.json")) return true;
    }
    return false;
  };
  CHECK(eventually(30s, stored));
  dev->signal(SIGINT);
  CHECK(dev->wait(60s) == 0);
  CHECK(tasks().status == 0);
}

TEST_CASE("dev with nothing but a folder of its own leaves nothing behind", "[dev]") {
  const TempDir dir;
  const auto url = fmt::format("http://127.0.0.1:{}", free_port());
  const auto output = dir.path() / "output";
  std::filesystem::create_directories(dir.path() / "tmp");
  Process dev({{binary("connector-host").string(), "dev", "--listen", url, "--no-sample"},
               {{"TMPDIR", (dir.path() / "tmp").string()}},
               "/dev/null",
               output,
               output});
  CHECK(eventually(30s, [&] { return http({"GET", url + "/health"}).status == 200; }));
  CHECK(http({"GET", url + "/v1/tasks"}).body.find("orders") == std::string::npos);
  dev.signal(SIGINT);
  CHECK(dev.wait(60s) == 0);
  CHECK(std::filesystem::is_empty(dir.path() / "tmp"));
}

TEST_CASE("the command lines that dev prints, and README's task file, work as they stand", "[dev]") {
  const TempDir dir;
  const auto output = dir.path() / "output";
  // The keys of another COS in the user's shell are not this emulator's.
  Process dev({{binary("connector-host").string(), "dev", "--listen", ":0", "--dir", (dir.path() / "dev").string()},
               {{"COS_SECRET_ID", "AKIDELSEWHERE"}, {"COS_SECRET_KEY", "elsewhere"}},
               "/dev/null",
               output,
               dir.path() / "log"});
  REQUIRE(eventually(30s, [&] { return read_file(output).find("group takes about 3 s") != std::string::npos; }));
  const auto text = read_file(output);
  INFO(text);
  const auto url = fact(text, "REST API");
  const auto shell = [&](const std::string& script) {
    const auto path = binary("connector-host").parent_path().string() + ":" + std::getenv("PATH");
    return run({"bash", "-euo", "pipefail", "-c", "cd " + dir.path().string() + "\n" + script}, 120s,
               {{"PATH", path}, {"CONNECTOR_HOST_URL", url}, {"CONNECTOR_HOST_CONFIG_FILE", "none"}});
  };
  const auto lines = commands(text);
  CHECK(lines.find("kcat -P") != std::string::npos);
  const auto pasted = shell(lines);
  INFO(pasted.output << pasted.errors);
  CHECK(pasted.status == 0);
  std::string stored;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir.path() / "my-topic"))
    if (file.is_regular_file()) stored += read_file(file.path());
  CHECK(stored.find(R"({"hello": "world"})") != std::string::npos);

  const auto orders = orders_of_readme();
  REQUIRE_FALSE(orders.empty());
  std::ofstream(dir.path() / "orders.json") << orders;
  const auto created = shell("connector-host task create orders.json --wait 60s");
  INFO(created.output << created.errors);
  CHECK(created.status == 0);
  const auto reads = [&] { return http({"GET", url + "/v1/tasks/orders/status"}).body.find("\"open\":{") != std::string::npos; };
  CHECK(eventually(60s, reads));
  const auto listed = shell("connector-host task disable orders --wait 60s && connector-host task objects orders --output json");
  INFO(listed.output << listed.errors);
  CHECK(listed.status == 0);
  CHECK(listed.output.find("/orders/") != std::string::npos);
  dev.signal(SIGINT);
  CHECK(dev.wait(60s) == 0);
}

TEST_CASE("dev takes a free port where another program has its own", "[dev]") {
  const TempDir dir;
  // If it cannot be had, another program has it already.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(8083);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) ::listen(fd, 1);
  const auto output = dir.path() / "output";
  Process dev({{binary("connector-host").string(), "dev", "--no-sample", "--dir", (dir.path() / "dev").string()},
               {},
               "/dev/null",
               output,
               dir.path() / "log"});
  CHECK(eventually(30s, [&] { return !commands(read_file(output)).empty(); }));
  const auto url = fact(read_file(output), "REST API");
  INFO(read_file(output));
  CHECK(url != "http://127.0.0.1:8083");
  CHECK(http({"GET", url + "/health"}).status == 200);
  CHECK(commands(read_file(output)).find("export CONNECTOR_HOST_URL=" + url + "\n") != std::string::npos);
  ::close(fd);
  dev.signal(SIGINT);
  CHECK(dev.wait(60s) == 0);
}

TEST_CASE("dev takes HOST:PORT and :PORT, and names its option where it cannot listen", "[dev]") {
  const TempDir dir;
  const auto port = std::to_string(free_port());
  const auto output = dir.path() / "output";
  Process dev({{binary("connector-host").string(), "dev", "--listen", ":" + port, "--no-sample", "--dir", (dir.path() / "dev").string()},
               {},
               "/dev/null",
               output,
               output});
  CHECK(eventually(30s, [&] { return http({"GET", "http://127.0.0.1:" + port + "/health"}).status == 200; }));
  const auto refused = [&](const std::string& listen) {
    return run({binary("connector-host").string(), "dev", "--no-sample", "--listen", listen}, 30s);
  };
  for (const auto& listen : {"127.0.0.1:" + port, ":" + port}) {
    const auto taken = refused(listen);
    INFO(taken.errors);
    CHECK(taken.status == 1);
    CHECK(taken.errors.find("choose another one in --listen") != std::string::npos);
    CHECK(taken.errors.find("listeners") == std::string::npos);
  }
  const auto none = refused("127.0.0.1");
  INFO(none.errors);
  CHECK(none.status == 1);
  CHECK(none.errors.find("--listen: must be http://host:port") != std::string::npos);
  dev.signal(SIGINT);
  CHECK(dev.wait(60s) == 0);
}

TEST_CASE("the quickstart stores a record exactly once and prints its address", "[dev]") {
  const auto finished =
      run({std::string(CH_SOURCE_DIR) + "/examples/quickstart.sh"}, 90s, {{"CONNECTOR_HOST", binary("connector-host").string()}});
  INFO(finished.output << finished.errors);
  CHECK(finished.status == 0);
  CHECK(finished.output.find("address: http://127.0.0.1:") != std::string::npos);
  CHECK(finished.output.find("content: hello from quickstart") != std::string::npos);
  CHECK(finished.output.find("stored exactly once") != std::string::npos);
}
