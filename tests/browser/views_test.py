"""Every view, in light and dark, on desktop and phone: nothing for axe-core to find; screenshots to look at."""

import unittest

from playwright.sync_api import expect

import shared
from browser import axe, screenshot

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

    def test_times_are_local_and_utc_on_hover(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/" + TASK + "/events")
            time = page.locator("ol.events time").first
            at = time.get_attribute("datetime")
            self.assertIn(at[:10] + " " + at[11:19], time.get_attribute("title"))
            self.assertIn("UTC", time.get_attribute("title"))
            hour = (int(at[11:13]) + 8) % 24  # the browser is in Shanghai
            self.assertIn(f"{hour:02}:{at[14:19]}", time.inner_text())
