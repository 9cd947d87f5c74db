#!/usr/bin/env python3
"""examples/read_raw.py, run as a user runs it, on objects that are laid out by hand as docs/formats.md says."""

import base64
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(os.environ["CH_SOURCE_DIR"]) / "examples/read_raw.py"


def some(data):
    return struct.pack(">i", -1) if data is None else struct.pack(">i", len(data)) + data


def record(offset, key, value, headers=()):
    body = struct.pack(">Bqq", 1, offset, 1700000001123) + some(key) + some(value) + struct.pack(">I", len(headers))
    body += b"".join(some(name) + some(header) for name, header in headers)
    return struct.pack(">I", len(body)) + body


OBJECT = record(7, b"k", "Zoë".encode()) + record(8, None, b"\xff\x00", [(b"h", None), (b"i", b"")])


def run(*arguments, given=None):
    return subprocess.run([sys.executable, SCRIPT, *arguments], input=given, capture_output=True, timeout=60, check=False)


class ReadRaw(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = pathlib.Path(self.folder.name) / name
        path.write_bytes(content)
        return path

    def check(self, done, *, text=False, times=1):
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        coded = {"base64": base64.b64encode(b"\xff\x00").decode()} if text else base64.b64encode(b"\xff\x00").decode()
        plain = (lambda data: data.decode()) if text else (lambda data: base64.b64encode(data).decode())
        self.assertEqual(
            [json.loads(line) for line in done.stdout.splitlines()],
            [
                {"offset": 7, "timestamp": 1700000001123, "key": plain(b"k"), "value": plain("Zoë".encode()), "headers": []},
                {"offset": 8, "timestamp": 1700000001123, "key": None, "value": coded, "headers": [[plain(b"h"), None], [plain(b"i"), ""]]},
            ]
            * times,
        )

    def zstd(self, content):
        return subprocess.run(["zstd", "-cq"], input=content, capture_output=True, check=True).stdout

    def test_plain_and_compressed_objects_by_name_and_from_standard_input(self):
        for name, content in {"a.raw": OBJECT, "a.raw.gz": gzip.compress(OBJECT), "a.raw.zst": self.zstd(OBJECT)}.items():
            with self.subTest(name):
                self.check(run(self.file(name, content)))
                self.check(run("-", given=content))
                self.check(run("--text", self.file(name, content)), text=True)

    def test_objects_that_were_joined_and_several_of_them(self):
        self.check(run(self.file("j.raw.gz", gzip.compress(OBJECT) + gzip.compress(OBJECT)), self.file("j.zst", self.zstd(OBJECT) * 2)), times=4)
        self.assertEqual(run(self.file("empty", b"")).returncode, 0)

    def test_more_than_a_pipe_holds(self):
        many = record(1, None, b"x" * 1000) * 5000
        done = run(self.file("many.zst", self.zstd(many)))
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 5000))

    def test_help(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"FILE", done.stdout)
        self.assertEqual(run().returncode, 2)

    def test_what_cannot_be_read_is_said_in_one_line(self):
        wrong = {
            "no object": b'{"a": 1}\n',
            "cut": OBJECT[:-3],
            "cut in a size": OBJECT + b"\0\0",
            "its sizes contradict one another": struct.pack(">IBqqi", 21, 1, 0, 0, 100),
            "of a later version": struct.pack(">IB", 1, 9),
            "cut gzip": gzip.compress(OBJECT)[:-10],
            "broken gzip": gzip.compress(OBJECT)[:12] + b"\xff" * 20,
            "cut zstd": self.zstd(OBJECT)[:-5],
        }
        for name, content in wrong.items():
            with self.subTest(name):
                path = self.file("wrong", content)
                for done in (run(path), run("-", given=content)):
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                    self.assertTrue(done.stderr.startswith(b"read_raw.py: "), done.stderr)
        missing = run("/no/such/file")
        self.assertEqual((missing.returncode, missing.stderr), (1, b"read_raw.py: /no/such/file: No such file or directory\n"))
        self.assertEqual(run(self.folder.name).returncode, 1)

    def test_whoever_reads_may_stop(self):
        path = self.file("many", record(1, None, b"x" * 1000) * 5000)
        with subprocess.Popen([sys.executable, SCRIPT, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual((process.stderr.read(), process.wait(60)), (b"", 0))


if __name__ == "__main__":
    unittest.main()
