#!/usr/bin/env python3
"""Teaches a board in a real browser: headless Chromium (Debian's chromium, chromium-driver, python3-selenium).

    test.py [--command .build/debug/edgessl] [--screenshots DIR]

Fails at the first thing that is not as it must be; prints what holds. Without a browser it says so and ends well.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile
import time
from importlib.util import find_spec

from board import PHOTOS, Board, Camera, browser_programs, command

if find_spec("selenium"):
    from selenium import webdriver
    from selenium.common.exceptions import TimeoutException, WebDriverException
    from selenium.webdriver import ActionChains, ChromeOptions
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait

# Every text against what is behind it, by WCAG 2's formula; 3 for large or bold text, else 4.5.
CONTRAST = """
const channel = (v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const found = [];
for (const one of document.querySelectorAll("body *")) {
  const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const style = getComputedStyle(one);
  if (!text || one.disabled || !one.offsetParent || one.closest(".thumbnail, #view, .skip")) continue;
  let behind = one;
  while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const ground = behind ? parse(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
  const [a, b] = [luminance(parse(style.color)), luminance(ground)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  if (ratio < least) found.push(`${one.tagName} "${one.textContent.trim().slice(0, 40)}": ${ratio.toFixed(2)}`);
}
return found;
"""

# Controls without a name that a screen reader could say, and pictures without a text.
NAMELESS = """
const labelled = (one) => [...(one.labels ?? [])].some((label) => label.textContent.trim());
const named = (one) => one.getAttribute("aria-label") || one.textContent.trim() || labelled(one);
return [...document.querySelectorAll("button, input, select, a, img, progress")]
  .filter((one) => one.tagName === "IMG" ? !one.alt : !named(one))
  .filter((one) => one.offsetParent)
  .map((one) => one.outerHTML.slice(0, 120));
"""


class Page:
    """The teach page in a window of its own."""

    def __init__(self, chromium: str, driver: str, address: str):
        options = ChromeOptions()
        options.binary_location = chromium
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,1000"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.get(address + "/")

    def wait(self, what: str, condition, seconds: float = 30):
        """Waits until `condition` gives something that counts as true."""
        try:
            return WebDriverWait(
                self.driver, seconds, 0.05, ignored_exceptions=[WebDriverException, ValueError, KeyError, IndexError]
            ).until(lambda _: condition())
        except TimeoutException:
            self.screenshot(pathlib.Path(tempfile.gettempdir()) / "teach-page-failed.png")
            raise SystemExit(f"FAILED: {what}\n{self.text('main')}") from None

    def find(self, selector: str):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def click(self, selector: str):
        button = self.find(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def classes(self) -> dict[str, int]:
        """Names and counts, as they are shown."""
        return {
            one.find_element(By.TAG_NAME, "h3").text: int(one.find_element(By.CSS_SELECTOR, ".count").text.split()[0])
            for one in self.all(".class")
        }

    def own(self, name: str, selector: str) -> str:
        return f'.class[aria-label="{name}"] {selector}'

    def add_class(self, name: str):
        self.find("#new-name").send_keys(name + Keys.ENTER)
        self.wait(f"class {name} is there", lambda: name in self.classes())

    def choose(self, selector: str, files: list[pathlib.Path]):
        self.find(selector).send_keys("\n".join(str(file.resolve()) for file in files))

    def appearance(self, scheme: str, width: int = 1200, height: int = 1000, is_phone: bool = False):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone},
        )

    def screenshot(self, path: pathlib.Path):
        self.driver.save_screenshot(str(path))


def holds(text: str):
    print(f"  {text}", flush=True)


def expect(condition, what: str):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def support(kind: str) -> list[pathlib.Path]:
    return sorted((PHOTOS / "support" / kind).glob("*.jpg"))


def teach(page: Page):
    page.wait("the live picture is shown", lambda: page.find("#picture").get_attribute("src"))
    for name in ("bolt", "gear", "nut", "spring", "washer"):
        page.add_class(name)
        page.choose(page.own(name, "input[type=file]"), support(name))
        page.wait(f"photos of {name} are there", lambda name=name: page.classes()[name] == len(support(name)))
    expect(len(page.all(page.own("washer", ".thumbnail img"))) == len(support("washer")), "thumbnails are there")
    holds("teach: photos from files")


def hold(page: Page, camera: Camera):
    camera.show("washer")
    time.sleep(0.5)
    before = page.classes()["washer"]
    button = page.find(page.own("washer", ".hold"))
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    ActionChains(page.driver).click_and_hold(button).pause(2).release().perform()
    page.wait("frames were added while the button was held", lambda: page.classes()["washer"] >= before + 2)
    time.sleep(1)
    before = page.classes()["washer"]
    time.sleep(1)
    expect(page.classes()["washer"] == before, "no frames are added after the button was let go")
    # The same with a key.
    page.driver.execute_script("arguments[0].focus()", button)
    ActionChains(page.driver).key_down(Keys.SPACE).pause(1).key_up(Keys.SPACE).perform()
    page.wait("a held key adds frames", lambda: page.classes()["washer"] > before)
    time.sleep(1)
    holds("frames by a held button and by a held key")


def learn_and_ask(page: Page, camera: Camera):
    page.wait("learning can begin", lambda: page.find("#learn").is_enabled())
    page.click("#learn")
    page.wait("it has learned", lambda: "Learned 5 classes" in page.text("#learned"), 120)
    page.wait("the task can be downloaded", lambda: page.find("#download").is_displayed())
    page.choose("#ask", [PHOTOS / "query" / "gear" / "03.jpg"])
    page.wait("a gear is a gear", lambda: page.text("#asked-answer").startswith("gear, "))
    page.choose("#ask", [PHOTOS / "query" / "unknown" / "duck.jpg"])
    page.wait("the duck is unknown", lambda: page.text("#asked-answer").startswith("unknown (nearest"))
    for kind in ("nut", "washer"):
        camera.show(kind)
        page.wait(f"the camera sees a {kind}", lambda kind=kind: page.text("#label") == kind and "%" in page.text("#confidence"))
    holds("learn; ask about a photo and about one of something else; the camera's answers")


def change(page: Page):
    before = page.classes()
    page.click(page.own("gear", ".thumbnail button"))
    page.wait("the photo is gone", lambda: page.classes()["gear"] == before["gear"] - 1)
    page.wait("the task is out of date", lambda: "learn again" in page.text("#task-state"))
    page.click("#undo")
    page.wait("the photo is back", lambda: page.classes() == before)
    page.click(page.own("gear", "[aria-label='Rename gear']"))
    prompt = page.driver.switch_to.alert
    prompt.send_keys("Zahnrad <b>")
    prompt.accept()
    page.wait("the class has its new name, as text", lambda: "Zahnrad <b>" in page.classes())
    page.click("#undo")
    page.wait("the old name is back", lambda: page.classes() == before)
    page.click(page.own("nut", "[aria-label='Remove class nut']"))
    page.wait("the class is gone", lambda: "nut" not in page.classes())
    page.click("#undo")
    page.wait("the class is back", lambda: page.classes() == before)
    holds("remove, rename and undo")


def refuse(page: Page, folder: pathlib.Path):
    before = page.classes()
    none = folder / "none.jpg"
    none.write_text("I am no photo at all.")
    page.choose(page.own("gear", "input[type=file]"), [none])
    page.wait("an upload that is no photo gets a sentence", lambda: "none.jpg: the photo: not an image" in page.text("#toast"))
    expect(page.classes() == before, "it changes nothing")
    page.find("#new-name").send_keys("gear" + Keys.ENTER)
    page.wait("a class that is there is refused", lambda: "there is a class 'gear' already" in page.text("#toast"))
    page.find("#new-name").clear()
    holds("an upload that is no photo, a name that is taken")


def two_pages(page: Page, other: Page):
    other.wait("the other page shows the classes", lambda: other.classes() == page.classes())
    page.add_class("duck")
    other.wait("a class of the first page comes to the other", lambda: "duck" in other.classes())
    other.choose(other.own("duck", "input[type=file]"), [PHOTOS / "query" / "unknown" / "duck.jpg"])
    page.wait("photos of the other page come to the first", lambda: page.classes()["duck"] == 1)
    other.click(other.own("duck", "[aria-label='Remove class duck']"))
    page.wait("a removal comes, too", lambda: "duck" not in page.classes())
    holds("two pages at once")


def label_many(page: Page, camera: Camera):
    camera.show("spring")
    page.click("#collect")
    page.wait("frames are collected", lambda: int(page.text("#unsorted-count").strip("()")) >= 4)
    page.click("#collect")
    page.click("#suggest")
    page.wait("photos are suggested", lambda: "worth a label" in page.text("#suggested") and page.all("#unsorted-list img"), 60)
    page.click("#select-all")
    page.wait("all are selected", lambda: not page.text("#selected").startswith("0 "))
    count, before = int(page.text("#selected").split()[0]), page.classes()["gear"]
    Select(page.find("#target")).select_by_value("gear")
    page.click("#move")
    page.wait("they are in the class", lambda: page.classes()["gear"] == before + count)
    page.click("#undo")
    page.wait("and back", lambda: page.classes()["gear"] == before)
    page.click("#review")
    page.wait("a review says whether more photos would help", lambda: "Would more photos help?" in page.text("#reviewed"), 240)
    holds("suggest, label many at once, review")


def lose_connection(page: Page, board: Board, restart) -> Board:
    classes = page.classes()
    board.stop()
    page.wait("the page says that the board is gone", lambda: page.find("#connection").is_displayed())
    board = restart(board.port)
    page.wait("it comes back by itself", lambda: not page.find("#connection").is_displayed())
    page.wait("with the same classes", lambda: page.classes() == classes)
    page.wait("and a live picture with answers", lambda: page.find("#answer").get_attribute("data-state") != "none")
    holds("a lost connection, and the board after a new start")
    return board


def look(page: Page, screenshots: pathlib.Path | None):
    for name, scheme, width, height, is_phone in (
        ("light", "light", 1200, 1000, False), ("dark", "dark", 1200, 1000, False), ("phone", "light", 390, 844, True),
        ("phone-dark", "dark", 390, 844, True),
    ):  # fmt: skip
        page.appearance(scheme, width, height, is_phone)
        time.sleep(0.5)
        low = page.driver.execute_script(CONTRAST)
        expect(not low, f"contrast, {name}: {low}")
        nameless = page.driver.execute_script(NAMELESS)
        expect(not nameless, f"controls without a name: {nameless}")
        wide = page.driver.execute_script("return document.documentElement.scrollWidth")
        expect(wide <= width, f"{name}: the page is {wide} pixels wide")
        if screenshots:
            full = page.driver.execute_script("return document.documentElement.scrollHeight")
            page.appearance(scheme, width, min(full, 4000), is_phone)
            time.sleep(0.3)
            page.screenshot(screenshots / f"{name}.png")
    page.appearance("light")
    holds("contrast and names of controls, light, dark and on a phone's width")


def check(arguments, chromium: str, driver: str):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        camera = Camera(folder / "camera", "gear")

        def restart(port: int = 0) -> Board:
            return Board(arguments.command, folder / "board", str(folder / "camera"), port=port)

        board = restart()
        stack.callback(lambda: board.stop())
        camera.start()
        stack.callback(camera.stop)
        page = Page(chromium, driver, board.address)
        stack.callback(page.driver.quit)
        teach(page)
        learn_and_ask(page, camera)
        hold(page, camera)
        change(page)
        refuse(page, folder)
        other = Page(chromium, driver, board.address)
        try:
            two_pages(page, other)
        finally:
            other.driver.quit()
        label_many(page, camera)
        look(page, arguments.screenshots)
        # What the page itself did wrong; refusals that were asked for are in the log, too.
        wrong = [
            line["message"]
            for line in page.driver.get_log("browser")
            if line["level"] == "SEVERE" and "status of 4" not in line["message"]
        ]
        expect(not wrong, f"the browser's console: {wrong}")
        board = lose_connection(page, board, restart)
        expect(board.stop() == 0, "SIGTERM ends it with status 0")
        board = restart()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    programs = browser_programs()
    if programs is None or not find_spec("selenium"):
        print("SKIPPED: the teach page in a browser: apt install chromium chromium-driver python3-selenium", file=sys.stderr)
        return
    arguments.command = arguments.command or command()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    print(f"teach page, {arguments.command}:")
    check(arguments, *programs)
    print(f"teach page: all of it holds, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
