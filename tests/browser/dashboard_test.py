#!/usr/bin/env python3
"""The dashboard in a real Chromium, against a real host. Leaves screenshots of all views in the build folder."""

import sys
import time
import unittest

import shared

MODULES = ("journey_test", "views_test", "limits_test")


class Result(unittest.TextTestResult):
    """Tells how long each test took."""

    def startTest(self, test):
        self._began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self._began:.1f} s")


def main():
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:] or MODULES)
    try:
        done = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
    finally:
        shared.close()
    return 0 if done.wasSuccessful() and done.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
