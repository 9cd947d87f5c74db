#!/usr/bin/env python3
"""Programs of others against the host, with a real broker: the whole command sets of kafka-connect-py and of SourceLab's
client, and the script lines of the CI jobs in examples/ci."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import yaml

from processes import BIN, SOURCE, broker, connect_jars, figure, free_port, host, jars_of, produce, running

TOPIC = "orders"
BUCKET = "archive-1250000000"
KEY = ("ci-test-id", "ci-test-key")


def kc(url, *arguments):
    """What `kc` prints, as JSON where it is; its exit status is 0 whatever happens."""
    command = [pathlib.Path(sys.executable).with_name("kc"), "--url", url, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "NO_PROXY": "*"})
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.stdout.strip()


def check_kafka_connect_py(url, folder):
    config = {"connector.class": "file-sink", "topics": TOPIC, "file.dir": str(folder), "start.position": "earliest", "tasks.max": "1"}
    task = folder / "task.json"
    task.write_text(json.dumps({"name": "kc", "config": config}))
    flat = folder / "config.json"
    flat.write_text(json.dumps(config))
    asked = 0

    def expect(test, *arguments):
        nonlocal asked
        asked += 1
        deadline = time.monotonic() + 30
        while True:
            got = kc(url, *arguments)
            try:
                if test(got):
                    return
            except (KeyError, TypeError, IndexError):
                pass
            assert time.monotonic() < deadline, f"kc {' '.join(arguments)}: {got!r}"
            time.sleep(0.2)

    def state(connector, task):
        return lambda got: got["connector"]["state"] == connector and [one["state"] for one in got["tasks"]] == [task]

    expect(lambda got: got["version"].startswith("4."), "info")
    expect(lambda got: {one["class"] for one in got} >= {"file-sink", "cos-sink"}, "list-plugins")
    expect(lambda got: got == [], "list")
    expect(lambda got: got["name"] == "kc", "create", "--config-file", str(task))
    expect(lambda got: got == ["kc"], "list")
    expect(lambda got: got["config"] == {**config, "name": "kc"}, "get", "kc")
    expect(lambda got: got == {**config, "name": "kc"}, "config", "kc")
    expect(state("RUNNING", "RUNNING"), "status", "kc")
    expect(lambda got: got["name"] == "kc", "update", "kc", "--config-file", str(flat))
    expect(lambda got: got[0]["id"] == {"connector": "kc", "task": 0}, "list-tasks", "kc")
    expect(lambda got: got["state"] == "RUNNING", "task-status", "kc", "0")
    expect(lambda got: got["kc"]["topics"] == [TOPIC], "list-topics", "kc")
    expect(lambda got: True, "reset-topics", "kc")
    expect(lambda got: True, "pause", "kc")
    expect(state("PAUSED", "PAUSED"), "status", "kc")
    expect(lambda got: True, "resume", "kc")
    expect(state("RUNNING", "RUNNING"), "status", "kc")
    expect(lambda got: True, "restart", "kc")
    expect(lambda got: True, "restart-task", "kc", "0")
    expect(state("RUNNING", "RUNNING"), "status", "kc")
    # It sends the configuration as a JSON text, which every server refuses; this one says what would be right.
    expect(lambda got: "JSON object" in json.dumps(got) or "400" in json.dumps(got), "validate-config", "file-sink", "--config-file", str(flat))
    expect(lambda got: True, "delete", "kc")
    expect(lambda got: got == [], "list")
    print(f"kafka-connect-py 1.0.0: {asked} commands, all that there are")


def check_sourcelab(url, folder):
    jars = jars_of("sourcelab-4.0.5", "sourcelab-pom.xml")
    files = folder / "sourcelab"
    files.mkdir()
    done = subprocess.run(["java", "-cp", f"{jars}/*", SOURCE / "tests/system/connect/SourceLab.java", url, files, TOPIC],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout} {done.stderr[-4000:]}"
    print(f"SourceLab kafka-connect-client 4.0.5: {done.stdout.strip()}, all that there are")


def script_lines():
    """(job, [line]) of the examples, without the deployment itself."""
    github = yaml.safe_load((SOURCE / "examples/ci/github-actions.yml").read_text())
    lines = [line for step in github["jobs"]["deploy"]["steps"] for line in step.get("run", "").splitlines()]
    yield "GitHub Actions", lines
    gitlab = yaml.safe_load((SOURCE / "examples/ci/gitlab-ci.yml").read_text())["deploy"]
    yield "GitLab CI", gitlab["script"] + gitlab["after_script"]


@contextlib.contextmanager
def cos(folder):
    """The endpoint of a COS with an empty bucket."""
    port = free_port()
    command = [BIN / "cos-emulator", "--dir", folder / "cos", "--port", str(port), "--bucket", BUCKET, "--access", ":".join(KEY)]
    with running(command, folder / "cos.log"):
        yield f"http://127.0.0.1:{port}/{{bucket}}"


def check_ci_jobs(url, address, folder, endpoint):
    for job, lines in script_lines():
        assert any("archive.sh start" in line for line in lines) and any("archive.sh stop" in line for line in lines), job
        name = re.sub(r"\W", "-", job.lower())
        task = folder / f"{name}.json"
        config = {"topics": TOPIC, "start.position": "latest", "object.key.template": "{task}/{partition}-{start_offset}{ext}", "cos.bucket": BUCKET,
                  "cos.endpoint": endpoint, "cos.secret.id": KEY[0], "cos.secret.key": KEY[1], "rotate.records": "30"}
        task.write_text(json.dumps({"name": name, "config": config}, indent=2))
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "CONNECTOR_HOST_URL": url, "TASKFILE": str(task), "TASK": name}
        printed = ""
        for line in lines:
            if line == "./deploy.sh":
                produce(address, TOPIC, [f"{job} {number}" for number in range(100)])
                continue
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{job}: {line}: {done.returncode} {done.stdout} {done.stderr}"
            printed += done.stdout
        assert re.search(r"Stored right: +yes", printed) and re.search(r"All stored: +yes", printed) and re.search(r"Records: +100\b", printed), printed
        fetched = folder / f"{name}-fetched"
        subprocess.run([BIN / "connector-host", "task", "objects", name, "--download", fetched], env=environment, check=True, capture_output=True)
        objects = sorted(fetched.rglob("*.txt"), key=lambda file: int(file.stem.split("-")[-1]))
        stored = [line for file in objects for line in file.read_text().splitlines()]
        assert stored == [f"{job} {number}" for number in range(100)], f"{job}: {len(stored)} records"
    print("examples/ci: the script lines of 2 jobs, exit status 0, each of 100 records stored once")


def check_broker_down(folder):
    """With the broker down the job ends in time, with 5 and a line that says why."""
    with host(folder / "alone", f"127.0.0.1:{free_port()}") as url:
        task = folder / "down.json"
        task.write_text(json.dumps({"name": "down", "config": {"connector.class": "file-sink", "topics": TOPIC, "file.dir": str(folder)}}, indent=2))
        environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "CONNECTOR_HOST_URL": url, "ARCHIVE_WAIT": "3s"}
        begin = time.monotonic()
        done = subprocess.run([SOURCE / "examples/ci/archive.sh", "start", task], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 5, done
        assert "broker_unreachable" in done.stderr, done.stderr
        took = time.monotonic() - begin
        assert 3 <= took < 30, took
        figure(f"CI job with the broker down: exit status 5 after {took:.1f} s with --wait 3s: {done.stderr.strip()[:200]}")


def main():
    jars = connect_jars()
    with tempfile.TemporaryDirectory(prefix="ch-clients-") as name:
        folder = pathlib.Path(name)
        check_broker_down(folder)
        with broker(folder / "broker", jars) as address:
            produce(address, TOPIC, [f"record {number}" for number in range(20)])
            with host(folder / "host", address) as url, cos(folder) as endpoint:
                check_kafka_connect_py(url, folder)
                check_sourcelab(url, folder)
                check_ci_jobs(url, address, folder, endpoint)
    return 0


if __name__ == "__main__":
    sys.exit(main())
