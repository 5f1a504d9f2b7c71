"""One souk process: started with ports of its own, killed, waited for, its log read."""

import os
import re
import signal
import socket
import subprocess
import time

from . import http
from .values import Failure


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Souk:
    """A souk that a scenario runs, with its folder, ports and log."""

    def __init__(self, binary, topology, folder, environment):
        self.binary = binary
        self.topology = topology
        self.folder = folder
        self.http = f"127.0.0.1:{free_port()}"
        self.control = f"127.0.0.1:{free_port()}"
        self.data = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "souk.log")
        self.process = None
        self.environment = environment

    def variables(self):
        """The environment that the shipped topology reads."""
        own = {
            "SOUK_HTTP": self.http, "SOUK_CONTROL": self.control, "SOUK_DATA": self.data,
            "SWIFT_BACKTRACE": "enable=no",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SOUK_")}
        return {**kept, **own, **{name: str(value) for name, value in self.environment.items()}}

    def run(self, arguments, folder, limit, environment=None):
        """Runs a command to its end; answers exit code and everything written."""
        done = subprocess.run(
            [self.binary, *arguments], cwd=folder, env={**self.variables(), **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def launch(self, folder):
        with open(self.log_path, "ab") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                [self.binary, "run", self.topology], cwd=folder, env=self.variables(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def wait_until_ready(self, limit):
        deadline = time.monotonic() + limit
        last = "no connection"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure("a shop that gets ready", f"exit code {self.process.returncode}")
            try:
                answer = http.request(self.control, "GET", "/readyz", timeout=2)
                if answer.status == 200:
                    return
                last = answer.text
            except (OSError, http.ProtocolError) as error:
                last = str(error)
            time.sleep(0.01)
        raise Failure(f"ready within {limit:g} s", last)

    def kill(self, number):
        self.process.send_signal(number)

    def wait(self, limit):
        """The exit code; negative for a signal."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"an end within {limit:g} s", "the process is still there") from None

    def stop(self):
        """Whatever happened, nothing is left behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def metrics(self):
        """All samples: (name, labels, value)."""
        text = http.request(self.control, "GET", "/metrics").text
        return parse_metrics(text)


_SAMPLE = re.compile(r'^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    """Prometheus' text format, version 0.0.4."""
    samples = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _SAMPLE.match(line)
        if not match:
            raise Failure("a line of Prometheus' text format", repr(line))
        samples.append((match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])))
    return samples


def metric_sum(samples, name, labels):
    """The sum over all samples of that name with those labels (values may be patterns); None without."""
    values = [
        value for key, given, value in samples
        if key == name and all(re.fullmatch(str(wanted), given.get(label, ""))
                               for label, wanted in labels.items())
    ]
    return sum(values) if values else None


SIGNALS = {"KILL": signal.SIGKILL, "-9": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT}
