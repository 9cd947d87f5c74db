// chaos: hosts of one group, a broker, a network and COS break at random while records come in; then everything heals, and
// an independent reader counts what was lost and what is there twice. The same seed gives the same schedule.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <random>

#include "faults.hpp"

namespace {

using Clock = std::chrono::steady_clock;

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

int run(const ch::chaos::Options& options) {
  say(fmt::format("chaos: --seed {} --faults {} --hosts {}{}", options.seed, options.faults, options.hosts,
                  options.bugs.empty() ? "" : fmt::format(" --bug {}", fmt::join(options.bugs, " --bug "))));
  ch::chaos::Scene scene(options);
  ch::chaos::Faults faults(scene, options.seed);
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  int done = 0;
  for (; done < options.faults && seconds() < options.seconds; ++done) {
    const auto from = seconds();
    const auto told = faults.next();
    say(fmt::format("{:7.1f} s {:4} {}", from, done + 1, told));
  }
  const auto verdict = scene.end();
  if (!verdict.ok()) say(fmt::format("{}\n{}\n{}", verdict.trouble, verdict.plain.summary(), verdict.transactional.summary()));
  const auto line =
      fmt::format("chaos: seed {}, {} faults, {} hosts, {:.0f} s: {} records in {} objects, {} lost, {} twice, {} wrong, {}", options.seed,
                  done, options.hosts, seconds(), verdict.plain.records + verdict.transactional.records,
                  verdict.plain.objects + verdict.transactional.objects, verdict.plain.lost_count + verdict.transactional.lost_count,
                  verdict.plain.twice_count + verdict.transactional.twice_count,
                  verdict.plain.wrong_count + verdict.transactional.wrong_count, verdict.drained ? "drained" : "NOT DRAINED");
  say(line);
  if (const char* path = std::getenv("CH_TEST_FIGURES"); path != nullptr) std::ofstream(path, std::ios::app) << line << '\n';
  return verdict.ok() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  ch::chaos::Options options;
  CLI::App app("Breaks hosts, broker, network and COS at random, then counts what was lost and what is there twice.", "chaos");
  app.add_option("--seed", options.seed, "Of the schedule and of the records; 0: another each time")->capture_default_str();
  app.add_option("--faults", options.faults, "How many")->check(CLI::Range(0, 1000000))->capture_default_str();
  app.add_option("--hosts", options.hosts, "Of one group")->check(CLI::Range(1, 8))->capture_default_str();
  app.add_option("--seconds", options.seconds, "No further fault after so long")->check(CLI::Range(1, 1000000))->capture_default_str();
  app.add_option("--bug", options.bugs, "A deliberate one in the hosts; prove.sh knows them all");
  CLI11_PARSE(app, argc, argv);
  while (options.seed == 0) options.seed = std::random_device()();
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "chaos: {}\n", error.what());
    return 2;
  }
}
