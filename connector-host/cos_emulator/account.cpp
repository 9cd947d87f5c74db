#include "cos_emulator/account.hpp"

#include <fmt/format.h>

#include <random>

namespace ch::cos_emulator {
namespace {

std::string random_text(std::size_t bytes) {
  std::random_device random;
  std::string out;
  while (out.size() < bytes) out += static_cast<char>(random() & 0xFF);
  return base64(out);  // "+", "/" and "=" occur, as in real tokens
}

}  // namespace

void Account::set_permanent(std::map<std::string, Access> access) {
  const std::lock_guard lock(mutex_);
  permanent_ = std::move(access);
}

std::map<std::string, Access> Account::keys() const {
  const std::lock_guard lock(mutex_);
  auto out = permanent_;
  out.insert(temporary_.begin(), temporary_.end());
  return out;
}

std::optional<Access> Account::permanent(const std::string& secret_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = permanent_.find(secret_id);
  return found == permanent_.end() ? std::nullopt : std::optional(found->second);
}

void Account::add_role(const std::string& name, std::int64_t life_s) {
  const std::lock_guard lock(mutex_);
  roles_[name] = life_s;
}

void Account::remove_role(const std::string& name, bool revoke) {
  const std::lock_guard lock(mutex_);
  roles_.erase(name);
  if (!revoke) return;
  for (const auto& keys : issued_) {
    if (keys.role == name) temporary_.erase(keys.secret_id);
  }
}

void Account::set_web_identity(const std::string& provider, const std::string& token) {
  const std::lock_guard lock(mutex_);
  provider_ = provider;
  web_token_ = token;
}

bool Account::is_web_identity(const std::string& provider, const std::string& token) const {
  const std::lock_guard lock(mutex_);
  return !provider_.empty() && provider == provider_ && token == web_token_;
}

void Account::set_bound(const std::string& name) {
  const std::lock_guard lock(mutex_);
  bound_ = name;
}

std::string Account::bound_role() const {
  const std::lock_guard lock(mutex_);
  return roles_.count(bound_) != 0 ? bound_ : std::string();
}

std::optional<IssuedKeys> Account::issue(const std::string& role_arn, std::int64_t wanted_s) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, life_s] : roles_) {
    if (arn(name) != role_arn) continue;
    IssuedKeys keys;
    keys.role = name;
    keys.secret_id = fmt::format("AKIDtmp{}", issued_.size() + 1) + random_text(24);
    keys.access = {random_text(30), random_text(300), now_ms() / 1000 + (life_s > 0 ? life_s : wanted_s)};
    issued_.push_back(keys);
    temporary_[keys.secret_id] = keys.access;
    return keys;
  }
  return std::nullopt;
}

std::vector<IssuedKeys> Account::issued() const {
  const std::lock_guard lock(mutex_);
  return issued_;
}

}  // namespace ch::cos_emulator
