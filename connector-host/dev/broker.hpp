// An embedded Kafka broker for `connector-host dev`: librdkafka's mock cluster, reachable from other processes too.
// It keeps about 5 MiB a partition (the oldest records go), and a consumer group's first join takes it about 3 s.
// Owned by the Sandbox; one thread.
//
// This room uses librdkafka itself, beside the kafka room: a broker is no business of a host that runs in earnest, and
// nothing else of the host may come to rely on the mock cluster's experimental API.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

namespace ch::dev {

class Broker {
 public:
  static Result<std::unique_ptr<Broker>> start();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  std::string bootstrap() const;  // "127.0.0.1:<port>"
  Status create_topic(const std::string& topic, int partitions);

 private:
  struct Impl;
  explicit Broker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Writes a few JSON records a second to a topic, round its partitions, from a thread of its own, while it lives.
class SampleProducer {
 public:
  static Result<std::unique_ptr<SampleProducer>> start(const std::string& bootstrap, const std::string& topic, int partitions);
  SampleProducer(const SampleProducer&) = delete;
  SampleProducer& operator=(const SampleProducer&) = delete;
  ~SampleProducer();

 private:
  struct Impl;
  explicit SampleProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::dev
