#include "app/version.hpp"

namespace ch::cli {

const char* const kCommit = CH_COMMIT;

}  // namespace ch::cli
