"""The processes that the tests need: a host with an embedded Kafka broker, and a COS whose buckets can be broken."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ["CH_BIN_DIR"])
DEADLINE = 30  # s, for whatever must happen
BUCKET = "shop-1250000000"
KEY = ("browser-test-id", "browser-test-key")


def eventually(what, condition, deadline=DEADLINE):
    """Waits until the condition gives something true, and returns that."""
    end = time.monotonic() + deadline
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline} s")
        time.sleep(0.05)


def call(method, url, body=None, headers=None):
    """(status, headers, bytes) of one request; (0, {}, b"") if nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    if data:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return 0, {}, b""


class Process:
    """A program of the build, its output in a file; ends with the test, whatever happens."""

    def __init__(self, folder, name, *arguments, environment=None):
        self.output = pathlib.Path(tempfile.mkstemp(dir=folder, suffix=".log")[1])
        with open(self.output, "wb") as output:
            self._process = subprocess.Popen(
                [BIN / name, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
            )

    def read(self, pattern):
        """What the pattern's group matches in the output, once it does."""

        def look():
            found = re.search(pattern, self.output.read_text(errors="replace"))
            assert self._process.poll() is None or found, self.output.read_text(errors="replace")
            return found

        return eventually(f"output with {pattern}", look).group(1)

    def end(self, how=signal.SIGTERM):
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ch-browser-"))
        self._processes = []
        cos = self.start("cos-emulator", "--dir", self.folder / "cos", "--bucket", BUCKET, "--access", ":".join(KEY), "--admin")
        self.cos = cos.read(r"(http://127\.0\.0\.1:\d+)")
        dev = self.start("connector-host", "dev", "--listen", "http://127.0.0.1:0", "--dir", self.folder / "dev", environment={"TMPDIR": str(self.folder)})
        self.url = dev.read(r"Dashboard: +(\S+)/ui/")
        self.broker = dev.read(r"Kafka broker: +(\S+)")

    def start(self, *command, environment=None):
        process = Process(self.folder, *command, environment=environment)
        self._processes.append(process)
        return process

    def serve(self, name, port=0):
        """A second host, on the same broker, with a state of its own that stays when it is killed."""
        config = self.folder / f"{name}.json"
        config.write_text(
            json.dumps(
                {
                    "listeners": f"http://127.0.0.1:{port}",
                    "state.dir": str(self.folder / name),
                    "instances": {"shop": {"bootstrap.servers": self.broker, "region": "ap-guangzhou"}},
                }
            )
        )
        host = self.start("connector-host", "serve", "--config", config)
        return host, host.read(r"REST API at (\S+)")

    def cos_admin(self, command):
        status, _, body = call("POST", self.cos + "/-/admin", command)
        assert status == 200, body

    def api(self, method, path, body=None, url=None):
        status, _, text = call(method, (url or self.url) + path, body)
        assert status < 300, (method, path, status, text)
        return json.loads(text) if text else None

    def config(self, **changes):
        """A task's settings that work; keys with _ for . in their names."""
        config = {
            "topics": "orders",
            "start.position": "earliest",
            "cos.bucket": BUCKET,
            "cos.endpoint": self.cos + "/{bucket}",
            "cos.secret.id": KEY[0],
            "cos.secret.key": KEY[1],
            "rotate.interval.ms": "1000",
        }
        config.update({key.replace("_", "."): value for key, value in changes.items()})
        return config

    def close(self):
        for process in reversed(self._processes):
            process.end()
        shutil.rmtree(self.folder)
