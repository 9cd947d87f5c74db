// Many clients that change the same tasks at the same time: the host goes on, loses no change, and answers nothing else
// than what is documented. CH_TEST_CLIENTS_SECONDS: for how long.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "support/ledger/register.hpp"
#include "support/process/stacks.hpp"
#include "world.hpp"

using namespace ch::test;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kClients = 50;
constexpr std::size_t kTasks = 200;
constexpr const char* kAbsent = "absent";
constexpr std::array kKeys = {"rotate.records", "rotate.bytes"};  // two, so that one's change can be lost in another's

std::chrono::seconds duration() {
  const char* given = std::getenv("CH_TEST_CLIENTS_SECONDS");
  return std::chrono::seconds(given != nullptr ? std::atoi(given) : 20);
}

// A task as its clients know it.
struct Shared {
  std::string name;
  Register there;
  Register enabled;
  std::array<Register, kKeys.size()> keys;

  void wrote_all(Clock::time_point sent, Clock::time_point answered, bool on, const std::array<std::string, kKeys.size()>& values) {
    there.wrote(sent, answered, "yes");
    enabled.wrote(sent, answered, on ? "yes" : "no");
    for (std::size_t i = 0; i < kKeys.size(); ++i) keys.at(i).wrote(sent, answered, values.at(i));
  }
};

// What all clients have seen together.
class Journal {
 public:
  void answer(const std::string& request, const Answer& answer, const std::set<long>& documented) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    ++statuses_[answer.status];
    if (documented.contains(answer.status)) return;
    if (wrong_.size() < 20) wrong_.push_back(fmt::format("{}: {} {}{}", request, answer.status, answer.body.substr(0, 300), answer.error));
  }
  std::size_t requests() const { return requests_; }
  const std::vector<std::string>& wrong() const { return wrong_; }
  std::string statuses() const {
    std::string out;
    for (const auto& [status, count] : statuses_) out += fmt::format("{}{} x {}", out.empty() ? "" : ", ", count, status);
    return out;
  }

 private:
  std::mutex mutex_;
  std::size_t requests_ = 0;
  std::map<long, std::size_t> statuses_;
  std::vector<std::string> wrong_;
};

class Client {
 public:
  Client(World& world, std::vector<Shared>& tasks, Journal& journal, std::uint64_t seed)
      : world_(world), tasks_(tasks), journal_(journal), random_(seed) {}

  void act() {
    auto& task = tasks_[random_() % tasks_.size()];
    switch (random_() % 8) {
      case 0:
        return create(task);
      case 1:
        return put(task);
      case 2:
        return patch(task);
      case 3:
        return toggle(task, true);
      case 4:
        return toggle(task, false);
      case 5:
        return remove(task);
      default:
        return read(task);
    }
  }

  void read(Shared& task) {
    const auto sent = Clock::now();
    const auto answer = ask("GET", "/v1/tasks/" + task.name, nullptr, {200, 404});
    const auto answered = Clock::now();
    if (answer.status == 404) return task.there.read(sent, answered, "no");
    if (answer.status != 200) return;
    task.there.read(sent, answered, "yes");
    task.enabled.read(sent, answered, answer.json.at("enabled").get<bool>() ? "yes" : "no");
    const auto& config = answer.json.at("config");
    for (std::size_t i = 0; i < kKeys.size(); ++i) task.keys.at(i).read(sent, answered, config.value(kKeys.at(i), kAbsent));
  }

  void remove(Shared& task) {
    const auto sent = Clock::now();
    const auto answer = ask("DELETE", "/v1/tasks/" + task.name + "?wait=30s", nullptr, {204, 202, 404, 503});
    if (answer.status != 204 && answer.status != 202) return;
    // 202: it will be gone some time.
    const auto done = answer.status == 204 ? Clock::now() : Clock::time_point::max();
    task.there.wrote(sent, done, "no");
    task.enabled.wrote(sent, done, "no");
  }

  void toggle(Shared& task, bool on) {
    const std::string wait = random_() % 4 == 0 ? "?wait=2s" : "";
    const auto sent = Clock::now();
    const auto answer =
        ask("POST", "/v1/tasks/" + task.name + (on ? "/enable" : "/disable") + wait, nullptr, {200, 202, 404, 409, 503, 504});
    const std::string value = on ? "yes" : "no";
    if (answer.status == 200 || answer.status == 202 || answer.status == 504) task.enabled.wrote(sent, Clock::now(), value);
    // Done, and the task deleted while the request waited.
    if (answer.status == 404 && !wait.empty()) task.enabled.may_have_written(sent, Clock::now(), value);
  }

 private:
  Answer ask(const std::string& method, const std::string& path, const json& body, const std::set<long>& documented) {
    auto answer = world_.host().request(method, path, body);
    journal_.answer(method + " " + path, answer, documented);
    return answer;
  }

  json config(std::array<std::string, kKeys.size()>& values) {
    auto out = world_.config("many", {{"object.key.template", "{task}/{partition}-{start_offset}{ext}"}});
    for (std::size_t i = 0; i < kKeys.size(); ++i) out[kKeys.at(i)] = values.at(i) = std::to_string(1000 + random_() % 30000000);
    return out;
  }

