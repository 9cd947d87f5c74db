#include "plugins/registry.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "unit/plugins/fake_host.hpp"
#include "unit/plugins/folder.hpp"

using namespace ch;
using Catch::Contains;
using plugins::Registry;
using tests::FakeHost;
using tests::Folder;
using tests::TestBatch;
namespace fs = std::filesystem;

namespace {

// Copies a test plugin into the folder, with the permissions that an installation gives it.
fs::path copy(const std::string& name, const fs::path& folder, const std::string& as) {
  const auto to = folder / as;
  fs::copy_file(fs::path(BAD_PLUGINS) / name / (name + ".connector.so"), to);
  fs::permissions(to, fs::perms(0644));
  return to;
}

std::vector<std::string> names(const Registry& registry) {
  std::vector<std::string> result;
  for (const auto& connector : registry.connectors()) result.push_back(connector->name());
  return result;
}

// The one failure of a folder that also holds a good plugin, which must load all the same.
std::string failure_beside_good(const Folder& folder) {
  copy("good", folder.path(), "z.connector.so");
  const auto registry = Registry::load({folder.path()});
  CHECK(names(registry) == std::vector<std::string>{"good"});
  REQUIRE(registry.failures().size() == 1);
  const auto& message = registry.failures()[0].message;
  CHECK(message.find('\n') == std::string::npos);
  return message;
}

std::string refusal_of(const std::string& plugin) {
  const Folder folder;
  copy(plugin, folder.path(), plugin + ".connector.so");
  return failure_beside_good(folder);
}

struct Loaded {
  explicit Loaded(const std::string& plugin) {
    copy(plugin, folder.path(), plugin + ".connector.so");
    registry = std::make_unique<Registry>(Registry::load({folder.path()}));
    for (const auto& failure : registry->failures()) FAIL_CHECK(failure.message);
    REQUIRE(registry->connectors().size() == 1);
  }
  const plugins::Connector& connector() const { return *registry->connectors()[0]; }

  Folder folder;
  std::unique_ptr<Registry> registry;
};

}  // namespace

TEST_CASE("a library that does not fit is refused, and the message says what would be right") {
  const struct {
    const char* plugin;
    const char* message;
  } cases[] = {
      {"no_symbol", "does not export the function ch_connector_entry: CH_EXPORT_CONNECTOR(YourConnector) defines it"},
      {"null_table", "ch_connector_entry returned no table: it cannot serve plugin ABI version 1; build it against this host's plugin.h"},
      {"other_abi_version", "it was built for plugin ABI version 7, this host speaks 1: build it against this host's plugin.h"},
      {"smaller_table",
       "its table ends after 128 of at least 160 bytes, without pending, close, describe, destroy: build it against this host's plugin.h"},
      {"tiny_table", "its table says that it is 4 bytes long: struct_size must be sizeof(ch_connector)"},
      {"no_put", "its table has NULL where something is mandatory: fill in put, flush"},
      {"null_name", "its table has NULL where something is mandatory: fill in name"},
      {"bad_name", "its name \"Bad_Name\" is not one: lower case letters, digits and '-' would be right"},
      {"long_name", "its name is longer than 64 bytes"},
      {"empty_version", "its version is empty"},
      {"other_kind", "its kind is not one that this host knows: \"sink\" would be right"},
      {"bad_schema", "its config_schema is not JSON ([json.exception.parse_error.101] parse error at line 1, column 10"},
      {"schema_no_object", "its config_schema is JSON, but no object: a JSON Schema of its keys would be right"},
      {"throws_in_entry", "ch_connector_entry threw an exception (no licence found): it must return a table or NULL"},
      {"unresolved", "cannot be loaded: "},
  };
  for (const auto& c : cases) {
    INFO(c.plugin);
    CHECK_THAT(refusal_of(c.plugin), Catch::StartsWith(c.message));
  }
  CHECK_THAT(refusal_of("unresolved"), Contains("function_of_another_library"));
}

