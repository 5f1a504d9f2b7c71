"""A browser with a size, with or without script, that says what is wrong with a page."""

import os
import subprocess
import zipfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = {"phone": (390, 844), "desktop": (1440, 900), "large": (3840, 2160)}


class Wrong(Exception):
    """Something about a page is not as it should be."""


def _axe_path(root):
    """axe-core from the Python package that carries it; None if it cannot be had."""
    folder = os.path.join(root, ".build/browser")
    path = os.path.join(folder, "axe.min.js")
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "axe-core-python==0.1.0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    wheels = [name for name in os.listdir(folder) if name.endswith(".whl")]
    if done.returncode or not wheels:
        return None
    with zipfile.ZipFile(os.path.join(folder, wheels[0])) as wheel, open(path, "wb") as file:
        file.write(wheel.read("axe_core_python/axe.min.js"))
    return path


class Browser:
    """Chromium, driven; each one a process of its own, so that each page is in front."""

    def __init__(self, root, size, has_script=True, scheme="light", screenshots=None):
        self.size = size
        self.has_script = has_script
        self.screenshots = screenshots
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                         "--hide-scrollbars", "--force-color-profile=srgb", "--disable-extensions"):
            options.add_argument(argument)
        width, height = SIZES[size]
        options.add_argument(f"--window-size={width},{height}")
        if size == "phone":
            options.add_experimental_option("mobileEmulation", {
                "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0, "touch": True}})
        if not has_script:
            # As a visitor does it, in the browser's settings; the driver's own scripts still run.
            options.add_experimental_option(
                "prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(20)
        if size != "phone":
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        axe = _axe_path(root)
        self.axe = None
        if axe:
            with open(axe, encoding="utf-8") as file:
                self.axe = file.read()
        with open(os.path.join(HERE, "rules.js"), encoding="utf-8") as file:
            self.rules = file.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def find(self, selector, text=None):
        """The first shown element of that kind, perhaps with that text."""
        def attempt(driver):
            for element in driver.find_elements(By.CSS_SELECTOR, selector):
                if element.is_displayed() and (text is None or text.lower() in element.text.lower()):
                    return element
            return False
        wanted = f"{selector}" + (f" with '{text}'" if text else "")
        return WebDriverWait(self.driver, 10).until(attempt, f"no {wanted} on {self.driver.current_url}")

    def press(self, selector, text=None):
        element = self.find(selector, text)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        self.click(element)

    def click(self, element):
        """Without script the driver waits for ever after a click of its own, so the mouse is moved here."""
        if self.has_script:
            return element.click()
        x, y = self.script(
            "const box = arguments[0].getClientRects()[0];"
            "return [box.x + box.width / 2, box.y + box.height / 2]", element)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left",
                "clickCount": 0 if kind == "mouseMoved" else 1})
        return None

    def wait(self, what, attempt, limit=10):
        return WebDriverWait(self.driver, limit, poll_frequency=0.02).until(
            lambda driver: attempt(driver), f"{what} on {self.driver.current_url}")

    def script(self, text, *values):
        return self.driver.execute_script(text, *values)

    def shoot(self, name):
        if self.screenshots:
            os.makedirs(self.screenshots, exist_ok=True)
            self.driver.save_screenshot(os.path.join(self.screenshots, f"{name}.png"))

    # What is wrong with the page

    def check_page(self):
        """Roles, labels, contrast, width, hosts, console."""
        problems = [f"rule: {text}" for text in self.script(self.rules)]
        problems += [f"axe: {text}" for text in self._axe_violations()]
        inner, scroll = self.script("return [innerWidth, document.documentElement.scrollWidth]")
        if scroll > inner + 1:
            problems.append(f"the page is {scroll} px wide, the window {inner}")
        foreign = self.script(
            "return performance.getEntriesByType('resource').map(one => one.name)"
            ".filter(name => !name.startsWith(location.origin) && !name.startsWith('data:') "
            "&& !name.startsWith('blob:'))")
        problems += [f"loads from another host: {name}" for name in foreign]
        problems += self.console()
        if problems:
            raise Wrong(f"{self.driver.current_url} ({self.size}): " + "; ".join(problems[:12]))

    def console(self):
        return [f"console: {entry['message']}" for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def _axe_violations(self):
        if not self.axe:
            return []
        if self.has_script:
            self.script(self.axe)
        else:
            self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": self.axe})
        self.driver.set_script_timeout(30)
        if not self.has_script:
            return []
        result = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
            ".then(done, (error) => done({violations: [{id: String(error), help: '', nodes: []}]}));")
        return [f"{one['id']}: {one['help']}" + (f" {one['nodes'][0]['html'][:120]}" if one["nodes"] else "")
                for one in result["violations"]]
