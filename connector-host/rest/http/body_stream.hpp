// The body of an answer that goes on for as long as the client likes, such as server-sent events. Who has news pushes
// pieces; the connection takes and writes them. Bounded: a client that does not keep up is cut off. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"

namespace ch::rest {

constexpr std::size_t kMaxFeedBacklog = std::size_t{4} * 1024 * 1024;  // bytes that wait for one client

class BodyStream {
 public:
  using Piece = std::shared_ptr<const std::string>;  // shared by all clients that get the same

  // False: it is over. The client has gone or, with this piece, has left too much unread.
  bool push(Piece piece);
  void close();  // what waits is still written, then the answer ends
  bool over() const;
  bool cut() const;  // over, and what waits is not worth writing

  // For the connection. `wake` is called under a lock, after each push and close; it must return at once.
  void attach(std::function<void()> wake);
  struct Taken {
    std::vector<Piece> pieces;
    bool last = false;  // nothing will follow these
  };
  Taken take();
  void drop();  // the client has gone

 private:
  mutable Mutex mutex_;
  std::function<void()> wake_ CH_GUARDED_BY(mutex_);
  std::vector<Piece> waiting_ CH_GUARDED_BY(mutex_);
  std::size_t bytes_ CH_GUARDED_BY(mutex_) = 0;
  bool closed_ CH_GUARDED_BY(mutex_) = false;
  bool dropped_ CH_GUARDED_BY(mutex_) = false;
};

}  // namespace ch::rest
