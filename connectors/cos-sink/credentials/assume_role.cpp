// cos.credentials=assume-role: STS gives temporary keys of a role to the user whose keys the task gives.
#include <fmt/format.h>

#include "credentials/fetching.hpp"

namespace ch::cos {
namespace {

class RoleFetcher final : public KeyFetcher {
 public:
  explicit RoleFetcher(const CredentialSettings& settings) : settings_(settings), sts_(sts_options(settings)), arn_(settings.role_arn) {}

  Fetched fetch() override {
    if (arn_.empty()) {
      auto account = sts_.account(settings_.keys);
      if (!account.ok()) return {std::move(account.failure)};
      arn_ = fmt::format("qcs::cam::uin/{}:roleName/{}", account.value, settings_.role_name);
    }
    return fetched(sts_.assume_role(settings_.keys, arn_, kSessionName));
  }

 private:
  const CredentialSettings settings_;
  Sts sts_;
  std::string arn_;
};

}  // namespace

CredentialKind assume_role_kind() {
  return {"assume-role",
          [](const CredentialSettings& settings) {
            return std::vector<NeededSetting>{{settings.keys.secret_id, "cos.secret.id"}, {settings.keys.secret_key, "cos.secret.key"}};
          },
          &renewing<RoleFetcher>};
}

}  // namespace ch::cos
