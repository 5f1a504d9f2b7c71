"""A background load: clients that ask in turn, at a fixed rate, whatever the shop does."""

import itertools
import threading
import time

from . import http
from .flock import quantile


class Load:
    """Asks at a rate until it is ended; counts what came."""

    def __init__(self, address, requests, rate, clients, body_contains=None):
        self.address = address
        self.requests = requests
        self.body_contains = body_contains
        self.interval = clients / rate
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.seconds = []
        self.errors = []
        self.statuses = {}
        self.threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        connection = None
        due = time.monotonic() + number * self.interval / len(self.threads)
        for method, target, fields, body in itertools.islice(itertools.cycle(self.requests), number, None):
            if self.ending.wait(max(0, due - time.monotonic())):
                break
            due += self.interval
            connection = self._ask(connection, method, target, fields, body)
        if connection:
            connection.close()

    def _ask(self, connection, method, target, fields, body):
        """The connection, for the next request, if it still is of use."""
        start = time.monotonic()
        try:
            connection = connection or http.Connection(self.address, 10)
            answer = connection.request(method, target, fields, body)
        except (OSError, http.ProtocolError) as error:
            self._count(f"{method} {target}: {error}", None, time.monotonic() - start)
            if connection:
                connection.close()
            return None
        wrong = None
        if answer.status >= 500:
            wrong = f"{method} {target}: {answer.status} {answer.text[:200]}"
        elif self.body_contains and self.body_contains not in answer.text:
            wrong = f"{method} {target}: without '{self.body_contains}'"
        self._count(wrong, answer.status, answer.seconds)
        if (answer.field("connection") or "").lower() == "close":
            connection.close()
            return None
        return connection

    def _count(self, wrong, status, seconds):
        with self.lock:
            self.seconds.append(seconds)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if wrong:
                self.errors.append(wrong)

    @property
    def count(self):
        with self.lock:
            return len(self.seconds)

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(15)

    def p(self, share):
        return quantile(self.seconds, share)
