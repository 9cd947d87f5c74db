"""schemas/reasons.json is the list of reasons: what clients, operators and readers of the page are told has those and no others."""

import json
import os
import pathlib
import re
import unittest

import yaml

SOURCE = pathlib.Path(os.environ["CH_SOURCE_DIR"])
LANGUAGES = sorted((SOURCE / "connector-host/dashboard/lang").glob("*.js"))
TEXT = r"'(?:[^'\\]|\\.)*'"
ENTRY = rf"(?:(\w+)|({TEXT})): {TEXT}"
# A comment, and one object of names and texts: nothing else that could hide a name.
LANGUAGE = re.compile(rf"(?://[^\n]*\n)*export default {{\s+({ENTRY},\s+)*{ENTRY},?\s+}};\s+")


def reasons():
    return [one["reason"] for one in json.loads((SOURCE / "schemas/reasons.json").read_text())]


def schemas():
    return yaml.safe_load((SOURCE / "api/rest/openapi.yaml").read_text())["components"]["schemas"]


def of_waiting():
    """What a verification may say beside the reasons: nothing is wrong with it."""
    return schemas()["Verification"]["properties"]["waiting"]["items"]["properties"]["reason"]["x-extensible-enum"]


def alerts():
    rules = yaml.safe_load((SOURCE / "examples/monitoring/alerts.yml").read_text())["groups"][0]["rules"]
    return [rule["alert"] for rule in rules]


def sections():
    """(heading, what stands below it) of the runbook."""
    parts = re.split(r"^## (.+)$", (SOURCE / "docs/runbook.md").read_text(), flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2]))


def texts(language):
    """The names of a language's texts."""
    source = language.read_text()
    if not LANGUAGE.fullmatch(source):
        raise AssertionError(f"{language.name} is not one object of names and texts")
    return [word or quoted[1:-1] for word, quoted in re.findall(ENTRY, source)]


class Reasons(unittest.TestCase):
    def test_the_rest_api_lists_them(self):
        self.assertEqual(schemas()["Interruption"]["properties"]["reason"]["x-extensible-enum"], reasons())

    def test_the_runbook_has_a_section_for_each_and_for_each_alert(self):
        self.assertEqual(sorted(name for name, _ in sections()), sorted(reasons() + alerts()))
        for name, body in sections():
            with self.subTest(name):
                self.assertEqual(re.findall(r"^\*\*(\w+)\*\*: ", body, re.M), ["Means", "Check", "Do"])

    def test_the_page_has_words_for_each_in_every_language(self):
        self.assertEqual([language.stem for language in LANGUAGES], ["en", "zh"])
        for language in LANGUAGES:
            with self.subTest(language.name):
                named = [name.removeprefix("reason.") for name in texts(language) if name.startswith("reason.")]
                self.assertEqual(sorted(named), sorted(reasons() + of_waiting()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
