// Pages of names, as GET Bucket and List Multipart Uploads give them.
#include <algorithm>

#include "cos_emulator/storage.hpp"

namespace ch::cos_emulator {
namespace {

bool starts_with(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

const std::string& name_of(const Object& object) { return object.key; }
const std::string& name_of(const Upload& upload) { return upload.object.key; }

// The name up to and with the first delimiter behind the prefix; "" when there is none.
std::string group_of(const std::string& name, const ListQuery& query) {
  if (query.delimiter.empty()) return {};
  const std::size_t at = name.find(query.delimiter, query.prefix.size());
  return at == std::string::npos ? std::string() : name.substr(0, at + query.delimiter.size());
}

// [begin, end): ascending by name and already behind the marker.
template <class T, class It, class Value>
Page<T> page(It begin, It end, const ListQuery& query, Value value) {
  Page<T> out;
  for (It it = begin; it != end && query.max > 0; ++it) {
    const T& item = value(*it);
    const std::string& name = name_of(item);
    if (!starts_with(name, query.prefix)) {
      if (name > query.prefix) break;
      continue;
    }
    const std::string group = group_of(name, query);
    const bool known_group = !group.empty() && (group == query.marker || (!out.prefixes.empty() && out.prefixes.back() == group));
    if (known_group) continue;
    if (static_cast<int>(out.items.size() + out.prefixes.size()) == query.max) {
      out.truncated = true;
      break;
    }
    if (group.empty()) {
      out.items.push_back(item);
    } else {
      out.prefixes.push_back(group);
    }
    out.next = group.empty() ? name : group;
  }
  return out;
}

}  // namespace

Page<Object> Bucket::objects(const ListQuery& query) {
  const std::lock_guard lock(mutex_);
  const auto begin = query.marker < query.prefix ? objects_.lower_bound(query.prefix) : objects_.upper_bound(query.marker);
  return page<Object>(begin, objects_.end(), query, [](const auto& entry) -> const Object& { return entry.second; });
}

Page<Upload> Bucket::uploads(const ListQuery& query) {
  std::vector<Upload> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, upload] : uploads_) all.push_back({id, upload.object, {}});
  }
  std::stable_sort(all.begin(), all.end(), [](const Upload& a, const Upload& b) { return a.object.key < b.object.key; });
  const auto begin = std::find_if(all.begin(), all.end(), [&](const Upload& upload) {
    const int order = upload.object.key.compare(query.marker);
    return order > 0 || (order == 0 && !query.upload_id_marker.empty() && upload.id > query.upload_id_marker);
  });
  return page<Upload>(begin, all.end(), query, [](const Upload& upload) -> const Upload& { return upload; });
}

}  // namespace ch::cos_emulator
