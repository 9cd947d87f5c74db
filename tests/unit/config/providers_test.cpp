#include "config/providers.hpp"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX's
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "config/properties.hpp"

using namespace ch;
using config::Providers;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "ch-providers-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string refusal(const Providers& providers, const std::string& value) {
  const auto resolved = providers.resolve(value);
  INFO((resolved ? *resolved : ""));
  REQUIRE_FALSE(resolved);
  return resolved.error().message;
}

}  // namespace

TEST_CASE("properties: Java's format") {
  const auto read = config::parse_properties(
      "# a comment\n! another\r\n\n  id = AKID\nkey:se=cr:et \nspaced   value with blanks\n"
      "long=one \\\n   two\\\\\nempty\nuni=\\u4e2d\\uD83D\\uDE00\\t\\q\na\\=b\\ c=d\nkey2=first\nkey2=last");
  CHECK(read == std::map<std::string, std::string>{{"id", "AKID"},
                                                   {"key", "se=cr:et "},
                                                   {"spaced", "value with blanks"},
                                                   {"long", "one two\\"},
                                                   {"empty", ""},
                                                   {"uni", "\u4e2d\U0001F600\tq"},
                                                   {"a=b c", "d"},
                                                   {"key2", "last"}});
  CHECK(config::parse_properties("a=b\\").at("a") == "b\\");
  CHECK(config::parse_properties("a\\").size() == 1);
  CHECK(config::parse_properties("u=\\u12").at("u") == "u12");
}

TEST_CASE("providers: placeholders are replaced wherever they stand, other text is left alone") {
  const Folder folder;
  const auto file = folder.write("cos.properties", "id=AKID\nkey=se}cret");
  folder.write("token", "to:ken\n");
  ::setenv("CH_TEST_NAME", "value", 1);
  const Providers providers;
  CHECK(*providers.resolve("${env:CH_TEST_NAME}") == "value");
  CHECK(*providers.resolve("${file:" + file + ":key}") == "se}cret");
  CHECK(*providers.resolve("${dir:" + folder.path().string() + ":token}") == "to:ken");
  CHECK(*providers.resolve("a-${env:CH_TEST_NAME}/${file:" + file + ":id}-b") == "a-value/AKID-b");
  for (const std::string text : {"", "plain", "${x}", "$", "${", "${env:X", "{time:%Y}", "$env:X}"})
    CHECK(*providers.resolve(text) == text);
}

