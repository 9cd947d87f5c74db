#include "key_template.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>

using namespace ch::cos;

namespace {

constexpr std::string_view kDefault = "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}";

KeyTemplate parsed(std::string_view text) {
  auto result = KeyTemplate::parse(text);
  INFO(text << ": " << (std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "fine"));
  REQUIRE(std::holds_alternative<KeyTemplate>(result));
  return std::get<KeyTemplate>(result);
}

std::string refusal(std::string_view text) {
  const auto result = KeyTemplate::parse(text);
  INFO(text);
  REQUIRE(std::holds_alternative<std::string>(result));
  return std::get<std::string>(result);
}

KeyFields fields() {
  KeyFields made;
  made.instance = "ckafka-1";
  made.topic = made.topic_name = "orders";
  made.task = "archive";
  made.partition = 3;
  made.start_offset = 1200;
  made.time_ms = 1709251199007;  // 2024-02-29T23:59:59.007Z
  made.ext = ".jsonl.gz";
  return made;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the default template names objects by time, partition and offset") {
  const auto pattern = parsed(kDefault);
  CHECK(pattern.render(fields()) == "ckafka-1/orders/20240229235959-3-1200.jsonl.gz");
  CHECK(pattern.has_time());
  CHECK(pattern.prefix(fields()) == "ckafka-1/orders/");
  const auto position = pattern.match("ckafka-1/orders/20240229235959-3-1200.jsonl.gz", fields());
  REQUIRE(position);
  CHECK(position->partition == 3);
  CHECK(position->start_offset == 1200);
}

TEST_CASE("of a time that stands before all numbers, a key's beginning is known, as far as its units go from long to short") {
  const auto timed = [](std::string_view text) { return parsed(text).timed_prefix(fields()); };
  CHECK(timed(kDefault) == "ckafka-1/orders/20240229235959");
  CHECK(timed("{topic}/dt={time:%Y-%m-%d}/hour={time:%H}/{partition}-{start_offset}{ext}") == "orders/dt=2024-02-29/hour=23");
  CHECK(timed("{topic}/{time:%Y}/{task}-{time:%Y%m}/{partition}-{start_offset}") == "orders/2024/archive-202402");
  CHECK(timed("{topic}/{time:%Y%d}/{partition}-{start_offset}") == "orders/");
  CHECK(timed("{topic}/{time:%Y%m}/{time:%H}/{partition}-{start_offset}") == "orders/202402");
  CHECK(timed("{topic}/{time:day %d}/{partition}-{start_offset}") == "orders/day ");
  CHECK(timed("{topic}/{partition}/{time}-{start_offset}") == "orders/3/");
  CHECK(timed("{topic}/{start_offset}-{partition}") == "orders/");
}

TEST_CASE("{time} alone is the default format, and its format may hold folders") {
  CHECK(parsed("{time}/{partition}-{start_offset}").render(fields()) == "20240229235959/3-1200");
  CHECK(parsed("{topic}/d=%Y/{partition}/{start_offset}").render(fields()) == "orders/d=%Y/3/1200");
  const auto pattern = parsed("{topic}/{time:y=%Y/m=%m/%d/%H.%M.%S}_{partition}_{start_offset}");
  CHECK(pattern.render(fields()) == "orders/y=2024/m=02/29/23.59.59_3_1200");
  CHECK(pattern.prefix(fields()) == "orders/y=");
}

TEST_CASE("without {time} the prefix holds the partition, if it comes first") {
  const auto pattern = parsed("{task}/{partition}/{start_offset}{ext}");
  CHECK_FALSE(pattern.has_time());
  CHECK(pattern.prefix(fields()) == "archive/3/");
  CHECK(parsed("{task}/{start_offset}-{partition}").prefix(fields()) == "archive/");
}

TEST_CASE("templates that cannot keep keys apart are refused with the reason") {
  CHECK(contains(refusal("{topic}/{start_offset}"), "{partition} is missing"));
  CHECK(contains(refusal("{topic}/{partition}"), "{start_offset} is missing"));
  for (const auto* text :
       {"{partition}{start_offset}", "{partition}0{start_offset}", "{start_offset}{partition}", "{partition}{time:%H}{start_offset}",
        "{partition}{ext}{start_offset}", "{topic}{partition}-{start_offset}", "{partition}{topic}-{start_offset}",
        "{partition}-{start_offset}{task}", "{partition}-{start_offset}{ext}{task}", "{partition}{partition}-{start_offset}",
        "{instance}9{partition}-{start_offset}", "{ext}{partition}-{start_offset}"}) {
    INFO(text);
    CHECK(contains(refusal(text), "must stand between"));
  }
  parsed("{partition}-0{start_offset}");
  parsed("{partition}{time:-%H-}{start_offset}");
  parsed("{time:%Y}{partition}-{start_offset}");
  parsed("{instance}{topic}-{partition}-{start_offset}{ext}");
}

TEST_CASE("templates that are no good names are refused with the reason") {
  CHECK(contains(refusal(""), "empty"));
  CHECK(contains(refusal(std::string(513, 'x')), "513 bytes"));
  CHECK(contains(refusal("{topic}\n/{partition}-{start_offset}"), "control"));
  CHECK(contains(refusal("/{partition}-{start_offset}"), "begin with /"));
  CHECK(contains(refusal("a//{partition}-{start_offset}"), "//"));
  CHECK(contains(refusal("a/{ext}/{partition}-{start_offset}"), "//"));
  CHECK(contains(refusal("{partition}-{start_offset}/"), "end with /"));
  CHECK(contains(refusal("./{partition}-{start_offset}"), ". or .."));
  CHECK(contains(refusal("a/../{partition}-{start_offset}"), ". or .."));
  CHECK(contains(refusal("{partition}-{start_offset}/.{ext}"), ". or .."));
  CHECK(contains(refusal("{offset}-{partition}-{start_offset}"), "{offset} is not known"));
  CHECK(contains(refusal("{partition:05}-{start_offset}"), "is not known"));
  CHECK(contains(refusal("{partition}-{start_offset"), "every {"));
  CHECK(contains(refusal("partition}-{start_offset}"), "every {"));
  CHECK(contains(refusal("{{partition}}-{start_offset}"), "every {"));
  CHECK(contains(refusal("{time:}-{partition}-{start_offset}"), "at least one"));
  CHECK(contains(refusal("{time:%Y%j}-{partition}-{start_offset}"), "no other %"));
  CHECK(contains(refusal("{time:%Y%}-{partition}-{start_offset}"), "no other %"));
}

TEST_CASE("names do not make folders of their own") {
  const auto pattern = parsed("{task}/{topic}/{partition}-{start_offset}");
  KeyFields odd = fields();
  odd.task = "a/b%\n";
  odd.topic = "..";
  const auto key = pattern.render(odd);
  CHECK(key == "a%2Fb%25%0A/%2E./3-1200");
  CHECK(pattern.match(key, odd));
}

TEST_CASE("a key that is too long is an error, not a cut key") {
  const auto pattern = parsed("{task}/{partition}-{start_offset}");
  const std::string name(850 - std::string_view("/3-1200").size(), 'n');
  KeyFields named = fields();
  named.task = name;
  CHECK(pattern.render(named).size() == 850);
  const std::string longer = name + 'n';
  named.task = longer;
  CHECK_THROWS_AS(pattern.render(named), std::length_error);
  CHECK_FALSE(pattern.match(std::string(10000, '1'), named));
}

TEST_CASE("keys that the template did not make are not matched") {
  const auto pattern = parsed(kDefault);
  for (const std::string_view key : {
           "",
           "ckafka-1/orders/",
           "ckafka-1/orders/20240229235959-3-1200.jsonl",
           "ckafka-1/orders/20240229235959-3-1200.jsonl.gz.bak",
           "ckafka-1/order/20240229235959-3-1200.jsonl.gz",
           "ckafka-1/orders/2024022923595-3-1200.jsonl.gz",
           "ckafka-1/orders/20241329235959-3-1200.jsonl.gz",
           "ckafka-1/orders/20240229245959-3-1200.jsonl.gz",
           "ckafka-1/orders/20240229235959-03-1200.jsonl.gz",
           "ckafka-1/orders/20240229235959-3-01200.jsonl.gz",
           "ckafka-1/orders/20240229235959-3--1.jsonl.gz",
           "ckafka-1/orders/20240229235959-+3-1.jsonl.gz",
           "ckafka-1/orders/20240229235959-3-.jsonl.gz",
           "ckafka-1/orders/20240229235959-2147483648-1.jsonl.gz",
           "ckafka-1/orders/20240229235959-3-9223372036854775808.jsonl.gz",
           "x/ckafka-1/orders/20240229235959-3-1200.jsonl.gz",
       }) {
    INFO(key);
    CHECK_FALSE(pattern.match(key, fields()));
  }
  CHECK(pattern.match("ckafka-1/orders/20240229235959-2147483647-9223372036854775807.jsonl.gz", fields()));
}

TEST_CASE("a variable that comes twice must say the same twice") {
  const auto pattern = parsed("{partition}/{topic}-{partition}-{start_offset}");
  CHECK(pattern.render(fields()) == "3/orders-3-1200");
  CHECK(pattern.match("3/orders-3-1200", fields()));
  CHECK_FALSE(pattern.match("3/orders-33-1200", fields()));
}

TEST_CASE("what is rendered is matched, for any numbers, and begins with the prefix") {
  const char* const templates[] = {
      "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}",
      "{time:%Y}{partition}-{start_offset}{ext}",
      "{partition}{time:%H-%M}{start_offset}",
      "{partition}0-0{start_offset}7{ext}",
      "{task}/{topic}/p{partition}/{time:%Y/%m/%d}/o{start_offset}_{partition}",
      "{start_offset}12{time:%S}x{partition}",
      "{topic}.{partition}.{start_offset}{ext}",
  };
  std::mt19937_64 random(20240229);
  for (const auto* text : templates) {
    const auto pattern = parsed(text);
    for (int i = 0; i < 2000; ++i) {
      KeyFields made = fields();
      made.topic = i % 3 == 0 ? "7" : "orders-1";
      made.partition = static_cast<std::int32_t>(random() & 0x7FFFFFFF) >> (random() % 31);
      made.start_offset = static_cast<std::int64_t>(random() >> 1) >> (random() % 63);
      made.time_ms = static_cast<std::int64_t>(random() % 253402300800000);
      made.ext = i % 2 == 0 ? "" : ".log";
      const auto key = pattern.render(made);
      const auto position = pattern.match(key, made);
      INFO(key);
      REQUIRE(position);
      REQUIRE(position->partition == made.partition);
      REQUIRE(position->start_offset == made.start_offset);
      REQUIRE(key.starts_with(pattern.prefix(made)));
    }
  }
}

TEST_CASE("{topic} is the id where there is one, {topic_name} always the name") {
  auto some = fields();
  some.topic = "topic-4dyo4uuw";
  CHECK(parsed(kDefault).render(some) == "ckafka-1/topic-4dyo4uuw/20240229235959-3-1200.jsonl.gz");
  const auto both = parsed("{topic_name}/{topic}/{partition}-{start_offset}");
  CHECK(both.render(some) == "orders/topic-4dyo4uuw/3-1200");
  CHECK(both.match("orders/topic-4dyo4uuw/3-1200", some)->start_offset == 1200);
  CHECK_FALSE(both.match("orders/orders/3-1200", some));
}
