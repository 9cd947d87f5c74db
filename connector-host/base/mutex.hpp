// The standard library's mutexes, so that clang can check who touches what they guard (base/thread_annotations.hpp).
// Waiting: std::condition_variable_any with a MutexLock; its condition is a lambda `[this]() CH_REQUIRES(mutex_) { … }`.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "base/thread_annotations.hpp"

namespace ch {

class CH_CAPABILITY("mutex") Mutex {
 public:
  void lock() CH_ACQUIRE() { mutex_.lock(); }
  void unlock() CH_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Any number may read, or one may write.
class CH_CAPABILITY("mutex") SharedMutex {
 public:
  void lock() CH_ACQUIRE() { mutex_.lock(); }
  void unlock() CH_RELEASE() { mutex_.unlock(); }
  void lock_shared() CH_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() CH_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// Holds a mutex until its end, but for what lies between unlock() and lock().
class CH_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CH_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CH_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() CH_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }
  void unlock() CH_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

class CH_SCOPED_CAPABILITY ReadLock {
 public:
  explicit ReadLock(SharedMutex& mutex) CH_ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex_.lock_shared(); }
  ~ReadLock() CH_RELEASE() { mutex_.unlock_shared(); }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class CH_SCOPED_CAPABILITY WriteLock {
 public:
  explicit WriteLock(SharedMutex& mutex) CH_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriteLock() CH_RELEASE() { mutex_.unlock(); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace ch
