"""Tencent's own SDK as the judge of our signatures, and of objects that we wrote."""

import hashlib
import json
import os
import random
import subprocess
import tempfile
import unittest
from unittest import mock
from urllib.parse import unquote

import crcmod.predefined
from qcloud_cos import CosConfig, CosS3Client, cos_auth
from qcloud_cos.cos_exception import CosServiceError

BIN = os.environ["CH_BIN_DIR"]
BUCKET = "archive-1250000000"
ID, KEY = "AKIDjudge", "judge-secret"
CONFIG = CosConfig(Region="ap-guangzhou", SecretId=ID, SecretKey=KEY)
SIGNATURES = 10_000

HEADERS = ["cache-control", "content-disposition", "content-encoding", "content-type", "content-md5", "content-length", "expires", "host",
           "if-match", "range", "x-cos-acl", "x-cos-meta-Kafka-Topic", "x-cos-security-token", "x-cos-storage-class", "X-Cos-Forbid-Overwrite"]
PARAMETERS = ["prefix", "delimiter", "marker", "max-keys", "encoding-type", "uploads", "partNumber", "uploadId", "response-content-type",
              "response-content-disposition", "a b", "x/y", "~tilde*", "UPPER"]
CHARACTERS = list("abcXYZ0189-_.~ +%/*!'()&=?#;:,@$[]{}|^`\"<>\\") + ["%2F", "%25", "中", "文", "é", "ß", "😀", "\u00a0"]


def judge(arguments, requests):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([f"{BIN}/cos_judge", *arguments], input=lines.encode(), stdout=subprocess.PIPE, check=True, timeout=100)
    return done.stdout.decode().splitlines()


def text(rng, least, most):
    # Blanks at the ends of a value do not arrive: not part of the comparison.
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(least, most))).strip()


def random_request(rng):
    start = rng.randint(1_500_000_000, 2_000_000_000)
    return {
        "id": "AKID" + text(rng, 5, 20).replace("&", ""),
        "key": text(rng, 1, 40) or "k",
        "method": rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"]),
        "path": "/" + text(rng, 0, 60),
        "query": {name: text(rng, 0, 20) for name in rng.sample(PARAMETERS, rng.randint(0, 5))},
        "headers": {name: text(rng, 1, 30) or "v" for name in rng.sample(HEADERS, rng.randint(0, 6)) if name != "host"} | {"host": "h.example"},
        "start": start,
        "end": start + rng.randint(1, 100_000),
    }


class Request:
    def __init__(self, request):
        self.method, self.headers, self.url = request["method"], dict(request["headers"]), "http://h.example/"


def sdk_signature(request):
    # The SDK signs from a minute ago on.
    auth = cos_auth.CosS3Auth(CONFIG, None, request["query"], request["end"] - request["start"] - 60)
    auth._path = request["path"]
    auth._secret_id, auth._secret_key = request["id"], request["key"]
    signed = Request(request)
    with mock.patch.object(cos_auth.time, "time", return_value=request["start"] + 60):
        auth(signed)
    return signed.headers["Authorization"]


class Signatures(unittest.TestCase):
    def test_random_requests_are_signed_alike(self):
        seed = random.randrange(2**32)
        rng = random.Random(seed)
        requests = [random_request(rng) for _ in range(SIGNATURES)]
        ours = judge(["sign"], requests)
        self.assertEqual(len(ours), len(requests))
        for request, mine in zip(requests, ours):
            self.assertEqual(mine, sdk_signature(request), f"seed {seed}: {request}")
        print(f"signatures equal to the SDK's: {len(ours)}")


class Objects(unittest.TestCase):
    """What our client stored, in the emulator, as the SDK reads it."""

    KEYS = ["a/plain.txt", "space key", "plus+plus", "per%cent", "%2F", "til~de", "st*ar", "quo'te", "(round)!", "中文/路径", "q?u&b=#c", "emoji-😀"]

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory(prefix="ch-cos-sdk-")
        cls.addClassCleanup(cls.dir.cleanup)
        cls.emulator = subprocess.Popen(
            [f"{BIN}/cos-emulator", "--dir", cls.dir.name, "--bucket", BUCKET, "--access", f"{ID}:{KEY}"], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.stop_emulator)  # whatever fails below: it would outlive the test
        cls.url = cls.emulator.stdout.readline().strip()
        cls.client = CosS3Client(CosConfig(Region="ap-guangzhou", SecretId=ID, SecretKey=KEY, Scheme="http", IP="127.0.0.1",
                                           Port=int(cls.url.rsplit(":", 1)[1])), retry=1)
        cls.objects = [{"key": key, "text": f"value of {key}\n", "repeat": 3, "part_bytes": 0} for key in cls.KEYS]
        cls.objects.append({"key": "large/object.txt", "text": "0123456789abcde\n", "repeat": 200_000, "part_bytes": 1 << 20})
        cls.crcs = judge(["store", f"{cls.url}/{BUCKET}", BUCKET, ID, KEY], cls.objects)

    @classmethod
    def stop_emulator(cls):
        cls.emulator.terminate()
        cls.emulator.wait()
        cls.emulator.stdout.close()

    def test_objects_are_read_and_verified(self):
        for stored, crc in zip(self.objects, self.crcs):
            with self.subTest(stored["key"]):
                content = (stored["text"] * stored["repeat"]).encode()
                answer = self.client.get_object(Bucket=BUCKET, Key=stored["key"])
                self.assertEqual(answer["Body"].get_raw_stream().read(), content)
                self.assertEqual(answer["x-cos-hash-crc64ecma"], crc)
                mine = crcmod.Crc(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True)
                mine.update(content)
                self.assertEqual(str(mine.crcValue), crc)
                self.assertEqual(answer["x-cos-meta-start-offset"], "7")
                head = self.client.head_object(Bucket=BUCKET, Key=stored["key"])
                self.assertEqual(int(head["Content-Length"]), len(content))
                if stored["part_bytes"] == 0:
                    self.assertEqual(head["ETag"], '"' + hashlib.md5(content).hexdigest() + '"')
                with self.assertRaises(CosServiceError) as refused:  # put-if-absent is honoured against the SDK, too
                    self.client.put_object(Bucket=BUCKET, Key=stored["key"], Body=b"other", Metadata={"x-cos-forbid-overwrite": "true"})
                self.assertEqual(refused.exception.get_status_code(), 409)

    def test_objects_are_listed_in_pages(self):
        keys, marker = [], ""
        while True:
            page = self.client.list_objects(Bucket=BUCKET, Marker=marker, MaxKeys=5, EncodingType="url")
            keys += [entry["Key"] for entry in page.get("Contents", [])]
            if page["IsTruncated"] == "false":
                break
            marker = unquote(page["NextMarker"])
        self.assertEqual([unquote(key) for key in keys], sorted((o["key"] for o in self.objects), key=lambda key: key.encode()))

    def test_a_range_is_downloaded(self):
        answer = self.client.get_object(Bucket=BUCKET, Key="large/object.txt", Range="bytes=16-31")
        self.assertEqual(answer["Body"].get_raw_stream().read(), b"0123456789abcde\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