  void create(Shared& task) {
    std::array<std::string, kKeys.size()> values;
    const bool on = random_() % 2 == 0;
    const auto sent = Clock::now();
    const auto answer = ask("POST", "/v1/tasks", {{"name", task.name}, {"config", config(values)}, {"enabled", on}}, {201, 409, 503});
    if (answer.status == 201) task.wrote_all(sent, Clock::now(), on, values);
  }

  void put(Shared& task) {
    std::array<std::string, kKeys.size()> values;
    const bool on = random_() % 2 == 0;
    const auto sent = Clock::now();
    const auto answer = ask("PUT", "/v1/tasks/" + task.name, {{"config", config(values)}, {"enabled", on}}, {200, 201, 409, 503});
    if (answer.status == 200 || answer.status == 201) task.wrote_all(sent, Clock::now(), on, values);
  }

  void patch(Shared& task) {
    const auto key = random_() % kKeys.size();
    const auto value = std::to_string(1000 + random_() % 30000000);
    const auto sent = Clock::now();
    const auto answer = ask("PATCH", "/v1/tasks/" + task.name, {{"config", {{kKeys.at(key), value}}}}, {200, 404, 409});
    if (answer.status == 200) task.keys.at(key).wrote(sent, Clock::now(), value);
  }

  World& world_;
  std::vector<Shared>& tasks_;
  Journal& journal_;
  std::mt19937_64 random_;
};

// How long requests took, in ms.
class Latency {
 public:
  void ask(World& world, const std::string& path) {
    const auto begin = Clock::now();
    const auto answer = world.host().get(path);
    if (answer.status == 200) took_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  std::string text() {
    if (took_.empty()) return "none";
    std::sort(took_.begin(), took_.end());
    const auto at = [&](double share) { return took_[static_cast<std::size_t>(share * static_cast<double>(took_.size() - 1))]; };
    return fmt::format("p50 {:.1f} ms, p99 {:.1f} ms of {}", at(0.5), at(0.99), took_.size());
  }

 private:
  std::vector<double> took_;
};

std::string lines_with(const std::string& text, const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.find(text) != std::string::npos) out += line + '\n';
  }
  return out;
}

// Whether each answer about it is explained.
bool check_register(const Shared& task, const char* what, const Register& one) {
  const auto strange = one.unexplained();
  if (strange) FAIL_CHECK(task.name << ": " << what << " was read as " << strange->value);
  return !strange;
}

}  // namespace

TEST_CASE("50 clients change 200 tasks at random", "[clients]") {
  const auto seed = std::getenv("CH_TEST_SEED") != nullptr ? std::strtoull(std::getenv("CH_TEST_SEED"), nullptr, 10) : 1;
  World world;
  world.admin().create_topic("many", 1);
  LedgerProducer producer(world.bootstrap(), "many", Mix{seed});
  producer.produce(100, 1);
  producer.flush();
  world.host().start();
  std::vector<Shared> tasks(kTasks);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < kTasks; ++i) {
    tasks[i].name = fmt::format("many-{}", i);
    tasks[i].there.wrote(start, start, "no");
  }
  Journal journal;
  std::atomic<bool> over{false};
  // /health waits for nothing: what it takes is the machine's and the client's.
  Latency status, health;
  std::thread beside([&] {
    std::mt19937_64 random(seed);
    while (!over) {
      status.ask(world, "/v1/tasks/" + tasks[random() % kTasks].name + "/status");
      health.ask(world, "/health");
      std::this_thread::sleep_for(10ms);
    }
  });
  std::vector<std::thread> threads;
  const auto end = start + duration();
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      Client client(world, tasks, journal, seed * 1000 + static_cast<std::uint64_t>(i));
      while (Clock::now() < end) client.act();
    });
  }
  for (auto& thread : threads) thread.join();
  const auto seconds = std::chrono::duration<double>(Clock::now() - start).count();
  over = true;
  beside.join();

  // What is there at rest must be explained as well; then everything can still be stopped and removed.
  Client last(world, tasks, journal, seed);
  for (auto& task : tasks) last.read(task);
  for (auto& task : tasks) last.remove(task);
  const auto left = [&] {
    const auto answer = world.host().get("/v1/tasks");
    return answer.status == 200 ? answer.json.at("tasks") : json();
  };
  if (!eventually(60s, [&] { return left() == json::array(); })) {
    for (const auto& one : left()) {
      const auto name = one.at("name").get<std::string>();
      FAIL_CHECK("cannot be removed: " << world.host().status(name).dump() << '\n'
                                       << lines_with("[" + name + "]", world.host().log_file()));
    }
    FAIL_CHECK("the host's threads:\n" << stacks(world.host().process().pid()));
  }
  int unexplained = 0;
  for (const auto& task : tasks) {
    unexplained += check_register(task, "whether it is there", task.there) ? 0 : 1;
    unexplained += check_register(task, "enabled", task.enabled) ? 0 : 1;
    for (std::size_t i = 0; i < kKeys.size(); ++i) unexplained += check_register(task, kKeys.at(i), task.keys.at(i)) ? 0 : 1;
  }
  for (const auto& wrong : journal.wrong()) FAIL_CHECK(wrong);
  figure(
      fmt::format("{} clients, {} tasks, {:.0f} s: {} requests ({}), {} answers that no order of the changes explains; beside them GET "
                  "status {}, GET /health {}",
                  kClients, kTasks, seconds, journal.requests(), journal.statuses(), unexplained, status.text(), health.text()));
  CHECK(world.host().stop() == 0);
}
