"""Chromium, driven through Playwright; records every request and whatever a page complains about."""

import contextlib
import pathlib

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from world import BIN, DEADLINE

# Without these it would ask its maker's servers for this and that.
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
SIZES = {"desktop": {"width": 1360, "height": 900}, "phone": {"width": 390, "height": 844}}
SCREENSHOTS = BIN.parent / "screenshots"

expect.set_options(timeout=DEADLINE * 1000)


class Browser:
    def __init__(self):
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        self.requests = set()
        self.complaints = []
        SCREENSHOTS.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def page(self, size="desktop", scheme="light", locale="en-GB", may_fail=False):
        """A fresh window. `may_fail`: requests of it may go unanswered or be refused, which the console then tells."""
        context = self._chromium.new_context(viewport=SIZES[size], color_scheme=scheme, locale=locale, timezone_id="Asia/Shanghai")
        context.set_default_timeout(DEADLINE * 1000)
        context.on("request", lambda request: self.requests.add(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog " + dialog.message), dialog.dismiss()))
        page.on("console", lambda line: None if may_fail or line.type not in ("error", "warning") else self.complaints.append(line.text))
        try:
            yield page
        except BaseException:
            page.screenshot(path=SCREENSHOTS / "failure.png")
            raise
        finally:
            context.close()

    def close(self):
        self._chromium.close()
        self._playwright.stop()


def axe(page):
    """What axe-core finds wrong, one line each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]]


def screenshot(page, name):
    page.screenshot(path=pathlib.Path(SCREENSHOTS) / f"{name}.png", full_page=True)
