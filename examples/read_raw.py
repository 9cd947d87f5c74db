#!/usr/bin/env python3
"""Prints the records of objects that cos-sink stored with format=raw as JSON lines (docs/formats.md):

    read_raw.py FILE...        or, for compressed ones: zstd -dc OBJECT.raw.zst | read_raw.py /dev/stdin
"""

import base64
import json
import struct
import sys


def records(file):
    while head := file.read(4):
        (size,) = struct.unpack(">I", head)
        data = file.read(size)
        if len(data) != size or data[0] != 1:
            raise SystemExit("this is no raw object, or only a part of one")
        offset, timestamp = struct.unpack_from(">qq", data, 1)
        at = 17

        def some():
            nonlocal at
            (length,) = struct.unpack_from(">i", data, at)
            at += 4 + max(length, 0)
            return None if length < 0 else data[at - length : at]

        key, value = some(), some()
        (count,) = struct.unpack_from(">I", data, at)
        at += 4
        headers = [(some(), some()) for _ in range(count)]
        yield {"offset": offset, "timestamp": timestamp, "key": key, "value": value, "headers": headers}


def shown(data):
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, "rb") as opened:
            for record in records(opened):
                print(json.dumps(record, default=shown))
