#!/usr/bin/env python3
"""The dashboard in a real Chromium, against a real host. Leaves screenshots of all views in the build folder."""

import sys
import unittest

import shared

MODULES = ("journey_test",)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:] or MODULES)
    try:
        done = unittest.TextTestRunner(verbosity=2).run(suite)
    finally:
        shared.close()
    return 0 if done.wasSuccessful() and done.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
