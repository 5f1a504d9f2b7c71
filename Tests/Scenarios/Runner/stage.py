"""What the steps of one scenario share: the souk, its folder, captured variables, background work."""

import os
import time

from . import http, orders, topology
from .process import Souk
from .values import Failure, seconds


class Stage:
    """One scenario while it runs."""

    def __init__(self, scenario, root, binary, folder, is_long):
        self.scenario = scenario
        self.root = root
        self.folder = folder
        self.is_long = is_long
        self.loads = {}
        self.connections = {}
        self.journal = orders.Journal()
        self.last = None
        self.undo = []
        self.notes = []
        self.deadline = 0.0
        self.variables = {
            "folder": folder, "root": root, "scenarios": os.path.join(root, "Tests/Scenarios"),
            "plugins": os.path.join(root, ".build/outside/release"),
            "foreign_plugins": os.path.join(root, ".build/foreign/release"),
        }
        self.souk = Souk(binary, None, folder, {})
        self.variables.update(
            http=self.souk.http, control=self.souk.control, data=self.souk.data,
            port=self.souk.http.rpartition(":")[2], control_port=self.souk.control.rpartition(":")[2])
        for name, value in scenario.get("variables", {}).items():
            is_repeated = isinstance(value, dict)
            self.variables[name] = value["repeat"][0] * value["repeat"][1] if is_repeated else value

    def begin(self):
        """The time limit counts from now on."""
        self.deadline = time.monotonic() + seconds(self.scenario.get("limit", "60s"))

    def prepare(self, environment):
        self.souk.environment = environment
        for name, text in self.scenario.get("files", {}).items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        self.souk.topology = topology.write(self.scenario, self.root, self.folder)
        self.variables["topology"] = self.souk.topology

    def time_left(self, wanted):
        """A limit, cut to what the scenario has left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failure(f"an end within {self.scenario.get('limit', '60s')}", "the scenario's time is over")
        return min(seconds(wanted), left)

    def until(self, what, limit, attempt):
        """Tries until the attempt no longer fails; the last failure is what came."""
        end = time.monotonic() + self.time_left(limit)
        while True:
            try:
                return attempt()
            except (Failure, OSError, http.ProtocolError) as failure:
                if time.monotonic() >= end:
                    raise Failure(f"{what} within {limit}", str(failure)) from failure
            time.sleep(0.01)

    def address(self, name):
        """`http`, `control`, or host:port."""
        return {"http": self.souk.http, "control": self.souk.control}.get(name, name)

    def close(self):
        for load in self.loads.values():
            load.ending.set()
        self.journal.ending.set()
        for connection in self.connections.values():
            connection.close()
        self.souk.stop()
        for action in reversed(self.undo):
            action()
