#include "rest/tls.hpp"

#include <string_view>

namespace ch::rest {

namespace ssl = boost::asio::ssl;
using Code = boost::system::error_code;

Result<TlsContext> make_tls(const Tls& tls) {
  const auto refuse = [](const std::string& key, const std::string& file, const std::string& why) {
    return fail(ErrorCode::invalid, key + " " + (file.empty() ? "is needed for an https:// listener" : file + " cannot be used: " + why));
  };
  Code error;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1,
                       error);
  if (tls.certificate.empty()) return refuse("ssl.certificate.location", "", "");
  if (tls.key.empty()) return refuse("ssl.key.location", "", "");
  context->use_certificate_chain_file(tls.certificate, error);
  if (error) return refuse("ssl.certificate.location", tls.certificate, error.message());
  context->use_private_key_file(tls.key, ssl::context::pem, error);
  if (error) return refuse("ssl.key.location", tls.key, error.message());
  if (tls.ca.empty()) return context;
  context->load_verify_file(tls.ca, error);
  if (error) return refuse("ssl.ca.location", tls.ca, error.message());
  // Without it a client that resumes its session, as browsers do, is refused.
  constexpr std::string_view id = "connector-host";
  SSL_CTX_set_session_id_context(context->native_handle(), reinterpret_cast<const unsigned char*>(id.data()), id.size());
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  return context;
}

}  // namespace ch::rest
