"""What an operator does from the first look to the last: create, watch, read, break, mend, disable, delete."""

import json
import re
import unittest

from playwright.sync_api import expect

import shared
from browser import axe, screenshot
from world import BUCKET, KEY


def row(page, name):
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=name, exact=True))


def line_of(page):
    """The form's curl line, unfolded."""
    fold = page.locator("form > details.curl")
    if not fold.evaluate("one => one.open"):
        fold.locator("summary").click()
    return fold.locator("pre")


class Journey(unittest.TestCase):
    def test_from_a_topic_to_its_objects_and_back(self):
        world = shared.world()
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/")
            expect(row(page, "orders-to-cos").get_by_text("Running")).to_be_visible()
            self.create(page, world)
            self.watch(page)
            self.read(page)
            self.prove(page)
            self.break_and_mend(page, world)
            self.stop(page, world)

    def create(self, page, world):
        page.get_by_role("link", name="Topics").click()
        page.get_by_role("link", name="Archive the topic orders").click()
        expect(page.locator("[name='topics']")).to_have_value("orders")
        page.get_by_label("Name").fill("shop orders")
        page.get_by_role("button", name="Show all settings").click()
        page.locator("[name='cos.bucket']").fill(BUCKET)
        page.locator("[name='cos.endpoint']").fill(world.cos + "/{bucket}")
        page.locator("[name='cos.secret.id']").fill(KEY[0])
        page.locator("[name='cos.secret.key']").fill(KEY[1])
        start = page.get_by_role("radiogroup", name="Where it begins")
        expect(start.get_by_label("From now on")).to_be_checked()
        expect(start).to_contain_text(re.compile(r"Everything that is there – [\d,]+ records?"))
        expect(start).to_contain_text(re.compile(r"leaves out [\d,]+ records?"))
        start.get_by_label("Since").check()
        expect(line_of(page)).to_contain_text(re.compile(r'"start.position":"20\d\d-'))
        expect(start.get_by_label("Since when")).to_be_visible()
        start.get_by_label("Everything that is there").check()
        page.get_by_role("slider").fill("15")
        expect(page.locator("[name='time.granularity.minutes']")).to_have_value("15")
        page.locator("[name='rotate.interval.ms']").fill("1000")
        line = line_of(page)
        expect(line).to_contain_text('"start.position":"earliest"')
        expect(line).to_contain_text('"time.granularity.minutes":"15"')
        expect(line).to_contain_text("<cos.secret.key>")
        expect(line).not_to_contain_text(KEY[1])
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("dialog").get_by_role("button", name="Create").click()

    def watch(self, page):
        expect(page.get_by_role("heading", name="shop orders")).to_be_visible()
        expect(page.get_by_role("status").get_by_text("shop orders has been created")).to_be_visible()  # for 8 s
        expect(page.locator(".head .state")).to_have_text("Running")
        expect(page.locator("td .key").first).to_contain_text("dev/orders/")
        expect(page.locator(".chart canvas").first).to_be_visible()

    def read(self, page):
        page.get_by_role("navigation", name="Task").get_by_role("link", name="Objects").click()
        with page.expect_download() as opened:
            page.locator("table.objects tbody a").first.click()
        with open(opened.value.path(), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"\S")

    def prove(self, page):
        page.get_by_role("navigation", name="Task").get_by_role("link", name="Verify").click()
        page.get_by_role("button", name="Verify").click()
        expect(page.get_by_text("What is stored is right: without a gap, and there once")).to_be_visible()
        expect(page.get_by_role("region", name="What is stored").locator("tbody tr")).to_have_count(4)
        self.assertEqual(axe(page), [])
        screenshot(page, "verified")

    def break_and_mend(self, page, world):
        world.cos_admin({"remove_bucket": BUCKET})
        page.get_by_role("link", name="Tasks", exact=True).click()
        expect(row(page, "shop orders").get_by_text("Interrupted")).to_be_visible()
        trouble = page.locator("tr.more .trouble")
        expect(trouble).to_contain_text("The bucket is missing")
        expect(trouble).to_contain_text("What to do:")
        expect(trouble.get_by_role("link", name="Runbook")).to_have_attribute("href", "../docs/runbook.md#bucket_missing")
        page.get_by_role("button", name="Need attention").click()
        expect(page.locator("tbody th")).to_have_text(["shop ordersorders"])
        page.get_by_role("button", name="2 Tasks").click()
        world.cos_admin({"add_bucket": BUCKET})
        row(page, "shop orders").get_by_role("link").click()
        page.get_by_role("button", name="Restart").click()
        expect(page.locator(".head .state")).to_have_text("Running")
        page.get_by_role("navigation", name="Task").get_by_role("link", name="Events").click()
        expect(page.locator("ol.events")).to_contain_text("The bucket is missing")

    def stop(self, page, world):
        page.get_by_role("switch").press("Space")
        expect(page.locator(".head .state")).to_have_text("Disabled")
        self.assertFalse(world.api("GET", "/v1/tasks/shop%20orders")["enabled"])
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        expect(row(page, "orders-to-cos")).to_be_visible()
        expect(row(page, "shop orders")).to_have_count(0)


