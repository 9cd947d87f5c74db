// A host's REST API by script: answers each request with the next answer given, and remembers the requests. Made and
// asked by the test's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ch::test {

struct Asked {
  std::string method;
  std::string target;
  std::string body;
  std::string authorization;
};

class FakeHost {
 public:
  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost();

  std::string url() const;
  void answer(int status, std::string body);  // in this order; without any left: 500
  std::vector<Asked> asked() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::test
