// The schemas as they are in the binaries: what schemas_test.py shows of the files must hold for our own reading of them.
#include <catch2/catch.hpp>
#include <embedded/ch_schemas.hpp>
#include <embedded/cos_sink_schema.hpp>
#include <embedded/file_sink_schema.hpp>

#include "config/definition.hpp"

using ch::config::Definition;
using ch::config::Type;

namespace {

Definition read(std::string_view schema) {
  auto made = Definition::from_schema(schema);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *made;
}

std::vector<std::string> wrong_keys(const Definition& definition, const ch::Config& config) {
  std::vector<std::string> keys;
  for (const auto& problem : definition.check(config)) keys.push_back(problem.key);
  return keys;
}

}  // namespace

TEST_CASE("every embedded schema is a definition") {
  for (const auto schema : {ch::schemas::host_schema_json, ch::schemas::task_schema_json, ch::schemas::cos_sink_schema_json,
                            ch::schemas::file_sink_schema_json}) {
    const auto definition = read(schema);
    for (const auto& key : definition.keys()) {
      INFO(key.name);
      CHECK(key.documentation.size() > 20);
      CHECK_FALSE(key.group.empty());
    }
  }
}

TEST_CASE("a cos-sink task is checked by the common keys and the connector's") {
  auto definition = read(ch::schemas::task_schema_json);
  definition.merge(read(ch::schemas::cos_sink_schema_json));
  const ch::Config good = {{"topics", "orders"}, {"cos.bucket", "archive-1250000000"}, {"cos.secret.id", "id"}, {"cos.secret.key", "key"}};
  CHECK(wrong_keys(definition, good).empty());
  const auto full = definition.with_defaults(good);
  CHECK(wrong_keys(definition, full).empty());
  CHECK(full.at("connector.class") == "cos-sink");
  CHECK(full.at("start.position") == "latest");
  CHECK(full.at("time.granularity.minutes") == "5");
  CHECK(full.at("buffer.memory") == "64MiB");
  CHECK(full.at("object.key.template") == "{instance}/{topic}/{time:%Y%m%d%H%M%S}-{partition}-{start_offset}{ext}");
  CHECK(full.find("rotate.interval.ms") == full.end());
  CHECK(definition.masked(good).at("cos.secret.key") == "********");
  CHECK(definition.masked(good).at("cos.bucket") == "archive-1250000000");

  auto bad = good;
  bad.erase("cos.bucket");
  bad["time.granularity.minutes"] = "4";
  bad["part.bytes"] = "1023KiB";
  bad["cos.storage.clas"] = "ARCHIVE";
  bad["errors.tolerance"] = "some";
  CHECK(wrong_keys(definition, bad) ==
        std::vector<std::string>{"cos.storage.clas", "errors.tolerance", "part.bytes", "time.granularity.minutes", "cos.bucket"});
}

TEST_CASE("secrets are passwords") {
  const auto definition = read(ch::schemas::cos_sink_schema_json);
  for (const char* name : {"cos.secret.id", "cos.secret.key", "cos.session.token"}) CHECK(definition.find(name)->type == Type::password);
}