class Form(unittest.TestCase):
    def test_says_what_is_wrong_while_one_types(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/#/create")
            page.get_by_role("button", name="Continue").click()
            missing = page.locator("[name='cos.bucket']")
            expect(missing).to_have_attribute("aria-invalid", "true")
            expect(page.get_by_label("Name")).to_be_focused()
            missing.fill(BUCKET)
            expect(page.locator("#field-cos-bucket-error")).to_have_count(0)
            minutes = page.locator("[name='time.granularity.minutes']")
            minutes.fill("3")
            expect(page.locator("#field-time-granularity-minutes-error")).to_contain_text("5")

    def test_tries_broker_and_bucket_before_it_creates(self):
        world = shared.world()
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/#/create")
            page.get_by_role("button", name="JSON").click()
            page.get_by_label("The task as JSON").fill(json.dumps({"name": "tried", "config": world.config(cos_bucket="gone-1250000000")}))
            page.get_by_role("button", name="Continue").click()
            dialog = page.get_by_role("dialog")
            expect(dialog).to_contain_text("With these settings it would not work now")
            expect(dialog.locator("li")).to_contain_text("cos.bucket")
            expect(dialog.get_by_role("button", name="Create anyway")).to_be_enabled()
            dialog.get_by_role("button", name="Back").click()
            page.get_by_label("The task as JSON").fill(json.dumps({"name": "tried", "config": world.config()}))
            page.get_by_role("button", name="Continue").click()
            expect(dialog).to_contain_text("Broker and bucket can be used with these settings")
        self.assertNotIn("tried", str(world.api("GET", "/v1/tasks")))

    def test_takes_json(self):
        with shared.browser().page() as page:
            page.goto(shared.world().url + "/ui/#/create")
            page.get_by_role("button", name="JSON").click()
            text = page.get_by_label("The task as JSON")
            text.fill('{"name": "pasted", "config": {"topics": "orders", "cos.buckett": "x"}')
            expect(page.locator("#json-error")).not_to_be_empty()
            text.fill('{"name": "pasted", "config": {"topics": "orders", "cos.buckett": "x"}}')
            expect(page.locator("#json-error")).to_be_empty()
            expect(page.locator(".wrongs")).to_contain_text("cos.bucket")
            page.get_by_role("button", name="Form", exact=True).click()
            expect(page.get_by_label("Name")).to_have_value("pasted")

    def test_shows_what_will_change_before_it_does(self):
        world = shared.world()
        world.api("POST", "/v1/tasks", {"name": "edited", "config": world.config(), "enabled": False})
        with shared.browser().page() as page:
            page.goto(world.url + "/ui/#/tasks/edited/edit")
            page.get_by_role("slider").fill("30")
            page.get_by_role("button", name="Review changes").click()
            dialog = page.get_by_role("dialog")
            expect(dialog.locator("table.diff tbody tr")).to_have_count(1)
            expect(dialog.locator("ins")).to_have_text("30")
            dialog.get_by_role("button", name="Save").click()
            expect(page.get_by_role("heading", name="edited")).to_be_visible()
            expect(page.locator("dl.config")).to_contain_text("30")
        config = world.api("GET", "/v1/tasks/edited")["config"]
        self.assertEqual(config["time.granularity.minutes"], "30")
        self.assertEqual(config["cos.bucket"], BUCKET)
        world.api("DELETE", "/v1/tasks/edited")
