// load_connector FOLDER NAME: loads the connectors of a folder and lets one of them count three records.
#include <cstdio>
#include <string>
#include <vector>

#include "plugins/registry.hpp"
#include "unit/plugins/fake_host.hpp"

namespace {

int complain(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return 1;
}

int count_three(ch::plugins::ConnectorTask& task, ch::tests::FakeHost& host) {
  ch::OpenPartition partition;
  partition.id = 1;
  partition.committed_offset = 10;
  partition.state = "39";
  if (auto opened = task.open(std::vector{partition}); !opened) return complain(opened.error().message);
  const std::vector<std::string> values = {"a", "b", "c"};
  const ch::tests::TestBatch batch(values, 10);
  const auto taken = task.put(1, batch.c());
  if (!taken || *taken != 3) return complain(taken ? "not every record was taken" : taken.error().message);
  if (auto ticked = task.tick(host.now); !ticked) return complain(ticked.error().message);
  if (host.commits.size() != 1 || host.commits[0].offset != 13 || host.commits[0].state != "42")
    return complain("the commit is not the one expected");
  partition.id = 2;
  partition.state = "none of ours";
  if (auto opened = task.open(std::vector{partition}); !opened) return complain(opened.error().message);
  if (host.interruptions.size() != 1 || host.interruptions[0].partition != 2 || host.interruptions[0].reason != "offset_lost")
    return complain("a state that is no count does not interrupt");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return complain("usage: load_connector FOLDER NAME");
  const auto registry = ch::plugins::Registry::load({argv[1]});
  for (const auto& failure : registry.failures()) complain(failure.file.string() + ": " + failure.message);
  const auto connector = registry.find(argv[2]);
  if (connector == nullptr || !registry.failures().empty()) return complain("not loaded");
  ch::tests::FakeHost host;
  const auto task = connector->create(host.c, ch::TaskInfo{});
  if (!task) return complain(task.error().message);
  return count_three(**task, host);
}
