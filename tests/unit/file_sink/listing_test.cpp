#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "sink.hpp"
#include "unit/plugins/folder.hpp"

using namespace ch;
using file_sink::FileConnector;

namespace {

std::vector<std::string> keys(const ObjectPage& page) {
  std::vector<std::string> result;
  for (const auto& object : page.objects) result.push_back(object.key);
  return result;
}

std::vector<std::string> problems(void (*check)(const TaskInfo&, Problems&), const std::string& dir,
                                  const std::string& allowed = "/var/lib, " + std::filesystem::temp_directory_path().string()) {
  std::vector<std::string> messages;
  Problems collected(
      [](void* user, ch_string key, ch_string, ch_string message) {
        static_cast<std::vector<std::string>*>(user)->push_back(std::string(view(key)) + " " + std::string(view(message)));
      },
      &messages);
  TaskInfo task;
  task.config["file.dir"] = dir;
  task.config["host.file.sink.allowed.paths"] = allowed;
  check(task, collected);
  return messages;
}

}  // namespace

TEST_CASE("objects are the files of the task's topics, in pages") {
  const tests::Folder folder;
  folder.write("orders-0.txt", "12345\n");
  folder.write("orders-10.txt", "");
  folder.write("orders-eu-1.txt", "");
  folder.write("other-0.txt", "");
  folder.write("orders-01.txt", "");  // no such partition
  folder.write("orders.txt", "");
  folder.write("notes", "");
  std::filesystem::create_directory(folder.path() / "orders-5.txt");
  TaskInfo task;
  task.config["file.dir"] = folder.path().string();
  task.config["host.file.sink.allowed.paths"] = folder.path().string();
  task.config["topics"] = "orders, orders-eu";

  ObjectQuery query;
  const auto all = FileConnector::objects(task, query);
  CHECK(keys(all) == std::vector<std::string>{"orders-0.txt", "orders-10.txt", "orders-eu-1.txt"});
  CHECK(all.next.empty());
  CHECK(all.objects[0].bytes == 6);
  CHECK(all.objects[0].topic == "orders");
  CHECK(all.objects[1].partition == 10);
  CHECK(all.objects[2].topic == "orders-eu");
  CHECK(all.objects[0].stored_ms > 1'500'000'000'000);

  query.limit = 2;
  const auto first = FileConnector::objects(task, query);
  CHECK(keys(first) == std::vector<std::string>{"orders-0.txt", "orders-10.txt"});
  query.after = first.next;
  const auto second = FileConnector::objects(task, query);
  CHECK(keys(second) == std::vector<std::string>{"orders-eu-1.txt"});
  CHECK(second.next.empty());

  query = {};
  query.newest = true;
  query.limit = 2;
  const auto write_time = [&](const char* name, int minutes) {
    std::filesystem::last_write_time(folder.path() / name, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(minutes));
  };
  write_time("orders-0.txt", 20);
  write_time("orders-10.txt", 5);
  write_time("orders-eu-1.txt", 10);
  const auto latest = FileConnector::objects(task, query);
  CHECK(keys(latest) == std::vector<std::string>{"orders-10.txt", "orders-eu-1.txt"});
  query.after = latest.next;
  CHECK(keys(FileConnector::objects(task, query)) == std::vector<std::string>{"orders-0.txt"});
  CHECK(FileConnector::objects(task, query).next.empty());

  query = {};
  query.topic = "orders";
  query.partition = 10;
  CHECK(keys(FileConnector::objects(task, query)) == std::vector<std::string>{"orders-10.txt"});

  task.config["file.dir"] = (folder.path() / "none").string();
  CHECK_THROWS_WITH(FileConnector::objects(task, query), Catch::Contains("cannot list"));
}

TEST_CASE("validate wants an absolute path, preflight a folder") {
  const tests::Folder folder;
  folder.write("file", "");
  const auto preflight = +[](const TaskInfo& task, Problems& out) { FileConnector::preflight(task, std::chrono::seconds(1), out); };
  CHECK(problems(&FileConnector::validate, "/var/lib/archive").empty());
  CHECK(problems(&FileConnector::validate, "relative") ==
        std::vector<std::string>{"file.dir must be an absolute path, such as /var/lib/archive"});
  CHECK(problems(preflight, folder.path()).empty());
  CHECK(problems(&FileConnector::validate, "/var/lib/../../etc").at(0).find("without . and ..") != std::string::npos);
  CHECK(problems(&FileConnector::validate, "/etc/logrotate.d").at(0).find("(file.sink.allowed.paths): /var/lib, ") != std::string::npos);
  CHECK(problems(&FileConnector::validate, "/var/lib/archive", "").at(0).find("file.sink.allowed.paths") != std::string::npos);
  CHECK(problems(preflight, folder.path() / "file").at(0).find("it is no folder") != std::string::npos);
  const auto missing = problems(preflight, folder.path() / "none");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].find("create or mount the folder") != std::string::npos);
}
