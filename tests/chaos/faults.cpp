#include "faults.hpp"

#include <fmt/format.h>

#include <csignal>
#include <thread>

#include "support/process/eventually.hpp"

namespace ch::chaos {
namespace {

using namespace std::chrono_literals;
using cos_emulator::Fault;

Fault store(Fault::Kind kind, Fault::When when, int times, const std::string& operation = "put") {
  Fault fault;
  fault.operation = operation;
  fault.kind = kind;
  fault.when = when;
  fault.times = times;
  return fault;
}

}  // namespace

test::HostProcess& Faults::any_host(std::string& told) {
  const auto number = pick(scene_.hosts().size());
  told += fmt::format(" host {}", number);
  return *scene_.hosts()[number];
}

void Faults::pass(std::uint64_t least_ms, std::uint64_t most_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(least_ms + pick(most_ms - least_ms)));
}

void Faults::kill(test::HostProcess& host) {
  host.kill();
  scene_.start(host);
}

std::string Faults::next() {
  pass(50, 500);
  std::string told;
  switch (pick(12)) {
    case 0:
    case 1: {
      told = "kill -9 of";
      auto& host = any_host(told);
      host.kill();
      pass(1, 1500);
      scene_.start(host);
      return told;
    }
    case 2:
      return stopped_host();
    case 3:
      return left_group();
    case 4:
      return toggled();
    case 5:
      return store_fault();
    case 6:
    case 7:
      return late_store();
    case 8:
      return lost_answer();
    case 9:
      return denied();
    case 10:
      return broker_fault();
    default:
      return late_commit();
  }
}

// It wakes after others have taken its partitions, or just before.
std::string Faults::stopped_host() {
  std::string told = "SIGSTOP of";
  auto& host = any_host(told);
  host.process().signal(SIGSTOP);
  pass(300, 5000);
  host.process().signal(SIGCONT);
  return told;
}

std::string Faults::left_group() {
  std::string told = "SIGTERM of";
  auto& host = any_host(told);
  (void)host.stop();
  pass(1, 3000);
  scene_.start(host);
  return told;
}

std::string Faults::toggled() {
  std::string told = "disable and enable on";
  auto& host = any_host(told);
  const std::string task = std::string("/v1/tasks/") + Scene::kTask;
  (void)host.post(task + "/disable");
  pass(50, 2500);
  (void)host.post(task + "/enable");
  return told;
}

std::string Faults::store_fault() {
  auto& cos = scene_.cos();
  const int times = 1 + static_cast<int>(pick(6));
  switch (pick(6)) {
    case 0:
      cos.add_fault(store(Fault::Kind::error, Fault::When::before, times));
      return "COS: 503";
    case 1:
      cos.add_fault(store(Fault::Kind::reset, Fault::When::before, times));
      return "COS: connections reset before the effect";
    case 2:
      cos.add_fault(store(Fault::Kind::reset, Fault::When::after, times));
      return "COS: connections reset behind the effect";
    case 3:
      cos.add_fault(store(Fault::Kind::wrong_crc, Fault::When::after, times));
      return "COS: wrong CRC64";
    case 4:
      cos.add_fault(store(Fault::Kind::error_in_200, Fault::When::before, times, "complete"));
      return "COS: errors in the 200 of Complete";
    default:
      cos.add_fault(store(Fault::Kind::reset, Fault::When::after, times, "complete"));
      return "COS: lost answers to Complete";
  }
}

// Requests are still on their way when the host that sent them is gone: they take effect behind its successor's back.
std::string Faults::late_store() {
  std::string told = "requests to COS late, then kill -9 of";
  auto late = store(Fault::Kind::stall, Fault::When::before, 4);
  late.stall_ms = static_cast<std::int64_t>(1500 + pick(3000));
  scene_.cos().add_fault(late);
  pass(500, 1200);
  kill(any_host(told));
  return told;
}

// Stored, but the host is gone before it knows; and for a while its successor may not look.
std::string Faults::lost_answer() {
  std::string told = "answers of COS late, HEAD denied, kill -9 of";
  auto late = store(Fault::Kind::stall, Fault::When::after, 4);
  late.stall_ms = 3000;
  scene_.cos().add_fault(late);
  pass(500, 1200);
  scene_.cos().set_denied("head", true);
  kill(any_host(told));
  pass(1000, 2500);
  scene_.cos().set_denied("head", false);
  return told;
}

std::string Faults::denied() {
  static constexpr const char* kOperations[] = {"put", "head", "list"};
  const std::string operation = kOperations[pick(3)];
  scene_.cos().set_denied(operation, true);
  pass(300, 2500);
  scene_.cos().set_denied(operation, false);
  return "COS: 403 for " + operation;
}

std::string Faults::broker_fault() {
  auto& broker = scene_.broker();
  if (pick(3) == 0) {
    broker.kill();
    pass(10, 1500);
    broker.start();
    return "kill -9 of the broker";
  }
  broker.freeze();
  pass(300, 4000);
  broker.thaw();
  return "broker frozen";
}

// The network delivers a commit again, after others; then somebody reads what is committed.
std::string Faults::late_commit() {
  std::string told = "a late copy of a commit";
  const auto wait = std::chrono::milliseconds(1200 + pick(1800));  // drawn whatever happens: the schedule stays the seed's
  auto& network = scene_.network();
  network.hold_next_commit(Scene::kGroup);
  if (!test::eventually(4s, [&] { return network.holds(Scene::kGroup); })) {
    (void)network.deliver(Scene::kGroup);
    return told + ": none came by";
  }
  std::this_thread::sleep_for(wait);
  const auto answer = network.deliver(Scene::kGroup);
  told += fmt::format(" (broker's answer {}), kill -9 of all", answer.value_or(-1));
  for (auto& host : scene_.hosts()) host->kill();
  for (auto& host : scene_.hosts()) scene_.start(*host);
  return told;
}

}  // namespace ch::chaos