TEST_CASE("a file that is no library, or not safely ours, is refused before it is loaded") {
  const Folder folder;
  SECTION("text") {
    folder.write("a.connector.so", "#!/bin/sh\n");
    fs::permissions(folder.path() / "a.connector.so", fs::perms(0755));
    CHECK(failure_beside_good(folder) == "is not an ELF file: a connector is a shared library, built with -shared");
  }
  SECTION("an ELF file cut short") {
    folder.write("a.connector.so",
                 "\x7f"
                 "ELF\x02\x01\x01");
    fs::permissions(folder.path() / "a.connector.so", fs::perms(0755));
    CHECK_THAT(failure_beside_good(folder), Contains("cannot be loaded: "));
  }
  SECTION("empty") {
    folder.write("a.connector.so", "");
    fs::permissions(folder.path() / "a.connector.so", fs::perms(0644));
    CHECK_THAT(failure_beside_good(folder), Contains("is not an ELF file"));
  }
  SECTION("a folder") {
    fs::create_directory(folder.path() / "a.connector.so");
    CHECK(failure_beside_good(folder) == "is not a regular file: a connector is a shared library");
  }
  SECTION("a link to nothing") {
    fs::create_symlink(folder.path() / "none", folder.path() / "a.connector.so");
    CHECK(failure_beside_good(folder) == "cannot be read (No such file or directory): it must be a file that this process may read");
  }
  SECTION("writable by the group") {
    fs::permissions(copy("duplicate_name", folder.path(), "a.connector.so"), fs::perms(0664));
    CHECK(failure_beside_good(folder) == "may be written by others than its owner, who could run code as this process: chmod go-w it");
  }
  SECTION("writable by the world") {
    fs::permissions(copy("duplicate_name", folder.path(), "a.connector.so"), fs::perms(0646));
    CHECK_THAT(failure_beside_good(folder), Contains("chmod go-w"));
  }
  SECTION("not readable") {
    constexpr uid_t kNobody = 65534;
    const auto file = copy("duplicate_name", folder.path(), "a.connector.so");
    fs::permissions(file, fs::perms(0000));
    fs::permissions(folder.path(), fs::perms(0755));
    copy("good", folder.path(), "z.connector.so");
    const bool root = ::geteuid() == 0;  // may read everything, unless it becomes somebody else for a moment
    if (root) REQUIRE(::seteuid(kNobody) == 0);
    const auto registry = Registry::load({folder.path()});
    if (root) REQUIRE(::seteuid(0) == 0);
    CHECK(names(registry) == std::vector<std::string>{"good"});
    REQUIRE(registry.failures().size() == 1);
    CHECK(registry.failures()[0].message == "cannot be read (Permission denied): it must be a file that this process may read");
  }
}

TEST_CASE("of two connectors with one name the first is kept and the message names both files") {
  const Folder first;
  const Folder second;
  const auto kept = copy("good", second.path(), "m.connector.so");
  const auto same_folder = copy("duplicate_name", second.path(), "n.connector.so");
  const auto other_folder = copy("duplicate_name", first.path(), "a.connector.so");
  fs::create_symlink(kept, second.path() / "again.connector.so");  // the same file is no second connector
  copy("good", second.path(), "other.so");                         // and this is not named as one

  const auto registry = Registry::load({second.path(), first.path(), second.path()});
  CHECK(names(registry) == std::vector<std::string>{"good"});
  CHECK(registry.find("good")->version() == "1.0.0");
  CHECK(registry.find("goo") == nullptr);
  REQUIRE(registry.failures().size() == 3);  // the duplicate's folder was listed twice
  CHECK(registry.failures()[0].file == same_folder);
  CHECK_THAT(registry.failures()[0].message, Contains(registry.find("good")->file().string()) && Contains(same_folder.string()));
  CHECK(registry.failures()[1].file == other_folder);
  CHECK_THAT(registry.failures()[1].message, Contains("its name good is taken by") && Contains(other_folder.string()));
}

TEST_CASE("a folder that is not there is a failure, and the others are loaded") {
  const Folder folder;
  copy("good", folder.path(), "good.connector.so");
  const auto registry = Registry::load({folder.path() / "none", folder.path()});
  CHECK(names(registry) == std::vector<std::string>{"good"});
  REQUIRE(registry.failures().size() == 1);
  CHECK(registry.failures()[0].file == folder.path() / "none");
  CHECK(registry.failures()[0].message == "cannot be read (No such file or directory): plugin.path must name folders");
}

