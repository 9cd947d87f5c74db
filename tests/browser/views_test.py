"""Every view, in light and dark, on desktop and phone: nothing for axe-core to find; screenshots to look at."""

import re
import unittest

from playwright.sync_api import expect

import shared
from browser import axe, screenshot
from world import BUCKET, eventually

TASK = "#/tasks/orders-to-cos"
# name of the picture, address, what is there when the view is
VIEWS = [
    ("overview", "#/", "tr.more .trouble"),
    ("topics", "#/topics", "tbody th"),
    ("task", TASK, ".chart canvas"),
    ("objects", TASK + "/objects", "table.objects tbody a"),
    ("events", TASK + "/events", "ol.events li"),
    ("configuration", TASK + "/config", "dl.config dd .doc"),
    ("verify", TASK + "/verify", "main .button"),
    ("create", "#/create?topic=orders&instance=dev", "fieldset"),
    ("edit", TASK + "/edit", "fieldset"),
    ("host", "#/host", "main table tbody td code"),
]


class Views(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        world = shared.world()
        world.api("POST", "/v1/tasks", {"name": "clicks", "config": world.config(cos_bucket="gone-1250000000")})
        world.api("POST", "/v1/tasks", {"name": "payments", "config": world.config(), "enabled": False})

    @classmethod
    def tearDownClass(cls):
        for name in ("clicks", "payments"):
            shared.world().api("DELETE", "/v1/tasks/" + name + "?discard=true")

    def look(self, size, scheme, judge):
        world = shared.world()
        with shared.browser().page(size, scheme) as page:
            for name, address, sign in VIEWS:
                with self.subTest(view=name, size=size, scheme=scheme):
                    page.goto(world.url + "/ui/" + address)
                    expect(page.locator(sign).first).to_be_visible()
                    if judge:
                        self.assertEqual(axe(page), [])
                    screenshot(page, f"{name}-{size}-{scheme}")
                    self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth - innerWidth"), 0)

    def test_desktop_light(self):
        self.look("desktop", "light", judge=True)

    def test_desktop_dark(self):
        self.look("desktop", "dark", judge=False)

    def test_phone_light(self):
        self.look("phone", "light", judge=False)

    def test_phone_dark(self):
        self.look("phone", "dark", judge=True)

    def test_nothing_is_cut_off_at_any_width(self):
        """No table is wider than its place, no text ends outside the window, and each tab can be reached."""
        outside = """[...document.querySelectorAll('main *')].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1) && getComputedStyle(one).clipPath === 'none' && !one.closest('.plot, pre');
        }).map((one) => one.outerHTML.slice(0, 120))"""
        wide = "[...document.querySelectorAll('.scroll, .tabs')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.outerHTML.slice(0, 120))"
        with shared.browser().page() as page:
            for width in (1440, 1024, 1001, 1000, 768, 390):
                page.set_viewport_size({"width": width, "height": 900})
                for name, address, sign in VIEWS:
                    with self.subTest(view=name, width=width):
                        page.goto(shared.world().url + "/ui/" + address)
                        expect(page.locator(sign).first).to_be_visible()
                        self.assertEqual(page.evaluate(outside), [])
                        self.assertEqual(page.evaluate(wide) if name in ("overview", "topics", "verify") else [], [])
                        if width in (768, 390):
                            screenshot(page, f"{name}-{width}")

    def test_a_topics_tasks_have_a_line_each_with_what_is_theirs(self):
        with shared.browser().page() as page:
            for width in (1440, 768, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(shared.world().url + "/ui/#/topics")
                expect(page.get_by_role("link", name="clicks")).to_be_visible()
                with self.subTest(width=width):
                    for name, bucket in (("clicks", "gone-1250000000"), ("payments", BUCKET)):
                        row = page.locator("table.topics tr").filter(has=page.get_by_role("link", name=name, exact=True))
                        expect(row.locator(".bucket")).to_have_text(bucket)
                        expect(row.locator("td").filter(has_text=re.compile(r"^\d+ (s|min)$"))).to_have_count(1)
                        tops = [one.bounding_box()["y"] for one in (row.get_by_role("link", name=name, exact=True), row.locator(".bucket"))]
                        self.assertLess(abs(tops[0] - tops[1]), 40 if width > 1000 else 90)

    def test_an_events_kind_is_not_said_twice(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/#/tasks/clicks/events")
            expect(page.locator("ol.events .state.interrupted").first).to_be_visible()
            for line in page.locator("ol.events li").all():
                first = line.locator("> div").nth(1).inner_text().split("\n")[0]
                self.assertEqual(first.count("Interrupted"), 1 if "Interrupted" in first else 0, first)

    def test_dialogs_and_notices(self):
        world = shared.world()
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/")
            page.get_by_label("Choose clicks").check()
            page.get_by_label("Choose payments").check()
            page.get_by_role("region", name="All chosen tasks").get_by_role("button", name="Disable").click()
            dialog = page.get_by_role("dialog")
            expect(dialog.locator("li")).to_have_text(["clicks", "payments"])
            self.assertEqual(axe(page), [])
            screenshot(page, "bulk")
            page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
            self.assertTrue(world.api("GET", "/v1/tasks/clicks")["enabled"])
            page.get_by_role("switch", name="Archive: payments").click()
            expect(page.get_by_text("payments is being enabled")).to_be_visible()
            self.assertEqual(axe(page), [])
            page.get_by_role("switch", name="Archive: payments").click()
            expect(page.get_by_text("payments is being disabled")).to_be_visible()

    def test_log_levels_can_be_changed(self):
        world = shared.world()
        before = world.api("GET", "/admin/loggers")
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/#/host")
            page.get_by_label("Level of rest").select_option("DEBUG")
            expect(page.get_by_text("rest now logs from DEBUG on")).to_be_visible()
        self.assertEqual(world.api("GET", "/admin/loggers/rest")["level"], "DEBUG")
        world.api("PUT", "/admin/loggers/rest", {"level": before["rest"]["level"]})

    def test_keyboard_alone(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/")
            expect(page.get_by_role("link", name="payments")).to_be_visible()
            page.keyboard.press("Tab")
            expect(page.get_by_text("Skip to the content")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_be_focused()
            page.get_by_role("link", name="payments").press("Enter")
            expect(page.get_by_role("heading", name="payments")).to_be_focused()
            page.go_back()
            page.get_by_role("button", name="State").press("Enter")
            expect(page.get_by_role("columnheader", name="State")).to_have_attribute("aria-sort", "descending")
            expect(page.locator("tbody th").first).to_contain_text("clicks")


class Addresses(unittest.TestCase):
    def test_what_is_filtered_and_sorted_is_in_the_address_and_there_again_after_back(self):
        world = shared.world()
        for name in ("alpha", "beta"):
            world.api("POST", "/v1/tasks", {"name": name, "config": world.config(), "enabled": False})
        try:
            with shared.browser().page() as page:
                page.goto(world.url + "/ui/")
                expect(page.get_by_role("link", name="alpha")).to_be_visible()
                page.get_by_role("button", name="Off or paused").click()
                page.get_by_placeholder("Filter by name").fill("a")
                page.get_by_role("button", name="Task", exact=True).click()
                names = page.locator("tbody th a")
                expect(names).to_have_text(["beta", "alpha"])
                address = page.url
                self.assertIn("q=a", address)
                self.assertIn("show=off", address)
                self.assertIn("sort=-name", address)
                page.get_by_role("link", name="beta").click()
                expect(page.get_by_role("heading", level=1)).to_have_text("beta")
                page.go_back()
                expect(names).to_have_text(["beta", "alpha"])
                expect(page.get_by_placeholder("Filter by name")).to_have_value("a")
                expect(page.get_by_role("button", name="Off or paused")).to_have_attribute("aria-pressed", "true")
            with shared.browser().page() as page:  # a colleague's
                page.goto(address)
                expect(page.locator("tbody th a")).to_have_text(["beta", "alpha"])
                page.get_by_role("link", name="Tasks", exact=True).click()
                expect(page.get_by_role("link", name="orders-to-cos")).to_be_visible()
                page.goto(world.url + "/ui/#/?show=nonsense&sort=nonsense&page=nonsense")
                expect(page.get_by_role("link", name="orders-to-cos")).to_be_visible()
        finally:
            for name in ("alpha", "beta"):
                world.api("DELETE", "/v1/tasks/" + name + "?discard=true")

    def test_topics_and_objects_too(self):
        world = shared.world()
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/#/topics/dev")
            page.get_by_role("button", name="Not archived").click()
            page.get_by_placeholder("Filter by name").fill("rd")
            page.reload()
            expect(page.get_by_placeholder("Filter by name")).to_have_value("rd")
            expect(page.get_by_role("button", name="Not archived")).to_have_attribute("aria-pressed", "true")
            of_task = lambda: world.api("GET", "/v1/tasks/orders-to-cos/objects")["objects"]
            eventually("objects of two moments", lambda: len({one["key"].split("-")[0] for one in of_task()}) > 1)
            page.goto(world.url + "/ui/" + TASK + "/objects")
            keys = page.locator("table.objects tbody a")
            expect(keys.nth(1)).to_be_visible()
            newest = [one.split("-")[0] for one in keys.all_inner_texts()]  # up to the time that they begin with
            self.assertEqual(newest, sorted(newest, reverse=True))
            page.get_by_role("button", name="Oldest first").click()
            expect(page.get_by_role("button", name="Oldest first")).to_have_attribute("aria-pressed", "true")
            page.reload()
            expect(page.get_by_role("button", name="Oldest first")).to_have_attribute("aria-pressed", "true")
            expect(keys.nth(1)).to_be_visible()
            self.assertLess(keys.first.inner_text().split("-")[0], newest[0])

    def test_a_task_that_is_not_there(self):
        with shared.browser().page(may_fail=True) as page:
            for address in ("#/tasks/ordrs", "#/tasks/ordrs/events", "#/tasks/ordrs/edit"):
                page.goto(shared.world().url + "/ui/" + address)
                expect(page.get_by_role("heading", level=1)).to_have_text("There is no task ordrs")
                expect(page).to_have_title("There is no task ordrs · connector-host")
                expect(page.get_by_role("link", name="All tasks")).to_have_attribute("href", "#/")


class Unknown(unittest.TestCase):
    """What the host does not know is null: a dash and a gap, never 0."""

    def test_a_dash_and_a_gap(self):
        world = shared.world()
        known = world.api("GET", "/v1/tasks")["tasks"][0]
        unknown = {**known, "name": "far", "lag": None, "delay_ms": None, "records_per_second": None, "granularity_minutes": None, "rotate_interval_ms": None}
        calm = {**known, "name": "near", "lag": 0, "delay_ms": 0}
        with shared.browser().page(may_fail=True) as page:
            page.route("**/v1/events", lambda route: route.fulfill(status=503, json={"error_code": 503, "message": "no stream"}) if "event-stream" in route.request.headers["accept"] else route.continue_())
            page.route("**/v1/tasks", lambda route: route.fulfill(json={"tasks": [unknown, calm]}))
            page.goto(world.url + "/ui/")
            cells = lambda name: page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True)).locator("td.number")
            expect(cells("far").nth(0)).to_have_text("–")
            expect(cells("far").nth(1)).to_have_text("–")
            expect(cells("near").nth(0)).to_have_text("0")
            expect(cells("near").nth(1)).to_have_text("0 ms")
            totals = page.locator(".tiles .totals dd")
            expect(totals.nth(0)).to_have_text("≥ 0")
            page.route("**/v1/tasks", lambda route: route.fulfill(json={"tasks": [unknown]}))
            expect(totals.nth(0)).to_have_text("–")
            expect(totals.nth(1)).to_have_text("–")
            page.route("**/v1/tasks", lambda route: route.fulfill(json={"tasks": [{**known, "lag": None}]}))
            page.goto(world.url + "/ui/#/tasks/" + known["name"])
            expect(page.locator(".chart canvas").first).to_be_visible()
            expect(page.locator(".chart b").first).to_have_text("–")


class Languages(unittest.TestCase):
    def test_the_browser_chooses_and_the_reader_may_differ(self):
        with shared.browser().page(locale="zh-CN") as page:
            page.goto(shared.world().url + "/ui/")
            expect(page.get_by_role("heading", level=1)).to_have_text("任务")
            expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
            page.get_by_role("button", name="English").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Tasks")
            page.reload()
            expect(page.get_by_role("heading", level=1)).to_have_text("Tasks")
            page.get_by_role("button", name="Theme: Auto").click()
            page.get_by_role("button", name="Theme: Light").click()
            expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_every_text_is_there_in_both(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/")
            missing = page.evaluate(
                "Promise.all([import('./lang/en.js'), import('./lang/zh.js')]).then(([en, zh]) => Object.keys(en.default).filter((key) => !(key in zh.default)))"
            )
            self.assertEqual(missing, [])

    def test_events_that_are_not_of_today_have_their_date(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/" + TASK + "/events")
            time = page.locator("ol.events time").first
            at = time.get_attribute("datetime")
            self.assertNotRegex(time.inner_text(), r"\d{4}")
            page.clock.set_fixed_time(at.replace(at[:10], "2099-01-01"))
            page.reload()
            expect(time).to_contain_text(at[:4])

    def test_times_are_local_and_utc_on_hover(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/" + TASK + "/events")
            time = page.locator("ol.events time").first
            at = time.get_attribute("datetime")
            self.assertIn(at[:10] + " " + at[11:19], time.get_attribute("title"))
            self.assertIn("UTC", time.get_attribute("title"))
            hour = (int(at[11:13]) + 8) % 24  # the browser is in Shanghai
            self.assertIn(f"{hour:02}:{at[14:19]}", time.inner_text())
