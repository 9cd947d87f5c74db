// What only a connection with TLS shows.
// clang-format off
#include <utility>  // Boost 1.74's Asio needs it before itself in C++20
// clang-format on
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "certificate.hpp"
#include "server_fixture.hpp"

using namespace ch::tests;
namespace asio = boost::asio;

namespace {

class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& authority) : context_(asio::ssl::context::tls_client), stream_(io_, context_) {
    context_.load_verify_file(authority);
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream_.handshake(asio::ssl::stream_base::client);
  }
  void send(const std::string& bytes) { asio::write(stream_, asio::buffer(bytes)); }
  void say_goodbye() { SSL_shutdown(stream_.native_handle()); }
  void close() { stream_.next_layer().close(); }

 private:
  asio::io_context io_;
  asio::ssl::context context_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

}  // namespace

TEST_CASE("a TLS client that leaves while its request waits is noticed, with a good-bye and without") {
  const Certificate certificate;
  for (const bool polite : {true, false}) {
    INFO(polite);
    EchoServer server({}, "https://127.0.0.1:0", {certificate.file, certificate.key, ""});
    TlsClient client(server.port, certificate.file);
    client.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto begin = std::chrono::steady_clock::now();
    while (server.handled == 0 && std::chrono::steady_clock::now() - begin < kDeadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (polite) client.say_goodbye();
    client.close();
    server.join_late();
    CHECK(server.saw_gone);
  }
}