TEST_CASE("tables of other sizes load if they hold what is mandatory") {
  FakeHost host;
  const std::vector<std::string> values = {"a", "b"};
  const TestBatch batch(values, 0);
  const Loaded loaded(GENERATE("older_table", "newer_table", "good"));
  const auto task = loaded.connector().create(host.c, TaskInfo{});
  REQUIRE(task);
  CHECK((*task)->put(1, batch.c()).value() == 2);
  CHECK((*task)->retry());  // older_table: not called, what is in its place is no function
  CHECK((*task)->end_of_partition(1, 5));
  CHECK_FALSE(loaded.connector().lists_objects());
  CHECK(loaded.connector().preflight(TaskInfo{}, std::chrono::seconds(1)).empty());
  CHECK_FALSE(loaded.connector().objects(TaskInfo{}, ObjectQuery{}));
}

TEST_CASE("libraries whose classes have the same name keep apart") {
  const Folder folder;
  copy("same_class_a", folder.path(), "a.connector.so");
  copy("same_class_b", folder.path(), "b.connector.so");
  CHECK(names(Registry::load({folder.path()})) == std::vector<std::string>{"same-class-a", "same-class-b"});
}

TEST_CASE("a task that breaks the contract is an error, not a crash") {
  FakeHost host;
  const std::vector<std::string> values = {"a", "b"};
  const TestBatch batch(values, 0);
  const auto message_of_put = [&](const std::string& plugin) {
    const Loaded loaded(plugin);
    const auto task = loaded.connector().create(host.c, TaskInfo{});
    REQUIRE(task);
    const auto taken = (*task)->put(1, batch.c());
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::internal);
    return taken.error().message;
  };
  CHECK(message_of_put("throws_in_put") == "connector throws-in-put: put threw an exception (index 7); a connector must catch all");
  CHECK(message_of_put("garbage_from_put") == "connector garbage-from-put: put returned garbage: 3 instead of 0 to 2 or -CH_FAILED");
}

TEST_CASE("a connector that makes no task has said why, or is told that it should have") {
  FakeHost host;
  const Loaded silent("create_null");
  const auto without = silent.connector().create(host.c, TaskInfo{});
  REQUIRE_FALSE(without);
  CHECK(without.error().code == ErrorCode::invalid);
  CHECK(without.error().message == "connector create-null made no task and did not say why; it should report a problem");

  const Loaded speaking("create_problem");
  const auto with = speaking.connector().create(host.c, TaskInfo{});
  REQUIRE_FALSE(with);
  CHECK(with.error().code == ErrorCode::invalid);
  CHECK(with.error().message == "connector create-problem refuses the task: must be another value");
  REQUIRE(with.error().problems.size() == 1);
  CHECK(with.error().problems[0].key == "some.key");
  CHECK(with.error().problems[0].value == "some value");
}

#ifdef OTHER_COMPILER
TEST_CASE("a connector built by the other compiler works") {
  FakeHost host;
  const std::vector<std::string> values = {"a", "b", "c"};
  const TestBatch batch(values, 10);
  const Loaded loaded("other_compiler");
  const auto task = loaded.connector().create(host.c, TaskInfo{});
  REQUIRE(task);
  OpenPartition partition;
  partition.id = 1;
  partition.committed_offset = 10;
  partition.state = "4";
  REQUIRE((*task)->open(std::vector{partition}));
  CHECK(host.resumed == std::vector<std::pair<PartitionId, std::int64_t>>{{1, 10}});
  CHECK((*task)->put(1, batch.c()).value() == 3);
  CHECK((*task)->describe(1).value().records == 3);
  REQUIRE((*task)->tick(host.now));
  REQUIRE(host.commits.size() == 1);
  CHECK(host.commits[0].offset == 13);
  CHECK(host.commits[0].state == "7");
  REQUIRE((*task)->committed(1, 13, true));
  CHECK((*task)->pending().value() == 0);
  CHECK_FALSE((*task)->put(99, batch.c()));  // std::out_of_range in the plugin, CH_FAILED here
  CHECK_THAT(host.logged.back().second, Contains("put: "));
}
#endif
