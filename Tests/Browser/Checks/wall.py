"""The wall: when an order shows, how much script a frame takes, how it looks at each size."""

import time

from .browser import Wrong

# Before the page's own script: how long its animation frames take.
_FRAMES = """
window.frameTimes = [];
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (body) => request((now) => {
    const begin = performance.now();
    try { body(now); } finally { window.frameTimes.push(performance.now() - begin); }
});
"""

# Notes the moment at which the number of orders that can be read in the page first rises.
_WATCH = r"""
const read = () => document.getElementById('orders')?.textContent ?? null;
window.ordersBefore = read();
window.orderSeen = null;
new MutationObserver(() => {
    if (window.orderSeen === null && read() !== window.ordersBefore)
        window.orderSeen = performance.timeOrigin + performance.now();
}).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
return window.ordersBefore;
"""


def open_wall(browser, address):
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _FRAMES})
    browser.open(f"http://{address}/wall")


def begin_watch(browser):
    """Waits until the wall shows numbers, then looks out for one more order."""
    browser.wait("numbers on the wall", lambda driver: driver.execute_script(
        "return /\\d/.test(document.getElementById('orders')?.textContent ?? '')"))
    before = browser.script(_WATCH)
    if before is None:
        raise Wrong("the wall has no number of orders")


def end_watch(browser, confirmed, limit):
    """Milliseconds between the confirmation and the wall; wrong beyond the limit."""
    seen = browser.wait("the order on the wall", lambda driver: driver.execute_script("return window.orderSeen"))
    delay = seen - confirmed
    if delay > limit:
        raise Wrong(f"the order was on the wall after {delay:.0f} ms, not within {limit}")
    return delay


def frame_time(browser, limit):
    """The 95th percentile of script in a frame, in milliseconds, and how many frames there were. By the
    clock: whatever else the machine does can only lengthen it, hence the best of three measurements."""
    best = (float("inf"), 0)
    for _ in range(3):
        best = min(best, _frame_times(browser))
        if best[0] < limit:
            break
    return best


def _frame_times(browser, span=3.0):
    browser.script("window.frameTimes = []")
    begin = time.monotonic()
    times = browser.wait("animation frames", lambda driver: (
        time.monotonic() - begin > span and driver.execute_script("return window.frameTimes")) or False, span + 5)
    times.sort()
    return times[min(len(times) - 1, int(len(times) * 0.95))], len(times)
