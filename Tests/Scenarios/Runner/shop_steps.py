"""Steps about orders, stock, and the disk they lie on."""

import os
import subprocess
import time

from . import http, orders
from .flock import ask_at_once, quantile
from .steps import _capture, expect, step
from .values import Failure, Skipped, check, seconds, short


@step
def stock(stage, given):
    """Notes what is there of products before anybody buys: variants become `<handle>` variables."""

    def read(handle):
        answer = http.request(
            stage.souk.http, "GET", f"/fragments/stock/{handle}", {"Accept": "application/json"})
        if answer.status != 200:
            raise Failure(f"200 for the stock of {handle}", f"{answer.status} {short(answer.text)}")
        variants = answer.json["variants"]
        if any(variant["quantity"] is None for variant in variants):
            raise Failure(f"known quantities of {handle}", short(variants))
        return variants

    for handle in given["handles"]:
        variants = stage.until(f"stock of {handle}", "10s", lambda handle=handle: read(handle))
        stage.variables[handle.replace("-", "_")] = variants[0]["id"]
        stage.journal.handles[handle] = [variant["id"] for variant in variants]
        for variant in variants:
            stage.journal.initial.setdefault(variant["id"], variant["quantity"])
            if "quantity" in given:
                check(f"pieces of {handle}", given["quantity"], variant["quantity"])


def _variants(stage, given):
    handles = given.get("handles") or list(stage.journal.handles)
    return [stage.journal.handles[handle][0] for handle in handles]


@step
def order(stage, given):
    """One order, in the journal: `lines` of [variant, quantity]; `again: true` sends the last one again."""
    if given.get("again"):
        entry = stage.journal.entries[-1]
    else:
        entry = stage.journal.add(orders.Entry([tuple(line) for line in given["lines"]]))
        entry.email = given.get("email", entry.email)
    answer = http.request(
        stage.souk.http, "POST", "/orders",
        {"Idempotency-Key": entry.key, "Content-Type": "application/json", "Accept": "application/json"},
        entry.body)
    entry.note(answer)
    expect(answer, given.get("expect", {"status": 201}), "POST /orders")
    _capture(stage, given.get("capture"), answer)


@step
def buyers(stage, given):
    """Begins buyers in the background: each orders one thing after the other."""
    stage.journal.begin(
        stage.souk.http, _variants(stage, given), given.get("buyers", 4), given.get("quantity", 1),
        seconds(given.get("delay", 0)))


@step
def orders_placed(stage, given):
    """Waits until so many more orders were acknowledged since the last time."""
    begin = stage.variables.get("orders_seen", 0)

    def attempt():
        count = len(stage.journal.acknowledged())
        if count - begin < given["at_least"]:
            raise Failure(f"{given['at_least']} more orders", f"{count - begin}")

    stage.until("orders", given.get("within", "15s"), attempt)
    stage.variables["orders_seen"] = len(stage.journal.acknowledged())


@step
def buyers_end(stage, given):
    stage.journal.end()
    count = len(stage.journal.acknowledged())
    check("acknowledged orders", {"at_least": (given or {}).get("at_least", 1)}, count)
    stage.notes.append(f"{count} orders, {len(stage.journal.unknown())} without an answer")


@step
def retry_orders(stage, given):
    """Every order again with its key: the same orders come back."""
    orders.retry_all(stage.journal, stage.souk.http, (given or {}).get("only_unknown", False))


@step
def audit(stage, given):
    """No acknowledged order lost, none double, stock + sold = initial."""
    orders.audit(stage.journal, stage.souk.data, stage.time_left((given or {}).get("within", "15s")))


@step
def rush(stage, given):
    """Many buyers at the same moment, each with a key of its own."""
    variants = _variants(stage, given)
    entries, rendered = [], []
    for number in range(given["buyers"]):
        entry = stage.journal.add(orders.Entry([(variants[number % len(variants)], given.get("quantity", 1))]))
        entries.append(entry)
        rendered.append(http.render("POST", "/orders", stage.souk.http, {
            "Connection": "close", "Idempotency-Key": entry.key, "Accept": "application/json",
            "Content-Type": "application/json"}, entry.body))
    results = ask_at_once(stage.souk.http, rendered, stage.time_left(given.get("limit", "20s")))
    counts = {}
    for entry, (status, elapsed, raw) in zip(entries, results):
        counts[status] = counts.get(status, 0) + 1
        head, _, body = raw.partition(b"\r\n\r\n")
        if status is not None:
            entry.note(http.Response("HTTP/1.1", status, [], body, elapsed))
    for status, wanted in (given.get("counts") or {}).items():
        check(f"answers with {status} (of {short(counts)})", wanted, counts.get(int(status), 0))
    times = [elapsed for _, elapsed, _ in results]
    stage.notes.append(f"{len(entries)} buyers {counts}, p99 {quantile(times, .99) * 1000:.0f} ms")


# The disk

@step
def small_disk(stage, given):
    """A small tmpfs as data folder; before the start. Only root may do that."""
    if os.geteuid() != 0:
        raise Skipped("mounting a small disk takes root")
    path = given.get("path", stage.souk.data)
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={given['size']}", "tmpfs", path],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Skipped(f"no tmpfs can be mounted here: {done.stdout.decode().strip()}")
    stage.undo.append(lambda: subprocess.run(["umount", "-l", path], check=False))


@step
def fill_disk(stage, given):
    """Fills the data folder to its last byte."""
    path = os.path.join((given or {}).get("path", stage.souk.data), "ballast")
    with open(path, "ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


@step
def free_disk(stage, given):
    os.remove(os.path.join((given or {}).get("path", stage.souk.data), "ballast"))


# The wall

@step
def order_on_wall(stage, given):
    """Places an order and measures when the wall's numbers have it."""

    def snapshot():
        answer = http.request(stage.souk.http, "GET", given["path"], {"Accept": "application/json"})
        if answer.status != 200:
            raise Failure(f"200 for {given['path']}", f"{answer.status} {short(answer.text)}")
        value = answer.json
        for name in str(given["count"]).split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
        return value

    times = []
    for _ in range(given.get("times", 1)):
        before = snapshot()
        order(stage, {"lines": given["lines"]})
        begin = time.monotonic()
        stage.until("the order on the wall", "5s", lambda before=before: check(
            given["count"], {"at_least": before + 1}, snapshot()))
        times.append(time.monotonic() - begin)
    if max(times) > seconds(given["within"]):
        raise Failure(f"the order on the wall within {given['within']}", f"{max(times) * 1000:.0f} ms")
    stage.notes.append(f"on the wall after {max(times) * 1000:.0f} ms at most")
