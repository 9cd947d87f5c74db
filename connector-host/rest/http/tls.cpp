#include "rest/http/tls.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace ch::rest {

namespace ssl = boost::asio::ssl;
using Code = boost::system::error_code;

namespace {

tl::unexpected<Error> refuse(const std::string& key, const std::string& message) {
  return fail(ErrorCode::invalid, key + " " + message, {{key, "", message}});
}

// OpenSSL has no words for what the system refuses, and Asio's are those of its own category.
Status readable(const std::string& key, const std::string& file) {
  if (file.empty()) return refuse(key, "is needed for an https:// listener");
  errno = 0;
  std::ifstream in(file);
  if (in.is_open() && (in.peek(), !in.bad())) return {};
  return refuse(key, file + " cannot be read: " + (errno == 0 ? "it is no file" : std::strerror(errno)));
}

// `what` the file should hold.
tl::unexpected<Error> unusable(const std::string& key, const std::string& file, const char* what, const Code& error) {
  const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(error.value()));
  return refuse(key, file + " cannot be used: it holds no " + what + (reason == nullptr ? "" : std::string(" (OpenSSL: ") + reason + ")"));
}

}  // namespace

Result<TlsContext> make_tls(const Tls& tls) {
  const std::string certificate = "ssl.certificate.location", key = "ssl.key.location", ca = "ssl.ca.location";
  if (const auto read = readable(certificate, tls.certificate); !read) return tl::unexpected(read.error());
  if (const auto read = readable(key, tls.key); !read) return tl::unexpected(read.error());
  Code error;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1,
                       error);
  // Else OpenSSL asks a terminal for the pass phrase.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context->use_certificate_chain_file(tls.certificate, error);
  if (error) return unusable(certificate, tls.certificate, "certificate in PEM", error);
  context->use_private_key_file(tls.key, ssl::context::pem, error);
  if (error) return unusable(key, tls.key, "key of that certificate in PEM, without a pass phrase", error);
  if (tls.ca.empty()) return context;
  if (const auto read = readable(ca, tls.ca); !read) return tl::unexpected(read.error());
  context->load_verify_file(tls.ca, error);
  if (error) return unusable(ca, tls.ca, "certificates in PEM", error);
  // Without it a client that resumes its session, as browsers do, is refused.
  constexpr std::string_view id = "connector-host";
  SSL_CTX_set_session_id_context(context->native_handle(), reinterpret_cast<const unsigned char*>(id.data()), id.size());
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  return context;
}

}  // namespace ch::rest
