"""Starts a shop, runs the checks one after the other, and says what came of them."""

import argparse
import gzip
import os
import shutil
import sys
import tempfile
import time
import traceback

from selenium.common.exceptions import WebDriverException

from Runner import http
from Runner.main import find_souk
from Runner.process import Souk

from . import shop, wall
from .browser import Browser, Wrong

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Visit:
    """What checks share: the running shop and where screenshots go."""

    def __init__(self, souk, screenshots):
        self.souk = souk
        self.screenshots = screenshots

    def browser(self, size, has_script=True, scheme="light"):
        return Browser(ROOT, size, has_script, scheme, self.screenshots)


@check
def buys_on_a_phone_and_the_wall_shows_it(visit):
    return _buy_and_watch(visit, "phone", "phone")


@check
def buys_on_a_desktop_and_the_wall_shows_it(visit):
    return _buy_and_watch(visit, "desktop", "desktop")


@check
def buys_on_a_phone_without_script(visit):
    return _buy_and_watch(visit, "phone", "phone-without-script", has_script=False)


@check
def buys_on_a_desktop_without_script(visit):
    return _buy_and_watch(visit, "desktop", "desktop-without-script", has_script=False)


def _buy_and_watch(visit, size, name, has_script=True):
    with visit.browser("desktop") as watcher, visit.browser(size, has_script) as buyer:
        wall.open_wall(watcher, visit.souk.http)
        wall.begin_watch(watcher)
        confirmed = shop.buy(buyer, visit.souk.http, name)
        delay = wall.end_watch(watcher, confirmed, 250)
        problems = watcher.console()
        if problems:
            raise Wrong("; ".join(problems))
    return f"on the wall {delay:.0f} ms after the confirmation"


@check
def every_page_in_dark_and_light(visit):
    handle = shop.products(visit.souk.http)[0]["handle"]
    paths = ["/", "/collections/all", f"/products/{handle}", "/search?q=a", "/cart", "/nothing-here"]
    for size in ("phone", "desktop"):
        for scheme in ("light", "dark"):
            with visit.browser(size, scheme=scheme) as browser:
                for path in paths:
                    browser.open(f"http://{visit.souk.http}{path}")
                    if path == "/nothing-here":
                        browser.driver.get_log("browser")  # The browser itself logs the 404.
                    browser.check_page()
                browser.open(f"http://{visit.souk.http}/")
                browser.shoot(f"{size}-{scheme}-home")
    return f"{len(paths) * 4} pages"


@check
def the_wall_is_readable_at_each_size(visit):
    notes = []
    for size, scheme in (("phone", "dark"), ("desktop", "dark"), ("desktop", "light"), ("large", "dark")):
        with visit.browser(size, scheme=scheme) as browser:
            wall.open_wall(browser, visit.souk.http)
            wall.begin_watch(browser)
            slowest, count = wall.frame_time(browser, 8)
            browser.shoot(f"{size}-{scheme}-wall")
            browser.check_page()
            if count and slowest > 8:
                raise Wrong(f"{size}: {slowest:.1f} ms of script in a frame (p95 of {count}), not below 8")
            notes.append(f"{size} {slowest:.1f} ms a frame")
    return ", ".join(notes)


@check
def pages_are_small(visit):
    wanted = {"/wall": 60_000}
    for path, limit in wanted.items():
        size = len(http.request(visit.souk.http, "GET", path).body)
        if size > limit:
            raise Wrong(f"{path} has {size} bytes, not at most {limit}")
    total = 0
    with visit.browser("desktop") as browser:
        browser.open(f"http://{visit.souk.http}/")
        names = browser.script(
            "return performance.getEntriesByType('resource')"
            ".filter(one => ['link', 'script', 'css'].includes(one.initiatorType)).map(one => one.name)")
    for path in ["/"] + [name.split(visit.souk.http, 1)[1] for name in names if visit.souk.http in name]:
        total += len(gzip.compress(http.request(visit.souk.http, "GET", path).body, 9))
    if total > 30_000:
        raise Wrong(f"the first page has {total} compressed bytes, not at most 30000")
    return f"first page {total} bytes compressed, wall {size} bytes"


@check
def the_wall_comes_back_by_itself(visit):
    with visit.browser("desktop") as browser:
        wall.open_wall(browser, visit.souk.http)
        wall.begin_watch(browser)
        visit.souk.kill(9)
        visit.souk.wait(10)
        visit.souk.launch(ROOT)
        visit.souk.wait_until_ready(30)
        browser.wait("a fresh connection", lambda _: "souk_wall_viewers" in http.request(
            visit.souk.control, "GET", "/metrics").text and _viewers(visit) >= 1, 15)


def _viewers(visit):
    return sum(value for name, _, value in visit.souk.metrics() if name == "souk_wall_viewers")


def run_one(function, visit):
    name = function.__name__.replace("_", " ")
    begin = time.monotonic()
    note, problem = None, None
    try:
        note = function(visit)
    except (Wrong, WebDriverException) as error:
        problem = str(error).split("Stacktrace:", maxsplit=1)[0]
    except Exception:  # pylint: disable=broad-except
        problem = traceback.format_exc(limit=-4)
    if problem and not visit.souk.is_running:
        problem += f"\nthe shop has ended with {visit.souk.process.returncode}; the end of its log:\n"
        problem += "\n".join(visit.souk.log().splitlines()[-8:])
    outcome = "failed" if problem else "passed"
    print(f"{outcome:7} {time.monotonic() - begin:6.1f} s  {name}" + (f" ({note})" if note else ""), flush=True)
    if problem:
        print("    " + "\n    ".join(problem.strip().splitlines()[:30]), flush=True)
    return not problem


def main():
    parser = argparse.ArgumentParser(description="Drives a real browser through the shop.")
    parser.add_argument("names", nargs="*", help="only checks whose name has one of these words")
    parser.add_argument("--souk", help="the binary; default .build/release/souk, else .build/debug/souk")
    parser.add_argument("--screenshots", help="a folder for screenshots")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="souk-browser-")
    souk = Souk(find_souk(options.souk), os.path.join(ROOT, "topology.yaml"), folder, {})
    passed = failed = 0
    try:
        souk.launch(ROOT)
        souk.wait_until_ready(30)
        visit = Visit(souk, options.screenshots and os.path.abspath(options.screenshots))
        for function in CHECKS:
            if options.names and not any(word in function.__name__ for word in options.names):
                continue
            if run_one(function, visit):
                passed += 1
            else:
                failed += 1
    except Exception as error:  # pylint: disable=broad-except
        print(f"failed: {error}\n{souk.log()[-2000:]}")
        failed += 1
    finally:
        souk.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
