"""What tests in Python start: a Kafka broker, a Connect worker and our host, each on free ports and with a temporary folder.
Everything is stopped by its process when the `with` ends."""

import contextlib
import fcntl
import functools
import itertools
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

BIN = pathlib.Path(os.environ["CH_BIN_DIR"])
SOURCE = pathlib.Path(os.environ["CH_SOURCE_DIR"])
START_LIMIT = 120
BLOCKS, BLOCK_PORTS = 60, 200  # from 20000 on: below those that the kernel gives to others


def own_block():
    """Ports that no other process looks in, as tests/support/process/net.cpp has it; its lock ends with this process."""
    for tried in range(BLOCKS):
        block = (os.getpid() + tried) % BLOCKS
        path = f"/tmp/connector-host-test-ports.{block}"
        with contextlib.suppress(OSError):
            lock = os.open(path, os.O_RDONLY | (0 if os.path.exists(path) else os.O_CREAT), 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return range(20000 + block * BLOCK_PORTS, 20000 + (block + 1) * BLOCK_PORTS)
            except OSError:
                os.close(lock)
    raise AssertionError("every block of ports is another process's")


@functools.lru_cache(maxsize=None)
def _ports():
    return itertools.cycle(own_block())


def free_port():
    """One that stays free until it is used; each another, as tests/support/process/net.hpp has it."""
    for _ in range(BLOCK_PORTS):
        port = next(_ports())
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def until(what, test, limit=START_LIMIT):
    """The first true answer of `test`; an exception that names `what` if there is none in time."""
    deadline = time.monotonic() + limit
    last = None
    while time.monotonic() < deadline:
        last = test()
        if last:
            return last
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {limit} s; at last {last!r}")


def jars_of(name, pom):
    """The folder with the jars that a POM of tests/support/kafka names."""
    cache = pathlib.Path(os.environ.get("CH_TEST_CACHE", pathlib.Path.home() / ".cache/connector-host-tests"))
    tools = SOURCE / "tests/support/kafka"
    done = subprocess.run(
        [tools / "fetch_kafka.sh", cache / name, tools / pom], check=True, capture_output=True, text=True
    )
    return pathlib.Path(done.stdout.strip())


def connect_jars():
    """Those of a Connect worker and of its broker."""
    return jars_of("connect-4.3.0", "connect-pom.xml")


@contextlib.contextmanager
def running(command, log, **options):
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    try:
        yield process
    except BaseException:
        print(f"--- the end of {log}:\n" + "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-40:]))
        raise
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def java(jars, main, *arguments):
    return [
        "java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp", f"{jars}/*", main, *map(str, arguments),
    ]


@contextlib.contextmanager
def broker(folder, jars):
    """Its bootstrap address, once it takes connections."""
    folder.mkdir(exist_ok=True)
    port, controller = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(
        f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/kafka
num.partitions=1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""
    )
    subprocess.run(
        java(jars, "kafka.tools.StorageTool", "format", "-t", "CcccccccccccccccccccAA"[:21] + "A", "-c", config),
        check=True, capture_output=True,
    )
    with running(java(jars, "kafka.Kafka", config), folder / "broker.log") as process:
        address = f"127.0.0.1:{port}"

        def answers():
            assert process.poll() is None, "the broker has ended"
            listed = subprocess.run(["kcat", "-b", address, "-L", "-m", "2"], capture_output=True, text=True, check=False)
            return listed.returncode == 0 and " 1 brokers" in listed.stdout

        until("the broker answers", answers)
        yield address


def produce(address, topic, lines):
    """To partition 0; makes the topic."""
    subprocess.run(
        ["kcat", "-b", address, "-P", "-t", topic, "-p", "0"], input="".join(f"{line}\n" for line in lines), text=True, check=True
    )


def request(method, url, body=None):
    """(status, bytes) of one request; (0, b"") if nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def get_json(url):
    try:
        return json.loads(request("GET", url)[1])
    except ValueError:
        return None


def figure(text):
    """Prints what was measured, and appends it to the file that CH_TEST_FIGURES names."""
    print(text)
    if "CH_TEST_FIGURES" in os.environ:
        with open(os.environ["CH_TEST_FIGURES"], "a", encoding="utf-8") as out:
            print(text, file=out)


@contextlib.contextmanager
def connect_worker(folder, jars, address):
    """The URL of a distributed worker that serves."""
    url = f"http://127.0.0.1:{free_port()}"
    plugins = folder / "plugins"
    plugins.mkdir()
    for jar in jars.glob("connect-file-*.jar"):
        (plugins / jar.name).symlink_to(jar)
    config = folder / "connect.properties"
    config.write_text(
        f"""bootstrap.servers={address}
group.id=oracle
listeners={url}
plugin.path={plugins}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=oracle-config
offset.storage.topic=oracle-offsets
status.storage.topic=oracle-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
offset.flush.interval.ms=500
"""
    )
    with running(java(jars, "org.apache.kafka.connect.cli.ConnectDistributed", config), folder / "connect.log") as process:

        def serves():
            assert process.poll() is None, "the worker has ended"
            return get_json(f"{url}/connectors") == []

        until("the Connect worker serves", serves)
        yield url


@contextlib.contextmanager
def host(folder, address, config=None, environment=None):
    """The URL of a connector-host that serves."""
    folder.mkdir(exist_ok=True)
    url = f"http://127.0.0.1:{free_port()}"
    settings = {"listeners": url, "state.dir": str(folder / "state"), "rotate.interval.min.ms": "100", "bootstrap.servers": address,
                "file.sink.allowed.paths": str(folder.parent)}
    file = folder / "host.json"
    file.write_text(json.dumps({**settings, **(config or {})}))
    own = {key: value for key, value in os.environ.items() if not key.startswith("CONNECTOR_HOST_")}
    with running([BIN / "connector-host", "serve", "--config", file], folder / "host.log", env={**own, **(environment or {})}) as process:

        def serves():
            assert process.poll() is None, "the host has ended"
            return (get_json(f"{url}/health") or {}).get("status") == "healthy"

        until("the host serves", serves)
        yield url
