// The table of metrics keeps Prometheus's conventions, and docs/metrics.md is made from it.
#include "metrics/catalog.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

using namespace ch::metrics;

namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

TEST_CASE("names, units and help keep the conventions") {
  std::set<std::string> names;
  for (const auto& one : catalog()) {
    const std::string name = one.name;
    INFO(name);
    CHECK(names.insert(name).second);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
    const std::string help = one.help;
    CHECK(help.size() > 10);
    CHECK(help.back() == '.');
    // Kafka Connect's are what they are.
    if (one.type == Type::counter) CHECK(ends_with(name, "_total"));
    if (name.rfind("kafka_connect_", 0) == 0) continue;
    CHECK((one.type == Type::counter) == ends_with(name, "_total"));
    if (one.type == Type::histogram) CHECK(ends_with(name, "_seconds"));
    for (const char* wrong : {"_ms", "_millis", "_kb", "_mb", "_count"}) CHECK_FALSE(ends_with(name, wrong));
  }
}

TEST_CASE("docs/metrics.md is what the table says") {
  if (std::getenv("CH_WRITE_DOCS") != nullptr) std::ofstream(CH_METRICS_MD) << markdown();
  std::ifstream file(CH_METRICS_MD);
  std::stringstream text;
  text << file.rdbuf();
  INFO("write it anew: CH_WRITE_DOCS=1 build/dev/bin/metrics_test 'docs*'");
  CHECK(text.str() == markdown());
}
