#include "cos/credentials.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <thread>
#include <utility>

#include "cos/errors.hpp"
#include "credentials/key_file.hpp"
#include "credentials/providers.hpp"

using namespace ch::cos;
using namespace std::chrono_literals;

namespace {

// What a fetcher answers, one after the other, the last one for ever; and how often it was asked.
struct Script {
  std::mutex mutex;
  std::deque<KeyFetcher::Fetched> answers;
  std::atomic<int> asked{0};
  std::atomic<bool> stale{false};
};

class Scripted final : public KeyFetcher {
 public:
  Scripted(std::shared_ptr<Script> script, bool tells) : script_(std::move(script)), tells_(tells) {}
  Fetched fetch() override {
    const std::lock_guard lock(script_->mutex);
    ++script_->asked;
    script_->stale = false;
    auto answer = script_->answers.front();
    if (script_->answers.size() > 1) script_->answers.pop_front();
    return answer;
  }
  bool changed() override { return script_->stale; }
  bool can_tell_changes() const override { return tells_; }

 private:
  std::shared_ptr<Script> script_;
  bool tells_;
};

KeyFetcher::Fetched keys(const std::string& id, std::optional<std::chrono::milliseconds> life = {}) {
  return {{}, {id, "key", "token"}, life};
}

KeyFetcher::Fetched refusal() {
  return {classify_api({{200, "", {}, ""}}, {"ResourceNotFound.RoleNotFound", "gone", "req-1"}, "STS AssumeRole", "r")};
}

struct Source {
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::shared_ptr<CredentialSource> source;

