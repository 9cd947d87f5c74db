#!/usr/bin/env python3
"""Prints the records of objects that cos-sink stored with format=raw (docs/formats.md) as JSON lines.

Compressed objects (gzip, zstd) are recognised by their content. Keys, values and headers are base64, as they may hold any
bytes; with --text those that are UTF-8 are printed as text.
"""

import argparse
import base64
import contextlib
import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib

MOST = 1 << 30  # bytes of a record: more than a broker takes


class Wrong(Exception):
    """What cannot be read, in words for whoever called this."""


def parts(data):
    """The record that stands behind its size."""
    at = 0

    def number(form):
        nonlocal at
        value = struct.unpack_from(form, data, at)[0]
        at += struct.calcsize(form)
        return value

    def some():
        nonlocal at
        size = number(">i")
        if size > len(data) - at:
            raise struct.error
        at += max(size, 0)
        return None if size < 0 else data[at - size : at]

    version = number(">B")
    if version != 1:
        raise Wrong(f"a record has version {version}, and 1 is known here: is it an object of format=raw?")
    record = {"offset": number(">q"), "timestamp": number(">q"), "key": some(), "value": some()}
    record["headers"] = [(some(), some()) for _ in range(number(">I"))]
    if at != len(data):
        raise struct.error
    return record


def records(file):
    count = 0
    while head := file.read(4):
        size = int.from_bytes(head, "big")
        if len(head) < 4 or size > MOST:
            raise Wrong(f"after {count} records: this is no object of format=raw, or only a part of one")
        data = file.read(size)
        if len(data) < size:
            raise Wrong(f"after {count} records: it ends within a record, so that it is no object of format=raw, or only a part of one")
        try:
            yield parts(data)
        except struct.error:
            raise Wrong(f"after {count} records: a record contradicts its size: this is no object of format=raw") from None
        count += 1


@contextlib.contextmanager
def unpacked_zstd(file):
    """What the program `zstd` makes of it: Python has a module of its own since 3.14 only."""
    program = shutil.which("zstd")
    if program is None:
        raise Wrong("it is compressed with zstd: install the program zstd (package zstd)")
    with subprocess.Popen([program, "-dcq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:

        def feed():
            with contextlib.suppress(BrokenPipeError), process.stdin:
                shutil.copyfileobj(file, process.stdin)

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        try:
            yield process.stdout
            feeder.join()
            said = process.stderr.read().decode(errors="replace").strip()
            if process.wait() != 0:
                raise Wrong(f"zstd cannot unpack it: {said}")
        finally:
            process.kill()


@contextlib.contextmanager
def opened(path):
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb"))
        begin = file.peek(4)[:4]
        if begin.startswith(b"\x1f\x8b"):
            file = stack.enter_context(gzip.open(file))
        elif begin == b"\x28\xb5\x2f\xfd":
            file = stack.enter_context(unpacked_zstd(file))
        yield file


def as_base64(data):
    return base64.b64encode(data).decode()


def as_text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": as_base64(data)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="+", metavar="FILE", help="an object that was downloaded; - reads standard input")
    parser.add_argument("--text", action="store_true", help='UTF-8 as text; what is not UTF-8 as {"base64": "..."}')
    arguments = parser.parse_args()
    shown = as_text if arguments.text else as_base64
    try:
        for path in arguments.file:
            try:
                with opened(path) as file:
                    for record in records(file):
                        print(json.dumps(record, default=shown, ensure_ascii=False))
            except BrokenPipeError:
                raise
            except (Wrong, OSError, EOFError, zlib.error) as error:
                sys.stdout.flush()
                name = "standard input" if path == "-" else path
                print(f"read_raw.py: {name}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
                return 1
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
