#!/usr/bin/env python3
"""Every format and compression, read back by readers that share no code with the writer (support/python/read_formats.py)."""

import os
import pathlib
import subprocess
import sys
import tempfile

READER = pathlib.Path(os.environ["CH_SOURCE_DIR"]) / "tests/support/python/read_formats.py"
ALL_FIELDS = "topic,partition,offset,timestamp,key,value,headers"

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([pathlib.Path(os.environ["CH_BIN_DIR"]) / "write_formats", folder], check=True)
    objects = []
    for path in sorted(pathlib.Path(folder).glob("*.*")):
        if path.name == "expected.json":
            continue
        fields = "=" + ALL_FIELDS if path.name.startswith("all-fields") else ""
        objects.append(f"{path}{fields}")
    sys.exit(subprocess.run([sys.executable, READER, "--each", f"{folder}/expected.json", *objects]).returncode)