  explicit Source(std::deque<KeyFetcher::Fetched> answers, Renewal renewal = {50ms, 100ms}, bool tells = false) {
    script->answers = std::move(answers);
    source = std::make_shared<RenewingCredentials>(std::make_unique<Scripted>(script, tells), renewal);
  }
  std::string id() const { return source->current().credentials.secret_id; }
  std::string reason() const { return source->current().failure.reason; }
  template <class Condition>
  static bool soon(Condition condition) {
    for (const auto end = Steady::now() + 20s; Steady::now() < end; std::this_thread::sleep_for(2ms)) {
      if (condition()) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("credentials: renewed in time, and nobody waits for it") {
  const Source source({keys("a", 4000ms), keys("b", 4000ms), keys("c")});
  CHECK(source.id() == "a");
  CHECK(Source::soon([&] { return source.id() != "a"; }));
  CHECK(source.reason().empty());
  CHECK(Source::soon([&] { return source.id() == "c"; }));
  CHECK(source.script->asked == 3);
}

TEST_CASE("credentials: a renewal that fails is none as long as the old keys live, and is told once") {
  const Source source({keys("a", 5000ms), refusal()});
  CHECK(source.id() == "a");
  CHECK(Source::soon([&] { return source.script->asked > 1; }));
  CHECK(source.id() == "a");
  std::uint64_t seen = 0;
  std::string warning;
  CHECK(Source::soon([&] { return !(warning = source.source->warning(seen)).empty(); }));
  CHECK(warning.find("ResourceNotFound.RoleNotFound") != std::string::npos);
  CHECK(warning.find("req-1") != std::string::npos);
  CHECK(Source::soon([&] { return source.reason() == "role_deleted"; }));
  const auto failure = source.source->current().failure;
  CHECK(failure.outcome == Outcome::interrupt);
  CHECK(failure.remedy.find("make the role r again") != std::string::npos);
  CHECK(source.source->warning(seen).empty());  // it is no warning any more
}

TEST_CASE("credentials: keys that COS refuses are replaced, and are of no use once there are no others") {
  const Source source({keys("a"), keys("b"), refusal(), keys("c")}, {30s, 60s});
  CHECK(source.id() == "a");
  CHECK(source.source->refused("a"));
  CHECK(Source::soon([&] { return source.id() == "b"; }));
  CHECK(source.source->refused("a"));  // newer ones are there
  CHECK(source.source->refused("b"));
  CHECK(Source::soon([&] { return source.reason() == "role_deleted"; }));
  CHECK_FALSE(source.source->refused("b"));
  source.source->renew();  // an operator does not wait for the next try
  CHECK(Source::soon([&] { return source.id() == "c"; }));
}

TEST_CASE("credentials: keys that could not go into a header are none") {
  for (const std::string id : {"A\r\nX: y", "A\x7f", "\t"}) {
    const Source source({keys(id)});
    CHECK(Source::soon([&] { return !source.source->current().failure.ok(); }));
    CHECK_THAT(source.source->current().failure.message, Catch::Contains("control character"));
    CHECK(source.id().empty());
  }
}

TEST_CASE("credentials: a source that can tell is asked again when it has changed") {
  const Source source({keys("a"), keys("b")}, {}, true);
  CHECK(source.id() == "a");
  source.script->stale = true;
  CHECK(Source::soon([&] { return source.id() == "b"; }));
}

TEST_CASE("credentials: the first ones are waited for, fixed ones are always there") {
  const Source failed({refusal()});
  CHECK(failed.reason() == "role_deleted");
  const auto fixed = fixed_credentials({"id", "key", ""});
  CHECK(fixed->current().credentials.secret_id == "id");
  CHECK_FALSE(fixed->refused("id"));
}

TEST_CASE("credentials: a kind that there is not is an error") {
  for (const std::string kind : {"", "Static", "profile"}) {
    INFO(kind);
    CredentialSettings settings;
    settings.kind = kind;
    settings.file = "/nowhere/keys";
    CHECK(find_credential_kind(kind) == nullptr);
    CHECK_THROWS_WITH(make_credentials(settings), Catch::Contains("'" + kind + "' is no kind of credentials"));
  }
}

TEST_CASE("credentials: tasks share a source if all of their settings are equal, and only then") {
  CredentialSettings settings;
  settings.kind = "file";
  settings.file = "/nowhere/keys";
  const auto source = make_credentials(settings);
  CHECK(make_credentials(settings) == source);
  auto other = settings;
  // Does not compile any more when a member is added: the new one belongs in this test.
  auto& [kind, keys, file, role_arn, role_name, provider_id, token_file, sts_endpoint, metadata_endpoint, region, proxy] = other;
  proxy.emplace();
  CHECK(other != settings);  // "directly" is not "as the environment says"
  CHECK(make_credentials(other) != source);
  proxy.reset();
  for (auto* member : {&keys.secret_id, &keys.secret_key, &keys.token, &file, &role_arn, &role_name, &provider_id, &token_file,
                       &sts_endpoint, &metadata_endpoint, &region}) {
    const auto before = std::exchange(*member, "other");
    CHECK(make_credentials(other) != source);
    *member = before;
    CHECK(make_credentials(other) == source);
  }
  kind = "static";
  CHECK(make_credentials(other) != source);
  // The same letters, divided otherwise.
  CredentialSettings left, right;
  left.keys = {"ab", "c", ""};
  right.keys = {"a", "bc", ""};
  CHECK(make_credentials(left) != make_credentials(right));
}

TEST_CASE("credentials: key files, as lines and as JSON") {
  constexpr std::int64_t now = 1700000000000;
  const auto lines = parse_key_file("[default]\n# mine\nsecret_id = AKID\nsecret_key=k=y\r\n", "/f", now);
  CHECK(lines.failure.ok());
  CHECK(lines.credentials.secret_id == "AKID");
  CHECK(lines.credentials.secret_key == "k=y");
  CHECK_FALSE(lines.life);
  const auto temporary = parse_key_file(
      "TENCENTCLOUD_SECRET_ID=a\nTENCENTCLOUD_SECRET_KEY=b\nTENCENTCLOUD_SESSION_TOKEN=c\nExpiredTime=1700000060", "/f", now);
  CHECK(temporary.credentials.token == "c");
  CHECK(temporary.life == std::optional(60000ms));
  const auto json = parse_key_file(R"({"TmpSecretId": "a", "TmpSecretKey": "b", "Token": "c", "ExpiredTime": 1700000060})", "/f", now);
  CHECK(json.credentials.secret_id == "a");
  CHECK(json.life == std::optional(60000ms));
  for (const std::string text :
       {"", "secret_id=hunter2", "{\"secret_id\": \"hunter2\"}", "secret_id=hunter2\nsecret_key=hunter2\nExpiredTime=soon",
        "secret_id=hunter2\nsecret_key=hunter2\nExpiredTime=1"}) {
    const auto wrong = parse_key_file(text, "/f", now);
    CHECK(wrong.failure.reason == "credentials_expired");
    CHECK(wrong.failure.message.find("/f") != std::string::npos);
    CHECK((wrong.failure.message + wrong.failure.remedy).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("credentials: every code of STS has its outcome") {
  struct Row {
    std::string code;
    Outcome outcome;
    std::string reason;
  };
  // errorcodes.py of Tencent's SDK for sts 2018-08-13, and the codes that every API of the cloud may give.
  const std::vector<Row> rows = {
      {"AuthFailure.AccessKeyIllegal", Outcome::interrupt, "credentials_refused"},
      {"AuthFailure.SecretIdNotFound", Outcome::interrupt, "credentials_refused"},
      {"AuthFailure.InvalidSecretId", Outcome::interrupt, "credentials_refused"},
      {"AuthFailure.InvalidAuthorization", Outcome::interrupt, "credentials_refused"},
      {"AuthFailure.TokenFailure", Outcome::interrupt, "credentials_expired"},
      {"AuthFailure.SignatureFailure", Outcome::interrupt, "credentials_refused"},
      {"AuthFailure.SignatureExpire", Outcome::retry, "cos_error"},
      {"AuthFailure.UnauthorizedOperation", Outcome::interrupt, "access_denied"},
      {"UnauthorizedOperation", Outcome::interrupt, "access_denied"},
      {"FailedOperation.TempKeyNotAllowed", Outcome::interrupt, "access_denied"},
      {"ResourceNotFound.RoleNotFound", Outcome::interrupt, "role_deleted"},
      {"InvalidParameter.RoleNotExist", Outcome::interrupt, "role_deleted"},
      {"InternalError.GetRoleError", Outcome::interrupt, "role_deleted"},
      {"InternalError.IllegalRole", Outcome::interrupt, "role_deleted"},
      {"InternalError.DbError", Outcome::retry, "cos_error"},
      {"InternalError.EncryptError", Outcome::retry, "cos_error"},
      {"InternalError.GetAppIdError", Outcome::retry, "cos_error"},
      {"InternalError.GetSeedTokenError", Outcome::retry, "cos_error"},
      {"InternalError.PbSerializeError", Outcome::retry, "cos_error"},
      {"InternalError.SystemError", Outcome::retry, "cos_error"},
      {"InternalError.UnknownError", Outcome::retry, "cos_error"},
      {"InternalError", Outcome::retry, "cos_error"},
      {"InvalidParameter.AccountNotAvaliable", Outcome::interrupt, "access_denied"},
      {"InvalidParameter.WebIdentityTokenError", Outcome::interrupt, "credentials_expired"},
      {"InvalidParameter.ExtendStrategyOverSize", Outcome::bug, "cos_error"},
      {"InvalidParameter.GrantOtherResource", Outcome::bug, "cos_error"},
      {"InvalidParameter.OverLimit", Outcome::bug, "cos_error"},
      {"InvalidParameter.OverTimeError", Outcome::bug, "cos_error"},
      {"InvalidParameter.ParamError", Outcome::bug, "cos_error"},
      {"InvalidParameter.PolicyTooLong", Outcome::bug, "cos_error"},
      {"InvalidParameter.ResouceError", Outcome::bug, "cos_error"},
      {"InvalidParameter.StrategyFormatError", Outcome::bug, "cos_error"},
      {"InvalidParameter.StrategyInvalid", Outcome::bug, "cos_error"},
      {"InvalidParameter.TempCodeNotAvaliable", Outcome::bug, "cos_error"},
      {"MissingParameter", Outcome::bug, "cos_error"},
      {"RequestLimitExceeded", Outcome::throttled, "throttled"},
      {"RequestLimitExceeded.UinLimitExceeded", Outcome::throttled, "throttled"},
      {"UnsupportedOperation", Outcome::bug, "cos_error"},
      {"SomethingNew", Outcome::bug, "cos_error"},
      {"NoRoleBound", Outcome::interrupt, "role_deleted"},
      {"", Outcome::retry, "cos_error"},
  };
  for (const auto& row : rows) {
    INFO(row.code);
    Answer answer;
    answer.status = 200;
    const auto failure = classify_api(answer, {row.code, "Something.", "req-1"}, "STS AssumeRole", "qcs::cam::uin/1:roleName/r");
    CHECK(static_cast<int>(failure.outcome) == static_cast<int>(row.outcome));
    CHECK(failure.reason == row.reason);
    CHECK(failure.message.find("req-1") != std::string::npos);
    CHECK_FALSE(failure.remedy.empty());
    CHECK(failure.remedy.find_first_of("{}") == std::string::npos);
  }
  Answer none;
  none.error = "Could not resolve host";
  CHECK(classify_api(none, {}, "STS AssumeRole", "r").reason == "cos_unreachable");
}

TEST_CASE("credentials: a denied request is answered with a policy to paste") {
  Answer answer;
  answer.status = 403;
  answer.headers["x-cos-request-id"] = "NWU5MTIz";
  answer.action = "cos:PutObject";
  answer.resource = "qcs::cos:ap-guangzhou:uid/125:logs-125/a/*";
  CHECK(
      classify(answer, "PUT a/b", "logs-125").remedy ==
      "in CAM, grant name/cos:PutObject on bucket logs-125 to the user or role of these credentials: "
      R"({"version":"2.0","statement":[{"effect":"allow","action":["name/cos:PutObject"],"resource":["qcs::cos:ap-guangzhou:uid/125:logs-125/a/*"]}]})");
}
