#include <catch2/catch.hpp>

#include "cos/response_parsers.hpp"
#include "cos/xml.hpp"

using namespace ch::cos;

TEST_CASE("a listing: keys are decoded, times read, the next page's marker kept") {
  const auto page = read_list(
      "<?xml version='1.0' encoding='utf-8' ?><ListBucketResult><Name>b</Name><EncodingType>url</EncodingType><Prefix>a%20/</Prefix>"
      "<MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated><NextMarker>a%20/%E4%B8%AD%2B%25</NextMarker>"
      "<Contents><Key>a%20/1</Key><LastModified>2019-05-16T06:45:51.250Z</LastModified><ETag>\"e\"</ETag><Size>17</Size></Contents>"
      "<Contents><Key>a%20/%E4%B8%AD%2B%25</Key><LastModified>2019-05-16T06:45:51.000Z</LastModified><Size>0</Size></Contents>"
      "</ListBucketResult>");
  REQUIRE(page);
  REQUIRE(page->objects.size() == 2);
  CHECK(page->objects[0].key == "a /1");
  CHECK(page->objects[0].size == 17);
  CHECK(page->objects[0].modified_ms == 1557989151250);
  CHECK(page->objects[1].key == "a /中+%");
  CHECK(page->next_marker == "a /中+%");
}

TEST_CASE("a listing without encoding is taken as it is, and the last key stands in for a missing NextMarker") {
  const auto page = read_list(
      "<ns:ListBucketResult xmlns:ns='u'><ns:is-truncated>true</ns:is-truncated><Contents><Key>a%20&amp;b</Key><Size>1</Size></Contents>"
      "</ns:ListBucketResult>");
  REQUIRE(page);
  CHECK(page->objects.at(0).key == "a%20&b");
  CHECK(page->next_marker == "a%20&b");
  const auto last = read_list("<ListBucketResult><IsTruncated>false</IsTruncated><NextMarker>x</NextMarker></ListBucketResult>");
  REQUIRE(last);
  CHECK(last->next_marker.empty());
}

TEST_CASE("answers that are cut off or of another kind are refused") {
  CHECK_FALSE(read_list(""));
  CHECK_FALSE(read_list("<ListBucketResult><Contents><Key>a</Key>"));
  CHECK_FALSE(read_list("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>"));
  CHECK_FALSE(read_list("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
  CHECK_FALSE(read_list("<html/>"));
  CHECK_FALSE(read_upload_id("<InitiateMultipartUploadResult><Bucket>b</Bucket></InitiateMultipartUploadResult>"));
  CHECK_FALSE(read_parts("<ListPartsResult><Part><PartNumber>0</PartNumber><ETag>e</ETag><Size>1</Size></Part></ListPartsResult>"));
  CHECK_FALSE(read_parts("<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"));
  CHECK_FALSE(is_completed(""));
  CHECK_FALSE(is_completed(" \n "));
  CHECK_FALSE(is_completed("<CompleteMultipartUploadResult><Location>http://"));
}

TEST_CASE("versions: what never had any says nothing of them") {
  CHECK(read_versioning("<?xml version='1.0' encoding='utf-8' ?><VersioningConfiguration/>") == std::optional(false));
  CHECK(read_versioning("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>") == std::optional(true));
  CHECK(read_versioning("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>") == std::optional(true));
  CHECK_FALSE(read_versioning("<VersioningConfiguration><Status>Ena"));
  CHECK_FALSE(read_versioning("<html/>"));
}

TEST_CASE("an upload id, parts and a completion are read") {
  CHECK(read_upload_id(
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>15abc</UploadId></InitiateMultipartUploadResult>") ==
        std::optional<std::string>("15abc"));
  const auto page = read_parts(
      "<ListPartsResult><Encoding-type/><Part><PartNumber>2</PartNumber><ETag>\"ab\"</ETag><Size>1048576</Size></Part>"
      "<NextPartNumberMarker>2</NextPartNumberMarker><IsTruncated>true</IsTruncated></ListPartsResult>");
  REQUIRE(page);
  CHECK(page->parts.at(0).number == 2);
  CHECK(page->parts.at(0).etag == "\"ab\"");
  CHECK(page->parts.at(0).size == 1048576);
  CHECK(page->next_marker == "2");
  CHECK(
      is_completed("  \n\n<?xml version='1.0' encoding='utf-8' ?>\n<CompleteMultipartUploadResult "
                   "xmlns=\"http://www.qcloud.com/document/product/436/7751\">"
                   "<ETag>\"e-2\"</ETag></CompleteMultipartUploadResult>"));
}

TEST_CASE("the document that completes an upload") {
  CHECK(complete_document({{1, "\"a\"", 5}, {2, "\"b&\"", 6}}) ==
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>\"b&amp;\"</ETag></Part></CompleteMultipartUpload>");
}

TEST_CASE("HEAD: size, CRC64 and metadata come from headers") {
  Answer answer;
  answer.status = 200;
  answer.headers = {
      {"content-length", "12"}, {"etag", "\"e\""}, {"x-cos-hash-crc64ecma", "11051210869376104954"}, {"x-cos-meta-start-offset", "7"}};
  const auto head = read_head(answer);
  REQUIRE(head);
  CHECK(head->size == 12);
  CHECK(head->etag == "\"e\"");
  CHECK(head->crc64 == std::optional<std::uint64_t>(11051210869376104954U));
  CHECK(head->metadata == Metadata{{"start-offset", "7"}});
  answer.headers.erase("content-length");
  CHECK_FALSE(read_head(answer));
}

TEST_CASE("percent-decoding leaves plus signs and broken sequences") {
  CHECK(percent_decode("a%2Fb+%2f%e4%B8%AD") == "a/b+/中");
  CHECK(percent_decode("%") == "%");
  CHECK(percent_decode("%4") == "%4");
  CHECK(percent_decode("%zz%41") == "%zzA");
}

TEST_CASE("times are UTC with a Z") {
  CHECK(parse_utc_ms("1970-01-01T00:00:00Z") == std::optional<std::int64_t>(0));
  CHECK(parse_utc_ms("2024-02-29T23:59:59.007Z") == std::optional<std::int64_t>(1709251199007));
  for (const std::string_view wrong :
       {"", "Z", "2024-02-30T00:00:00Z", "2024-02-28T00:00:00", "2024-02-28 00:00:00Z", "x024-02-28T00:00:00Z"}) {
    INFO(wrong);
    CHECK_FALSE(parse_utc_ms(wrong));
  }
}
