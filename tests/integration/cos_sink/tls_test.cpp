// https: the server's certificate is always verified, against the file given.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "cloud/http.hpp"
#include "forward_proxy.hpp"

using namespace ch::cloud;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<&SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<&SSL_free>>;

Certificate self_signed(EVP_PKEY* key, const char* subject_alt_name) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  auto* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alt_name);
  X509_add_ext(certificate.get(), extension, -1);
  X509_EXTENSION_free(extension);
  REQUIRE(X509_sign(certificate.get(), key, EVP_sha256()) != 0);
  return certificate;
}

// Answers every connection over TLS with an empty 200, and writes its certificate to a file.
class TlsServer {
 public:
  explicit TlsServer(const char* subject_alt_name)
      : file(std::filesystem::temp_directory_path() / ("cos-tls-test-" + std::to_string(::getpid()) + ".pem")),
        context_(SSL_CTX_new(TLS_server_method())),
        listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = self_signed(key.get(), subject_alt_name);
    (void)std::signal(SIGPIPE, SIG_IGN);  // a client that refuses us hangs up; OpenSSL writes to it nevertheless
    REQUIRE(SSL_CTX_use_certificate(context_.get(), certificate.get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
    const std::unique_ptr<std::FILE, Freed<&std::fclose>> out(std::fopen(file.c_str(), "w"));
    REQUIRE(PEM_write_X509(out.get(), certificate.get()) == 1);

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 4) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    url = "https://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/k";
    thread_ = std::thread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    std::filesystem::remove(file);
  }

  std::filesystem::path file;
  std::string url;

 private:
  void serve() {
    for (int fd = ::accept(listener_, nullptr, nullptr); fd >= 0; fd = ::accept(listener_, nullptr, nullptr)) {
      {
        const Session session(SSL_new(context_.get()));
        SSL_set_fd(session.get(), fd);
        char request[4096];
        if (SSL_accept(session.get()) == 1 && SSL_read(session.get(), request, sizeof request) > 0) {
          static constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
          SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
          SSL_shutdown(session.get());
        }
      }
      ::close(fd);
    }
  }

  Context context_;
  int listener_;
  std::thread thread_;
};

Answer get(const std::string& url, const std::string& ca_file, std::optional<std::string> proxy = "") {
  Transport transport({ca_file, 5000, 20000, 60000, std::move(proxy)});
  return transport.send({"GET", url, {}, 0, nullptr});
}

}  // namespace

TEST_CASE("a certificate is accepted if the CA file vouches for it and it is the host's") {
  const TlsServer server("IP:127.0.0.1");
  CHECK(get(server.url, server.file).status == 200);

  const Answer unknown = get(server.url, "");
  CHECK(unknown.status == 0);
  CHECK(unknown.error.find("certificate") != std::string::npos);
  CHECK(get(server.url, "/nonexistent/ca.pem").status == 0);
}

TEST_CASE("a certificate of another host is refused, even if the CA file vouches for it") {
  const TlsServer server("DNS:other.example");
  const Answer answer = get(server.url, server.file);
  CHECK(answer.status == 0);
  CHECK(answer.error.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("https goes through a proxy's tunnel, and what the proxy refuses is told as the proxy's") {
  const TlsServer server("IP:127.0.0.1");
  ch::cos::ForwardProxy proxy("Basic YXJjaGl2ZXI6aHVudGVyMg==");
  CHECK(get(server.url, server.file, "http://archiver:hunter2@" + proxy.host).status == 200);
  REQUIRE(proxy.asked().size() == 1);
  CHECK(proxy.asked()[0] == "CONNECT " + server.url.substr(8, server.url.size() - 10) + " HTTP/1.1");

  const Answer refused = get(server.url, server.file, "http://archiver:wrong@" + proxy.host);
  CHECK(refused.status == 0);
  CHECK(refused.error == "the proxy does not connect: it answers HTTP 407");
  const Answer away = get(server.url, server.file, "http://user:hunter2@127.0.0.1:1");
  CHECK(away.status == 0);
  CHECK(away.error.find("hunter2") == std::string::npos);
}

TEST_CASE("the environment's proxy counts where none is configured, but for this machine itself and what NO_PROXY lists") {
  ch::cos::ForwardProxy proxy;
  const TlsServer server("IP:127.0.0.1");
  ::setenv("HTTPS_PROXY", ("http://" + proxy.host).c_str(), 1);
  (void)get("https://cos.invalid/", server.file, std::nullopt);
  CHECK(proxy.asked() == std::vector<std::string>{"CONNECT cos.invalid:443 HTTP/1.1"});
  CHECK(get(server.url, server.file, std::nullopt).status == 200);
  (void)get("https://cos.invalid/", server.file, "");
  ::setenv("NO_PROXY", "cos.invalid", 1);
  (void)get("https://cos.invalid/", server.file, std::nullopt);
  CHECK(proxy.asked().size() == 1);
  (void)get("https://cos.invalid/", server.file, "http://" + proxy.host);  // what is configured counts
  CHECK(proxy.asked().size() == 2);
  ::unsetenv("HTTPS_PROXY");
  ::unsetenv("NO_PROXY");
}
