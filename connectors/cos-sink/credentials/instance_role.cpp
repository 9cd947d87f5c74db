// cos.credentials=instance-role: the keys of the role that is bound to this CVM, from its metadata service.
#include "credentials/fetching.hpp"

namespace ch::cos {
namespace {

class InstanceRoleFetcher final : public KeyFetcher {
 public:
  explicit InstanceRoleFetcher(const CredentialSettings& settings)
      : role_(settings.role_name), metadata_(settings.metadata_endpoint, &wall_clock_ms) {}
  Fetched fetch() override { return fetched(metadata_.role_keys(role_)); }

 private:
  const std::string role_;
  MetadataService metadata_;
};

}  // namespace

CredentialKind instance_role_kind() {
  return {"instance-role", [](const CredentialSettings&) { return std::vector<NeededSetting>{}; }, &renewing<InstanceRoleFetcher>};
}

}  // namespace ch::cos
