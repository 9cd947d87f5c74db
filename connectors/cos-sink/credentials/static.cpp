// cos.credentials=static: the keys that the task itself gives.
#include "credentials/fetching.hpp"

namespace ch::cos {

CredentialKind static_kind() {
  return {"static",
          [](const CredentialSettings& settings) {
            return std::vector<NeededSetting>{{settings.keys.secret_id, "cos.secret.id"}, {settings.keys.secret_key, "cos.secret.key"}};
          },
          [](const CredentialSettings& settings) { return fixed_credentials(settings.keys); }};
}

}  // namespace ch::cos
