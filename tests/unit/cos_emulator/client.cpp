#include "client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <sstream>

namespace cos_test {
namespace {

std::string hex(const unsigned char* bytes, unsigned int size) {
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string hmac(const std::string& key, const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return hex(out, size);
}

std::string sha1(const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, EVP_sha1(), nullptr);
  return hex(out, size);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Joined pairs and the list of their names.
std::pair<std::string, std::string> canonical(const Pairs& pairs) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : pairs) sorted[lower(url_encode(name))] = url_encode(value);
  std::string text, list;
  for (const auto& [name, value] : sorted) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
    list += (list.empty() ? "" : ";") + name;
  }
  return {text, list};
}

std::string query_string(const Pairs& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    out += (out.empty() ? "?" : "&") + url_encode(name) + (value.empty() ? "" : "=" + url_encode(value));
  }
  return out;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* to) {
  const std::string line(data, size);
  const std::size_t colon = line.find(':');
  if (colon != std::string::npos) {
    const std::size_t begin = line.find_first_not_of(' ', colon + 1);
    (*static_cast<std::map<std::string, std::string>*>(to))[lower(line.substr(0, colon))] = line.substr(begin, line.find('\r') - begin);
  }
  return size;
}

Answer perform(CURL* curl, const std::string& url, const std::vector<std::string>& lines) {
  Answer answer;
  curl_slist* list = nullptr;
  for (const std::string& line : lines) list = curl_slist_append(list, line.c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer.headers);
  answer.curl_code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_slist_free_all(list);
  return answer;
}

std::vector<pugi::xml_node> nodes(const pugi::xml_document& document, const std::string& path) {
  std::vector<pugi::xml_node> out;
  for (const pugi::xpath_node& node : document.select_nodes(("/" + path).c_str())) out.push_back(node.node());
  return out;
}

}  // namespace

std::string url_encode(const std::string& bytes, bool keep_slash) {
  std::string out;
  for (const unsigned char c : bytes) {
    const bool plain = std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/');
    out += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return out;
}

std::string md5_base64(const std::string& bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out, &size, EVP_md5(), nullptr);
  unsigned char text[32];
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(EVP_EncodeBlock(text, out, static_cast<int>(size)))};
}

std::int64_t now_s() { return std::time(nullptr); }

std::string sign(const Key& key, const std::string& method, const std::string& path, const Pairs& query, const Pairs& headers) {
  const std::string time = fmt::format("{};{}", key.start, key.end);
  const auto [params, param_list] = canonical(query);
  const auto [fields, field_list] = canonical(headers);
  const std::string text = lower(method) + "\n" + path + "\n" + params + "\n" + fields + "\n";
  const std::string signature = hmac(hmac(key.secret, time), "sha1\n" + time + "\n" + sha1(text) + "\n");
  return fmt::format("q-sign-algorithm=sha1&q-ak={}&q-sign-time={}&q-key-time={}&q-header-list={}&q-url-param-list={}&q-signature={}",
                     key.id, time, time, field_list, param_list, signature);
}

std::string Client::presigned_url(const Call& call) const {
  const std::string host = call.host.empty() ? fmt::format("127.0.0.1:{}", port_) : call.host;
  const std::string path = (call.host.empty() ? "/" + bucket_ : "") + "/" + call.key;
  Pairs query = call.query;
  if (!credentials.token.empty()) query.emplace_back("x-cos-security-token", credentials.token);
  const std::string fields = sign(credentials, call.method, path, query, {{"host", host}});
  std::string url = fmt::format("http://127.0.0.1:{}{}{}", port_, url_encode(path, true), query_string(query));
  std::istringstream in(fields);
  for (std::string field; std::getline(in, field, '&');) {
    const std::size_t equals = field.find('=');
    url += (url.find('?') == std::string::npos ? "?" : "&") + field.substr(0, equals + 1) + url_encode(field.substr(equals + 1));
  }
  return url;
}

Answer Client::send(const Call& call) const {
  const std::string host = call.host.empty() ? fmt::format("127.0.0.1:{}", port_) : call.host;
  const std::string path = (call.host.empty() ? "/" + bucket_ : "") + "/" + call.key;
  Pairs headers = {{"host", host}};
  std::vector<std::string> lines = {"Host: " + host, "Expect:"};
  if (!credentials.token.empty()) headers.emplace_back("x-cos-security-token", credentials.token);
  for (const auto& [name, value] : call.headers) {
    if (!value.empty()) headers.emplace_back(lower(name), value);
    if (value.empty()) lines.push_back(name + ":");
  }
  for (const auto& [name, value] : headers) {
    if (name != "host") lines.push_back(name + ": " + value);
  }
  if (call.is_signed && !call.presigned) lines.push_back("Authorization: " + sign(credentials, call.method, path, call.query, headers));
  if (!call.range.empty()) lines.push_back("Range: " + call.range);
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (call.method == "PUT" || call.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  const std::string plain = fmt::format("http://127.0.0.1:{}{}{}", port_, url_encode(path, true), query_string(call.query));
  const Answer answer = perform(curl, call.presigned ? presigned_url(call) : plain, lines);
  curl_easy_cleanup(curl);
  return answer;
}

Answer fetch(const std::string& url) {
  CURL* curl = curl_easy_init();
  const Answer answer = perform(curl, url, {"Accept-Language: en", "Sec-Fetch-Mode: navigate", "Cookie: a=b"});
  curl_easy_cleanup(curl);
  return answer;
}

std::string Client::initiate(const std::string& key, Pairs headers) const {
  return send({"POST", key, {{"uploads", ""}}, headers}).value("InitiateMultipartUploadResult/UploadId");
}

Answer Client::part(const std::string& key, const std::string& id, int number, const std::string& body) const {
  return send({"PUT", key, {{"partNumber", std::to_string(number)}, {"uploadId", id}}, {}, body});
}

Answer Client::complete(const std::string& key, const std::string& id, const std::vector<std::pair<int, std::string>>& parts,
                        Pairs headers) const {
  std::string xml = "<CompleteMultipartUpload>";
  for (const auto& [number, etag] : parts) xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, etag);
  return send({"POST", key, {{"uploadId", id}}, headers, xml + "</CompleteMultipartUpload>"});
}

std::string Answer::code() const { return value("Error/Code"); }

std::string Answer::value(const std::string& path) const {
  const auto all = values(path);
  return all.empty() ? std::string() : all.front();
}

std::vector<std::string> Answer::values(const std::string& path) const {
  pugi::xml_document document;
  document.load_string(body.c_str());
  std::vector<std::string> out;
  for (const pugi::xml_node node : nodes(document, path)) out.emplace_back(node.text().get());
  return out;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "cos-emulator-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ch::cos_emulator::Options World::options(const Folder& in) const {
  ch::cos_emulator::Options out;
  out.dir = in.path();
  out.buckets = {kBucket};
  out.access[kId] = {kSecret, "", std::nullopt};
  out.strict = true;
  return out;
}

std::size_t files_below(const std::filesystem::path& path) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file() ? 1 : 0;
  return count;
}

}  // namespace cos_test
