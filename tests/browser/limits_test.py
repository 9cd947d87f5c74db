"""What must not break the page: many tasks, a host that goes away, texts that are markup elsewhere, and no network."""

import gzip
import os
import signal
import time
import unittest

from playwright.sync_api import expect

import shared
from world import call, eventually

MANY = 500
MOST_BYTES = 150 * 1024
MARKUP = "<img src=x onerror=alert(1)>"

# Takes the place of the host's stream: all tasks change twice a second, ten times.
CHANGING = """
const real = window.fetch;
window.longest = 0;
new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.longest = Math.max(window.longest, one.duration)))).observe({type: 'longtask'});
window.fetch = (address, options) => {
  if (!String(address).endsWith('v1/events')) return real(address, options);
  const encode = new TextEncoder();
  let round = 0;
  return Promise.resolve(new Response(new ReadableStream({
    async pull(out) {
      await new Promise((done) => setTimeout(done, 500));
      window.round = ++round;
      if (round > 10) return new Promise(() => {});
      const tasks = Array.from({length: COUNT}, (_, i) => ({name: 'task-' + i, enabled: true, state: i % 50 ? 'RUNNING' : 'INTERRUPTED', since: '2025-11-25T03:00:00Z',
        lag: i * round, delay_ms: round * 1000 + i, records_per_second: i + round, bytes_per_second: 0, memory_bytes: 1000, trace: null,
        interruption: i % 50 ? null : {reason: 'throttled', message: 'slow down', remedy: 'wait', since: '2025-11-25T03:00:00Z', next_try: null},
        last_object: null, connector: 'cos-sink', topics: 'topic-' + i, bucket: 'b-1', granularity_minutes: 5}));
      out.enqueue(encode.encode('event: tasks\\ndata: ' + JSON.stringify({full: round === 1, tasks, removed: []}) + '\\n\\n'));
    },
  })));
};
""".replace("COUNT", str(MANY))


def figure(text):
    """A line of what was measured, for whoever runs all tests."""
    print(text)
    if "CH_TEST_FIGURES" in os.environ:
        with open(os.environ["CH_TEST_FIGURES"], "a", encoding="utf-8") as out:
            out.write(text + "\n")


class ManyTasks(unittest.TestCase):
    def test_five_hundred_are_listed_filtered_and_changed_together(self):
        world = shared.world()
        host, url = world.serve("many")
        for i in range(MANY):
            world.api("POST", "/v1/tasks", {"name": f"task-{i:03}", "config": world.config(topics=f"topic-{i}", rotate_interval_ms="300000"), "enabled": False}, url)
        began = time.monotonic()
        world.api("GET", "/v1/tasks", url=url)
        figure(f"dashboard: GET /v1/tasks with {MANY} tasks answered in {(time.monotonic() - began) * 1000:.0f} ms")
        with shared.browser().page() as page:
            page.goto(url + "/ui/")
            expect(page.get_by_text(f"{MANY} of {MANY}")).to_be_visible()
            expect(page.locator("tbody tr")).to_have_count(50)
            page.get_by_role("button", name="Next").click()
            expect(page.locator("tbody th a").first).to_have_text("task-050")
            page.get_by_role("searchbox").fill("task-49")
            expect(page.locator("tbody tr")).to_have_count(10)
            page.get_by_label("Choose all that are listed").check()
            page.get_by_role("region", name="All chosen tasks").get_by_role("button", name="Disable").click()
            page.get_by_role("dialog").get_by_role("button", name="Disable").click()
            expect(page.get_by_text("10 tasks are being disabled")).to_be_visible()
        host.end()

    def test_a_page_that_changes_all_the_time_stays_usable(self):
        with shared.browser().page() as page:
            page.add_init_script(CHANGING)
            page.goto(shared.world().url + "/ui/")
            expect(page.get_by_text(f"{MANY} of {MANY}")).to_be_visible()
            page.get_by_role("button", name="Lag", exact=True).click()
            page.get_by_role("searchbox").fill("throttled")
            expect(page.locator("tbody th")).to_have_count(10)
            page.get_by_role("searchbox").fill("")
            eventually("all rounds", lambda: page.evaluate("window.round > 10"))
            expect(page.locator("tbody th a").first).to_have_text(f"task-{MANY - 1}")
            figure(f"dashboard: {MANY} tasks changing twice a second kept the page busy for at most {page.evaluate('window.longest'):.0f} ms at a time")


