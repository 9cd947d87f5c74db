// Compiled by a test, and refused by clang: a member that a mutex guards is read without it.
#include "base/mutex.hpp"

class Unguarded {
 public:
  int value() { return value_; }
  void set(int value) {
    const ch::MutexLock lock(mutex_);
    value_ = value;
  }

 private:
  ch::Mutex mutex_;
  int value_ CH_GUARDED_BY(mutex_) = 0;
};

int main() {
  Unguarded one;
  one.set(1);
  return one.value();
}
