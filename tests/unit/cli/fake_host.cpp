#include "fake_host.hpp"

#include <utility>
// Boost 1.74's Asio uses std::exchange without including <utility>.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <mutex>
#include <thread>

namespace ch::test {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = boost::asio::ip::tcp;

}  // namespace

struct FakeHost::Impl {
  boost::asio::io_context context;
  tcp::acceptor acceptor{context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::mutex mutex;
  std::deque<std::pair<int, std::string>> answers;
  std::vector<Asked> asked;
  bool stopping = false;
  std::thread thread;

  void serve() {
    while (true) {
      beast::error_code error;
      tcp::socket socket(context);
      acceptor.accept(socket, error);
      {
        const std::lock_guard lock(mutex);
        if (stopping || error) return;
      }
      converse(socket);
    }
  }

  // One request a connection: a client that keeps connections must cope with their end.
  void converse(tcp::socket& socket) {
    beast::error_code error;
    beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::read(socket, buffer, request, error);
    if (error) return;
    http::response<http::string_body> response;
    {
      const std::lock_guard lock(mutex);
      asked.push_back({std::string(request.method_string()), std::string(request.target()), request.body(),
                       std::string(request[http::field::authorization])});
      response.result(answers.empty() ? 500U : static_cast<unsigned>(answers.front().first));
      if (!answers.empty()) {
        response.body() = answers.front().second;
        answers.pop_front();
      }
    }
    response.set(http::field::content_type, "application/json");
    response.keep_alive(false);
    response.prepare_payload();
    http::write(socket, response, error);
    socket.shutdown(tcp::socket::shutdown_send, error);
  }
};

FakeHost::FakeHost() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([self = impl_.get()] { self->serve(); });
}

FakeHost::~FakeHost() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  boost::asio::io_context context;
  beast::error_code ignored;
  tcp::socket(context).connect(impl_->acceptor.local_endpoint(), ignored);  // wakes accept()
  impl_->thread.join();
}

std::string FakeHost::url() const { return "http://127.0.0.1:" + std::to_string(impl_->acceptor.local_endpoint().port()); }

void FakeHost::answer(int status, std::string body) {
  const std::lock_guard lock(impl_->mutex);
  impl_->answers.emplace_back(status, std::move(body));
}

std::vector<Asked> FakeHost::asked() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->asked;
}

}  // namespace ch::test
