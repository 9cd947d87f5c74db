#!/usr/bin/env python3
"""The files in schemas/ are JSON Schemas (draft-07) that accept what is right and refuse what is not, as an editor
would apply them. usage: schemas_test.py SCHEMAS_FOLDER"""

import json
import pathlib
import sys
import unittest

import jsonschema

FOLDER = pathlib.Path(sys.argv.pop(1))
CONNECTORS = sorted(path.name for path in FOLDER.glob("*.schema.json") if path.name.split(".")[0] not in ("host", "task"))

TASK = {"topics": "orders"}
COS = {"cos.bucket": "archive-1250000000", "cos.secret.id": "id", "cos.secret.key": "key"}


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def flat(schema, strict=True):
    """The schema as one for a whole config: with unknown keys refused."""
    return {**schema, "additionalProperties": not strict}


class Schemas(unittest.TestCase):
    def check(self, schema, good, bad):
        validator = jsonschema.Draft7Validator(schema)
        for config in good:
            with self.subTest(good=config):
                self.assertEqual([error.message for error in validator.iter_errors(config)], [])
        for config in bad:
            with self.subTest(bad=config):
                self.assertFalse(validator.is_valid(config))

    def test_all_are_draft_07(self):
        files = sorted(path.name for path in FOLDER.glob("*.schema.json"))
        self.assertIn("cos-sink.schema.json", files)
        for name in files:
            with self.subTest(name):
                schema = load(name)
                self.assertEqual(schema["$schema"], "http://json-schema.org/draft-07/schema#")
                jsonschema.Draft7Validator.check_schema(schema)

    def test_every_key_is_documented(self):
        for name in sorted(path.name for path in FOLDER.glob("*.schema.json")):
            for key, words in load(name)["properties"].items():
                with self.subTest(f"{name}: {key}"):
                    self.assertRegex(words["description"], r"^[A-Z].{20,}\.$")
                    self.assertTrue(words["x-group"])
                    self.assertIsInstance(words["x-order"], int)
                    self.assertIn(words["x-importance"], ("high", "medium", "low"))

    def test_defaults_fit(self):
        for name in sorted(path.name for path in FOLDER.glob("*.schema.json")):
            for key, words in load(name)["properties"].items():
                if "default" in words:
                    with self.subTest(f"{name}: {key}"):
                        jsonschema.Draft7Validator(words).validate(words["default"])

    def test_no_key_is_in_a_connector_and_in_every_task(self):
        common = set(load("task.schema.json")["properties"])
        for name in CONNECTORS:
            self.assertEqual(common & set(load(name)["properties"]), set(), name)

    def test_host(self):
        self.check(
            load("host.schema.json"),
            good=[
                {},
                {"listeners": "http://127.0.0.1:0", "memory.limit": "512MiB", "log.level": "debug", "log.format": "json"},
                {"bootstrap.servers": "a:9092,b:9092", "rotate.interval.min.ms": 1000},
                {"instances": {"ckafka-1": {"bootstrap.servers": "a:9092", "region": "ap-guangzhou", "sasl.username": "u"}}},
            ],
            bad=[
                {"listener": "http://127.0.0.1:0"},
                {"listeners": ""},
                {"memory.limit": "512MB"},
                {"memory.limit": 1},
                {"log.level": "trace"},
                {"rotate.interval.min.ms": 0},
                {"rotate.interval.min.ms": "5m"},
                {"instances": {"ckafka-1": {"region": "ap-guangzhou"}}},
                {"instances": {"ckafka-1": {"bootstrap.servers": "a:9092", "sasl": {"username": "u"}}}},
            ],
        )

    def test_task(self):
        self.check(
            flat(load("task.schema.json")),
            good=[
                TASK,
                {"topics.regex": "^orders-.*", "connector.class": "cos-sink", "instance.id": "ckafka-1", "tasks.max": "4"},
                {**TASK, "start.position": "earliest", "buffer.memory": "128MiB", "upload.threads": 4},
                {**TASK, "start.position": "2026-11-25T03:00:00Z"},
                {**TASK, "consumer.override.fetch.min.bytes": "65536"},
                {**TASK, "errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dead", "errors.log.enable": "true"},
            ],
            bad=[
                {},
                {**TASK, "topics.regex": "^orders"},
                {"topics": ""},
                {**TASK, "topic": "orders"},
                {**TASK, "tasks.max": 0},
                {**TASK, "tasks.max": "many"},
                {**TASK, "start.position": "beginning"},
                {**TASK, "buffer.memory": "1.5GiB"},
                {**TASK, "upload.threads": 65},
                {**TASK, "consumer.override.": "x"},
                {**TASK, "errors.tolerance": "some"},
            ],
        )

    def test_cos_sink(self):
        self.check(
            flat(load("cos-sink.schema.json")),
            good=[
                COS,
                {**COS, "cos.region": "ap-guangzhou", "cos.cross.region.allowed": "true", "cos.session.token": "t"},
                {**COS, "cos.endpoint": "http://127.0.0.1:9000/{bucket}", "cos.acl": "default", "cos.storage.class": "MAZ_STANDARD"},
                {**COS, "time.granularity.minutes": "60", "rotate.bytes": "100MiB", "rotate.records": 0, "part.bytes": "1MiB"},
                {"cos.bucket": COS["cos.bucket"], "cos.credentials": "instance-role"},
                {**COS, "cos.credentials": "assume-role", "cos.role.arn": "qcs::cam::uin/100000000001:roleName/r"},
                {**COS, "cos.server.side.encryption": "cos/kms", "cos.server.side.encryption.kms.key.id": "k", "cos.bucket.create": True},
                {**COS, "cos.server.side.encryption": "AES256", "format": "string", "compression": "none"},
                {**COS, "format": "jsonl", "jsonl.fields": "key,value", "compression": "zstd", "compression.level": 3, "behavior.on.null.values": "ignore"},
            ],
            bad=[
                {},
                {**COS, "cos.bucket": "Archive-1250000000"},
                {**COS, "cos.bucket": "archive"},
                {**COS, "cos.region": ""},
                {**COS, "cos.cross.region.allowed": "yes"},
                {**COS, "cos.endpoint": "ftp://127.0.0.1"},
                {**COS, "cos.credentials": "anonymous"},
                {**COS, "cos.role.arn": "cosCkafka_QCSRole"},
                {**COS, "sts.endpoint": "sts.tencentcloudapi.com"},
                {**COS, "cvm.metadata.endpoint": "http://metadata.tencentyun.com"},
                {**COS, "host.sts.endpoint": "https://sts.tencentcloudapi.com"},
                {**COS, "cos.acl": "public-read-write"},
                {**COS, "cos.storage.class": "COLD"},
                {**COS, "cos.server.side.encryption": "KMS"},
                {**COS, "time.granularity.minutes": 4},
                {**COS, "time.granularity.minutes": 61},
                {**COS, "rotate.interval.ms": 0},
                {**COS, "rotate.bytes": "-1"},
                {**COS, "part.bytes": 1048575},
                {**COS, "part.bytes": 5368709121},
                {**COS, "object.key.template": "x" * 513},
                {**COS, "format": "parquet"},
                {**COS, "compression.level": 7},
                {**COS, "behavior.on.null.values": "drop"},
                {**COS, "compression": "lzma"},
            ],
        )

    def test_secrets_are_marked(self):
        for name in CONNECTORS:
            for key, words in load(name)["properties"].items():
                if any(part in key for part in ("secret", "token", "password")) and not words.get("x-file"):
                    self.assertTrue(words.get("x-password"), f"{name}: {key}")


if __name__ == "__main__":
    unittest.main()
