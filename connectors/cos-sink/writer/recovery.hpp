// Where a partition goes on: from what is committed beside its offset and from what the bucket holds. The bucket is
// believed before the offset. Owned by its partition's writer; poll thread.
//
//   look:       HEAD the intent's key. Ours -> its end is the position. Absent -> its start is.
//   audit:      while one of our objects starts at the position, move to its end.
//   then, if the intent's range is in no object:
//   list parts: all there -> complete the upload, look again. Otherwise the range has to be read again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "writer/audit.hpp"
#include "writer/jobs.hpp"
#include "writer/object_identity.hpp"
#include "writer/offset_state.hpp"
#include "writer/retry.hpp"
#include "writer/upload_context.hpp"

namespace ch::cos {

class Recovery : public std::enable_shared_from_this<Recovery> {
 public:
  Recovery(Context& context, ch::PartitionId owner, const Identity& identity, Retry& retry, State state);

  // Needed before the first step() if the template has {time}.
  void join(std::shared_ptr<Audit> audit) { audit_ = std::move(audit); }
  Audit::Member audit_member() const { return {owner_, identity_.partition, position_, place_.time_ms}; }

  void step(std::int64_t now);
  std::int64_t next_ms(std::int64_t now) const;
  void now_due();

  enum class Verdict {
    go_on,    // from place()
    re_read,  // intent()'s range, then from its end
    stand,    // reported; nothing can be done here
  };
  const std::optional<Verdict>& verdict() const { return verdict_; }
  bool has_intent() const { return intent_.has_value(); }
  const Intent& intent() const { return *intent_; }
  const Idle& place() const { return place_; }  // of the last known object; position = where to go on
  bool moved() const { return moved_; }         // objects were found that Kafka did not know of

 private:
  enum class Step { look, audit, list_parts, complete };

  void look_done(const Looked& looked);
  void follow(std::int64_t now);
  bool load_candidates(std::int64_t now);
  void candidate_done(const Looked& looked);
  void chain_ended();
  void parts_done(const Reply<std::vector<Part>>& reply);
  void complete_done(const Failure& failure);
  void re_read();
  void found(const std::string& key, std::int64_t end);
  void look_up(const std::string& key, void (Recovery::*done)(const Looked&));
  template <class Result, class Run>
  bool start(Result otherwise, Run run, void (Recovery::*done)(const Result&)) {
    return context_.submit(owner_, std::move(otherwise), std::move(run), if_alive(shared_from_this(), done));
  }

  Context& context_;
  ch::PartitionId owner_;
  const Identity& identity_;
  Retry& retry_;
  std::shared_ptr<Audit> audit_;
  std::optional<Intent> intent_;
  Idle place_;
  std::int64_t position_ = 0;
  bool moved_ = false;
  Step step_ = Step::audit;
  bool busy_ = false;
  bool candidates_loaded_ = false;
  std::vector<std::string> candidates_;  // keys that may start at the position
  std::vector<Part> parts_;
  std::optional<Verdict> verdict_;
};

}  // namespace ch::cos
