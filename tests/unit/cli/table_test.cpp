#include "cli/table.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace ch::cli;
using Align = Column::Align;

namespace {

Table tasks() {
  Table table({{"NAME", Align::left, true}, {"STATE", Align::left, false, true}, {"LAG", Align::right}});
  table.add({"orders", "RUNNING", "7"});
  table.add({"payments-of-last-year", "INTERRUPTED", "12345"});
  return table;
}

}  // namespace

TEST_CASE("columns are aligned and nothing stands behind the last") {
  CHECK(tasks().render({}) ==
        "NAME                   STATE          LAG\n"
        "orders                 RUNNING          7\n"
        "payments-of-last-year  INTERRUPTED  12345\n");
}

TEST_CASE("a table fits the terminal by cutting what may be cut") {
  CHECK(tasks().render({30, false}) ==
        "NAME        STATE          LAG\n"
        "orders      RUNNING          7\n"
        "payments-…  INTERRUPTED  12345\n");
  for (std::size_t width = 28; width < 60; ++width) {
    std::istringstream lines(tasks().render({width, false}));
    for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= width);
  }
}

TEST_CASE("what may not be cut stays whole on the narrowest terminal") {
  const auto text = tasks().render({10, false});
  CHECK(text.find("INTERRUPTED  12345") != std::string::npos);
  CHECK(text.find("payment…") != std::string::npos);
}

TEST_CASE("columns that may be left out are, from the right, once those that may be cut are still readable") {
  Table table({{"NAME"},
               {"LAG", Align::right, false, false, true},
               {"TOPICS", Align::left, true, false, true},
               {"MINUTES", Align::right, false, false, true},
               {"REASON", Align::left, true, false, false, 12}});
  table.add({"orders", "7", "a-topic-of-more-than-24-characters", "5", "the bucket is missing"});
  CHECK(table.render({69, false}) ==
        "NAME    LAG  TOPICS                    MINUTES  REASON\n"
        "orders    7  a-topic-of-more-than-24…        5  the bucket is missing\n");
  CHECK(table.render({60, false}) ==
        "NAME    LAG  TOPICS                    REASON\n"
        "orders    7  a-topic-of-more-than-24…  the bucket is missing\n");
  CHECK(table.render({40, false}) == "NAME    LAG  REASON\norders    7  the bucket is missing\n");
  CHECK(table.render({22, false}) == "NAME    REASON\norders  the bucket is…\n");
  CHECK(table.render({3, false}) == "NAME    REASON\norders  the bucket …\n");
}

TEST_CASE("wide characters take two columns, combining ones none") {
  CHECK(display_width("订单") == 4);
  CHECK(display_width("e\xcc\x81") == 1);
  Table table({{"NAME", Align::left, true}, {"LAG", Align::right}});
  table.add({"订单归档任务", "1"});
  table.add({"orders", "2"});
  CHECK(table.render({}) == "NAME          LAG\n订单归档任务    1\norders          2\n");
  CHECK(table.render({14, false}) == "NAME       LAG\n订单归档…    1\norders       2\n");
}

TEST_CASE("states are coloured only where colour is wanted") {
  CHECK(tasks().render({}).find('\x1b') == std::string::npos);
  const auto coloured = tasks().render({0, true});
  CHECK(coloured.find("\x1b[32mRUNNING\x1b[0m") != std::string::npos);
  CHECK(coloured.find("\x1b[31mINTERRUPTED\x1b[0m") != std::string::npos);
}

TEST_CASE("nothing that a cell holds reaches the terminal unescaped") {
  Table table({{"NAME"}, {"MESSAGE"}});
  table.add({"a\x1b[2Jb", "two\nlines\xff"});
  CHECK(table.render({}) == "NAME         MESSAGE\na\\u001b[2Jb  two\\nlines\\xff\n");
  Facts facts;
  facts.add("Why", "\x07");
  CHECK(facts.render() == "Why: \\u0007\n");
}

TEST_CASE("facts are aligned, and those without a value are left out") {
  Facts facts;
  facts.add("Name", "orders");
  facts.add("Nothing", "");
  facts.add("Interrupted", "no");
  CHECK(facts.render() == "Name:        orders\nInterrupted: no\n");
}