class HostGone(unittest.TestCase):
    def test_the_page_says_so_and_goes_on_when_the_host_is_back(self):
        world = shared.world()
        host, url = world.serve("kept")
        world.api("PUT", "/v1/tasks/kept", {"config": world.config(rotate_interval_ms="300000"), "enabled": False}, url)
        with shared.browser().page(may_fail=True) as page:
            page.goto(url + "/ui/")
            switch = page.get_by_role("switch", name="Archive: kept")
            expect(switch).to_be_enabled()
            host.end(signal.SIGKILL)
            banner = page.get_by_role("alert").filter(has_text="The host does not answer")
            expect(banner).to_contain_text("old; nothing can be changed")
            expect(switch).to_be_disabled()
            page.get_by_role("searchbox").fill("kep")
            expect(page.get_by_role("link", name="kept")).to_be_visible()
            host, _ = world.serve("kept", int(url.rsplit(":", 1)[1]))
            expect(banner).to_have_count(0)
            expect(switch).to_be_enabled()
        host.end()


class HostileTexts(unittest.TestCase):
    def test_are_shown_as_text(self):
        world = shared.world()
        bucket = "evil-1250000000"
        world.cos_admin({"add_bucket": bucket})
        world.cos_admin({"fault": {"key_contains": "evil", "status": 403, "code": MARKUP, "times": 1000000}})
        config = world.config(cos_bucket=bucket, object_key_template="evil" + MARKUP + "/{topic}-{partition}-{start_offset}", consumer_override_client_rack=MARKUP)
        name = MARKUP + "/&amp;'\"><script>alert(2)</script>"
        world.api("POST", "/v1/tasks", {"name": name, "config": config})
        path = "#/tasks/" + "".join(f"%{byte:02X}" for byte in name.encode())
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/")
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
            expect(page.locator("tr.more").filter(has_text=MARKUP)).to_be_visible()
            for tab, shown in (("", name), ("/events", MARKUP), ("/config", MARKUP), ("/edit", name)):
                page.goto(world.url + "/ui/" + path + tab)
                expect(page.locator("main").get_by_text(shown).first).to_be_visible()
                self.assertEqual(page.evaluate("document.querySelectorAll('main img, main script, body > script').length"), 0)
            page.goto(world.url + "/ui/#/topics")
            expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
            world.cos_admin({"clear_faults": True})
            page.goto(world.url + "/ui/" + path)
            expect(page.locator("td .key").filter(has_text=MARKUP).first).to_be_visible()
            page.get_by_role("button", name="Delete").click()
            page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            expect(page.get_by_text(f"{name} has been deleted")).to_be_visible()


class Token(unittest.TestCase):
    def test_is_asked_for_once_and_sent_with_every_request(self):
        world = shared.world()

        def guard(route):
            if route.request.headers.get("authorization") == "Bearer sesame":
                return route.continue_()
            return route.fulfill(status=401, json={"error_code": 401, "message": "send the token"})

        with shared.browser().page(may_fail=True) as page:
            page.route("**/v1/**", guard)
            page.goto(world.url + "/ui/")
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Token").fill("sesame")
            dialog.get_by_role("button", name="Use it").click()
            expect(page.get_by_role("link", name="orders-to-cos")).to_be_visible()
            page.reload()
            expect(page.get_by_role("link", name="orders-to-cos")).to_be_visible()
            expect(dialog).to_have_count(0)
            page.goto(world.url + "/ui/#/host")
            page.get_by_text("As a curl line").click()
            expect(page.locator("main pre")).to_contain_text('Authorization: Bearer $CONNECTOR_HOST_TOKEN')


class Weight(unittest.TestCase):
    def test_the_page_is_small_and_asks_the_host_alone(self):
        world = shared.world()
        with shared.browser().page() as page:
            began = time.monotonic()
            page.goto(world.url + "/ui/")
            expect(page.get_by_role("link", name="orders-to-cos")).to_be_visible()
            figure(f"dashboard: usable {(time.monotonic() - began) * 1000:.0f} ms after its address was entered")
            page.goto(world.url + "/ui/#/tasks/orders-to-cos")
            expect(page.locator(".chart canvas").first).to_be_visible()
        total = 0
        for url in sorted(url for url in shared.browser().requests if url.startswith(world.url + "/ui/")):
            status, headers, body = call("GET", url.split("#")[0], headers={"Accept-Encoding": "gzip"})
            self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"), url)
            self.assertGreater(len(gzip.decompress(body)), 0)
            total += len(body)
        figure(f"dashboard: {total / 1024:.0f} KiB compressed, all files together")
        self.assertLessEqual(total, MOST_BYTES)

    # Last of all, by its name: over everything that the tests above have done.
    def test_z_nothing_came_from_elsewhere_and_nothing_was_complained_of(self):
        elsewhere = [url for url in shared.browser().requests if not url.startswith(("http://127.0.0.1:", "about:"))]
        self.assertEqual(elsewhere, [])
        self.assertEqual(shared.browser().complaints, [])