TEST_CASE("providers: what cannot be resolved is named, with what would be right") {
  const Folder folder;
  const auto file = folder.write("cos.properties", "id=AKID");
  const Providers providers;
  using Catch::Contains;
  CHECK_THAT(refusal(providers, "x${env:CH_TEST_NOT_SET}"), Contains("${env:CH_TEST_NOT_SET} cannot be resolved") && Contains("not set"));
  CHECK_THAT(refusal(providers, "${env:/a:B}"), Contains("must be ${env:NAME}"));
  CHECK_THAT(refusal(providers, "${file:/nonexistent:id}"), Contains("No such file"));
  CHECK_THAT(refusal(providers, "${file:cos.properties:id}"), Contains("absolute"));
  CHECK_THAT(refusal(providers, "${file:" + file + "}"), Contains("${file:PATH:KEY}"));
  CHECK_THAT(refusal(providers, "${file:" + file + ":key}"), Contains("no such key"));
  CHECK_THAT(refusal(providers, "${file:" + folder.path().string() + ":id}"), Contains("not a file"));
  CHECK_THAT(refusal(providers, "${dir:" + folder.path().string() + ":../x}"), Contains("name of a file"));
  CHECK_THAT(refusal(providers, "${vault:secret:key}"), Contains("no provider") && Contains("${dir:PATH:FILE}"));
  CHECK_THAT(refusal(providers, "${env:CONNECTOR_HOST_TOKEN}"), Contains("host's own"));
  const auto pipe = (folder.path() / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(refusal(providers, "${file:" + pipe + ":id}"), Contains("not a file"));
  CHECK_THAT(refusal(providers, "${file:" + folder.write("large", std::string((1 << 20) + 1, '#')) + ":id}"), Contains("1 MiB"));
}

TEST_CASE("providers: lists bound what can be read, also through links") {
  const Folder folder, other;
  const auto file = folder.write("cos.properties", "id=AKID");
  const auto secret = other.write("cos.properties", "id=other");
  folder.write("token", "t");
  fs::create_symlink(secret, folder.path() / "link");
  ::setenv("COS_ID", "a", 1);
  ::setenv("XCOS_ID", "b", 1);
  config::ProviderLimits limits;
  limits.file_paths = limits.dir_paths = std::vector<fs::path>{folder.path()};
  limits.environment = *ch::Regex::compile("COS_.*");
  const Providers providers(limits);
  CHECK(*providers.resolve("${file:" + file + ":id}${env:COS_ID}${dir:" + folder.path().string() + ":token}") == "AKIDat");
  using Catch::Contains;
  CHECK_THAT(refusal(providers, "${file:" + secret + ":id}"), Contains("file.param.allowed.paths"));
  CHECK_THAT(refusal(providers, "${file:" + (folder.path() / "link").string() + ":id}"), Contains("file.param.allowed.paths"));
  CHECK_THAT(refusal(providers, "${file:" + folder.path().string() + "/../" + other.path().filename().string() + "/cos.properties:id}"),
             Contains("file.param.allowed.paths"));
  CHECK_THAT(refusal(providers, "${file:" + folder.path().string() + "x/y:id}"), Contains("file.param.allowed.paths"));
  CHECK_THAT(refusal(providers, "${dir:" + other.path().string() + ":cos.properties}"), Contains("dir.param.allowed.paths"));
  CHECK_THAT(refusal(providers, "${env:XCOS_ID}"), Contains("env.param.allowlist.pattern"));

  config::ProviderLimits strangers;
  strangers.only_listed = true;
  const Providers closed(strangers);
  CHECK_THAT(refusal(closed, "${file:" + file + ":id}"), Contains("file.param.allowed.paths"));
  CHECK_THAT(refusal(closed, "${dir:" + folder.path().string() + ":token}"), Contains("dir.param.allowed.paths"));
  CHECK_THAT(refusal(closed, "${env:COS_ID}"), Contains("env.param.allowlist.pattern"));
}

TEST_CASE("providers: a config has so many placeholders at the most") {
  ::setenv("CH_TEST_ONE", "x", 1);
  std::string many;
  for (int i = 0; i < 60; ++i) many += "${env:CH_TEST_ONE}";
  const Providers providers;
  auto resolved = providers.resolve(Config{{"a", many}, {"b", "${env:CH_TEST_ONE}"}});
  CHECK(resolved.problems.empty());
  CHECK(resolved.config.at("a") == std::string(60, 'x'));
  resolved = providers.resolve(Config{{"a", many}, {"b", many}});
  REQUIRE(resolved.problems.size() == 1);
  CHECK(resolved.problems[0].key == "b");
  CHECK(resolved.problems[0].message == "is one placeholder too many: a task may have 64");
  ::unsetenv("CH_TEST_ONE");
}

TEST_CASE("providers: a config keeps what it had, and messages lose what was put in") {
  ::setenv("CH_TEST_NAME", "hunter2", 1);
  const auto resolved = Providers().resolve(Config{{"a", "x${env:CH_TEST_NAME}"}, {"b", "plain"}, {"c", "${env:CH_TEST_NOT_SET}"}});
  CHECK(resolved.config == Config{{"a", "xhunter2"}, {"b", "plain"}, {"c", "${env:CH_TEST_NOT_SET}"}});
  CHECK(resolved.raw.at("a") == "x${env:CH_TEST_NAME}");
  CHECK(resolved.raw.count("b") == 0);
  REQUIRE(resolved.problems.size() == 1);
  CHECK(resolved.problems[0].key == "c");
  CHECK(resolved.redacted("xhunter2 is not xhunter2") == "x${env:CH_TEST_NAME} is not x${env:CH_TEST_NAME}");
}

TEST_CASE("providers: no list opens what is the host's own, by whatever name") {
  const Folder folder;
  const auto host = folder.write("host.json", R"("api.token": "hunter2hunter2")");
  const auto cos = folder.write("cos.properties", "id=AKID\ntoken=hunter2hunter2\n");
  fs::create_directory(folder.path() / "state");
  folder.write("state/connector-host.db", "id=x");
  fs::create_symlink(host, folder.path() / "link");
  fs::create_hard_link(host, folder.path() / "hard");
  fs::create_directory_symlink(folder.path() / "state", folder.path() / "there");
  config::ProviderLimits limits;
  limits.own = {host, folder.path() / "state", "/proc"};
  limits.own_token = "hunter2hunter2";
  auto listed = limits;
  listed.file_paths = listed.dir_paths = {folder.path(), "/proc"};
  const auto dir = folder.path().string();
  for (const Providers& providers : {Providers(limits), Providers(listed)}) {
    CHECK(*providers.resolve("${file:" + cos + ":id}") == "AKID");
    for (const auto& value :
         {"${file:" + host + ":\"api.token\"}", "${dir:" + dir + ":host.json}", "${file:" + dir + "/link:\"api.token\"}",
          "${dir:" + dir + ":hard}", "${file:" + dir + "/state/../host.json:\"api.token\"}",
          "${file:" + dir + "/state/connector-host.db:id}", "${dir:" + dir + "/there:connector-host.db}",
          std::string("${dir:/proc/self:environ}"), std::string("${file:/proc/self/environ:A}")}) {
      INFO(value);
      const auto message = refusal(providers, value);
      CHECK_THAT(message, Catch::Contains("the host's own") || Catch::Contains("outside"));
      CHECK_THAT(message, !Catch::Contains("hunter2"));
    }
    CHECK_FALSE(providers.may_read(dir + "/link"));
    CHECK_THAT(refusal(providers, "${file:" + cos + ":token}"), Catch::Contains("the host's own api.token"));
  }
}
