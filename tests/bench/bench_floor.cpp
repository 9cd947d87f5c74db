// bench_floor BOOTSTRAP TOPIC RECORDS STORE_PORT: what moving the records costs at the least, with no guarantee at all: librdkafka's batch
// consumer, one copy into a buffer for each partition, libcurl PUTs of full buffers by two threads. All settings are the libraries' own.
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kObject = 8 << 20;

struct Object {
  std::unique_ptr<char[]> bytes{new char[kObject]};
  std::size_t size = 0;
  std::size_t sent = 0;
};

class Uploader {
 public:
  explicit Uploader(std::string url) : url_(std::move(url)) {
    for (auto& thread : threads_) thread = std::thread([this] { run(); });
  }
  void put(std::unique_ptr<Object> object) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < 4; });
    waiting_.push_back(std::move(object));
    changed_.notify_all();
  }
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
  }

 private:
  void run() {
    CURL* curl = curl_easy_init();
    curl_slist* headers = curl_slist_append(nullptr, "Expect:");  // or it waits a second for a 100 that stores do not send
    for (int number = 0;; ++number) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return done_ || !waiting_.empty(); });
      if (waiting_.empty()) break;
      const auto object = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      const auto url = url_ + std::to_string(number);
      curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
      curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
      curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(object->size));
      curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
      curl_easy_setopt(curl, CURLOPT_READDATA, object.get());
      curl_easy_setopt(
          curl, CURLOPT_READFUNCTION, +[](char* out, std::size_t size, std::size_t count, void* user) {
            auto& from = *static_cast<Object*>(user);
            const auto piece = std::min(size * count, from.size - from.sent);
            std::memcpy(out, from.bytes.get() + from.sent, piece);
            from.sent += piece;
            return piece;
          });
      if (curl_easy_perform(curl) != CURLE_OK) std::abort();
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }

  std::string url_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Object>> waiting_;
  bool done_ = false;
  std::array<std::thread, 2> threads_;
};

rd_kafka_t* make_consumer(const char* bootstrap) {
  char text[512];
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof text);
  rd_kafka_conf_set(conf, "group.id", "floor", text, sizeof text);
  rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text);
  rd_kafka_conf_set(conf, "check.crcs", "true", text, sizeof text);
  return rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
}

void assign_all(rd_kafka_t* client, const char* name) {
  auto* topic = rd_kafka_topic_new(client, name, nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) std::abort();
  auto* list = rd_kafka_topic_partition_list_new(1);
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i)
    rd_kafka_topic_partition_list_add(list, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(topic);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: bench_floor BOOTSTRAP TOPIC RECORDS STORE_PORT\n";
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  auto* client = make_consumer(arguments[1]);
  rd_kafka_poll_set_consumer(client);
  assign_all(client, arguments[2]);
  auto* queue = rd_kafka_queue_get_consumer(client);
  Uploader uploader("http://127.0.0.1:" + std::string(arguments[4]) + "/floor/");
  std::map<int, std::unique_ptr<Object>> open;
  std::vector<rd_kafka_message_t*> batch(1000);
  for (auto left = std::strtoull(arguments[3], nullptr, 10); left > 0;) {
    const auto got = rd_kafka_consume_batch_queue(queue, 100, batch.data(), batch.size());
    for (int i = 0; i < got; ++i) {
      auto* message = batch[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        auto& object = open[message->partition];
        if (object && object->size + message->len + 1 > kObject) uploader.put(std::move(object));
        if (!object) object = std::make_unique<Object>();
        std::memcpy(object->bytes.get() + object->size, message->payload, message->len);
        object->bytes[object->size + message->len] = '\n';
        object->size += message->len + 1;
        --left;
      }
      rd_kafka_message_destroy(message);
    }
  }
  for (auto& [partition, object] : open) uploader.put(std::move(object));
  uploader.finish();
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return 0;
}
