"""Buyers who keep a journal, and the audit that holds the shop to it."""

import glob
import json
import os
import sqlite3
import threading
import time
import uuid

from . import http
from .values import Failure


class Entry:
    """One order that was tried: what was sent under which key, and what came."""

    def __init__(self, lines):
        self.key = str(uuid.uuid4())
        self.email = f"{self.key}@example.test"
        self.lines = lines
        self.status = None
        self.order = None

    @property
    def body(self):
        lines = [{"variant_id": variant, "quantity": quantity} for variant, quantity in self.lines]
        return json.dumps({"email": self.email, "lines": lines}).encode()

    def place(self, address, connection=None):
        """Sends the order. Answers the connection if it is still of use."""
        fields = {"Idempotency-Key": self.key, "Content-Type": "application/json",
                  "Accept": "application/json"}
        connection = connection or http.Connection(address, 10)
        try:
            answer = connection.request("POST", "/orders", fields, self.body)
        except (OSError, http.ProtocolError):
            connection.close()
            raise
        self.note(answer)
        if (answer.field("connection") or "").lower() == "close":
            connection.close()
            return None
        return connection

    def note(self, answer):
        if answer.status in (200, 201):
            order = answer.json
            if self.order is not None and order["id"] != self.order["id"]:
                raise Failure(f"order {self.order['id']} again for its key", f"order {order['id']}")
            if self.order is not None and order.get("total") != self.order.get("total"):
                raise Failure(f"the same total {self.order.get('total')}", f"{order.get('total')}")
            self.order = order
        self.status = answer.status


class Journal:
    """What was ordered in a scenario, by whom, with what answer."""

    def __init__(self):
        self.entries = []
        self.initial = {}
        self.handles = {}
        self.lock = threading.Lock()
        self.failures = []
        self.ending = threading.Event()
        self.threads = []

    def add(self, entry):
        with self.lock:
            self.entries.append(entry)
        return entry

    # Buyers in the background

    def begin(self, address, variants, buyers, quantity, delay):
        self.ending.clear()
        for number in range(buyers):
            thread = threading.Thread(
                target=self._buy, args=(address, variants, number, quantity, delay), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _buy(self, address, variants, number, quantity, delay):
        """Orders one after the other; a kill of the shop only interrupts."""
        connection = None
        turn = number
        while not self.ending.wait(delay):
            turn += 1
            lines = [(variants[turn % len(variants)], quantity)]
            if turn % 3 == 0 and len(variants) > 1:
                lines.append((variants[(turn + 1) % len(variants)], quantity))
            entry = self.add(Entry(lines))
            try:
                connection = entry.place(address, connection)
            except (OSError, http.ProtocolError):
                connection = None
                self.ending.wait(0.02)
            except (Failure, ValueError, KeyError) as error:
                with self.lock:
                    self.failures.append(str(error))
                connection = None

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(15)
        self.threads = []
        if self.failures:
            raise Failure("orders as promised", self.failures[0])

    def acknowledged(self):
        return [entry for entry in self.entries if entry.order is not None]

    def unknown(self):
        return [entry for entry in self.entries if entry.status is None]


def retry_all(journal, address, only_unknown=False):
    """Sends every order again with its key: what was acknowledged must come back the same."""
    connection = None
    for entry in journal.entries:
        if entry.order is None and entry.status not in (None, 503):
            continue
        if only_unknown and entry.order is not None:
            continue
        was_acknowledged = entry.order is not None
        connection = entry.place(address, connection)
        if was_acknowledged and entry.status != 200:
            raise Failure(f"200 for order {entry.order['id']} sent again", f"{entry.status}")


class Books:
    """What the shards' databases say."""

    def __init__(self, data):
        self.orders = {}
        self.emails = {}
        self.sold = {}
        self.stock = {}
        for path in sorted(glob.glob(os.path.join(data, "**", "*.db"), recursive=True)):
            self._read(path)

    def _read(self, path):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if not {"orders", "order_lines", "stock"} <= names:
                return
            connection.execute("BEGIN")
            cancelled = set()
            for number, email, total, is_cancelled in connection.execute(
                    "SELECT id, email, total, is_cancelled FROM orders"):
                self.orders[number] = total
                self.emails.setdefault(email, []).append(number)
                if is_cancelled:
                    cancelled.add(number)
            for number, variant, quantity in connection.execute(
                    "SELECT order_id, variant, quantity FROM order_lines"):
                if number not in cancelled:
                    self.sold[variant] = self.sold.get(variant, 0) + quantity
            for variant, available in connection.execute("SELECT variant, available FROM stock"):
                if variant in self.stock:
                    raise Failure(f"variant {variant} on one shard", f"on two, again in {path}")
                self.stock[variant] = available
        finally:
            connection.close()


def _first_mistake(journal, books):
    """What is wrong between journal and books; None if nothing is."""
    for entry in journal.acknowledged():
        number = int(entry.order["id"])
        if number not in books.orders:
            return f"acknowledged order {number} is not in the table of orders"
    for email, numbers in books.emails.items():
        if len(numbers) > 1:
            return f"one key has several orders: {email} {numbers}"
    known = {entry.email for entry in journal.entries}
    for email, numbers in books.emails.items():
        if email not in known and email.endswith("@example.test"):
            return f"order {numbers} was placed by nobody ({email})"
    for variant, initial in journal.initial.items():
        left = books.stock.get(variant)
        sold = books.sold.get(variant, 0)
        if left is not None and left + sold != initial:
            return f"variant {variant}: {left} left + {sold} sold is not {initial}"
        if left is None and sold:
            return f"variant {variant}: {sold} sold, and no row of stock"
        if left is not None and left < 0:
            return f"variant {variant} is oversold: {left} left"
    return None


def audit(journal, data, limit):
    """Compares the journal with the databases; their tables are made in the background, so it waits."""
    deadline = time.monotonic() + limit
    while True:
        mistake = _first_mistake(journal, Books(data))
        if mistake is None:
            return
        if time.monotonic() > deadline:
            raise Failure("books that agree with the journal", mistake)
        time.sleep(0.05)
