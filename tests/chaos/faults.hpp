// What can go wrong, chosen by a seeded generator: the same seed gives the same schedule. One thread.
#pragma once

#include <random>
#include <string>

#include "scene.hpp"

namespace ch::chaos {

class Faults {
 public:
  Faults(Scene& scene, std::uint64_t seed) : scene_(scene), random_(seed) {}
  std::string next();  // does it, takes it back if it is not to last, and says what it was

 private:
  std::uint64_t pick(std::uint64_t count) { return random_() % count; }
  test::HostProcess& any_host(std::string& told);
  void pass(std::uint64_t least_ms, std::uint64_t most_ms);
  void kill(test::HostProcess& host);
  std::string store_fault();
  std::string late_store();
  std::string lost_answer();
  std::string stopped_host();
  std::string left_group();
  std::string toggled();
  std::string broker_fault();
  std::string late_commit();
  std::string denied();

  Scene& scene_;
  std::mt19937_64 random_;
};

}  // namespace ch::chaos
