// cos.credentials=web-identity: STS gives temporary keys of a role for a token, as in a TKE pod.
#include "credentials/fetching.hpp"

namespace ch::cos {
namespace {

class WebIdentityFetcher final : public KeyFetcher {
 public:
  explicit WebIdentityFetcher(const CredentialSettings& settings) : settings_(settings), sts_(sts_options(settings)) {}

  // The token is read each time: whoever issued it replaces it.
  Fetched fetch() override {
    auto token = read_small_file(settings_.token_file);
    if (!token) return unreadable(settings_.token_file, "cos.web.identity.token.file");
    while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
    return fetched(sts_.assume_role_with_web_identity(settings_.provider_id, *token, settings_.role_arn, kSessionName));
  }

 private:
  const CredentialSettings settings_;
  Sts sts_;
};

}  // namespace

CredentialKind web_identity_kind() {
  return {"web-identity",
          [](const CredentialSettings& settings) {
            return std::vector<NeededSetting>{
                {settings.role_arn, "cos.role.arn", ", or TKE_ROLE_ARN in the host's environment"},
                {settings.provider_id, "cos.web.identity.provider.id", ", or TKE_PROVIDER_ID in the host's environment"},
                {settings.token_file, "cos.web.identity.token.file",
                 ", or TKE_WEB_IDENTITY_TOKEN_FILE in the host's environment, within what the host's "
                 "config.providers.file.param.allowed.paths lists",
                 true}};
          },
          &renewing<WebIdentityFetcher>};
}

}  // namespace ch::cos
