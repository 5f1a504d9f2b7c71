"""The steps of scenarios: each takes the stage and what the file says, and fails or returns."""

import json
import os
import re
import sqlite3
import subprocess
import time

from . import http
from .flock import ask_at_once, quantile
from .load import Load
from .process import SIGNALS, metric_sum
from .values import Failure, at_path, check, check_members, seconds, short

STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


# Requests

def _content(given):
    """Fields and body of a request as the file describes it."""
    fields = dict(given.get("headers") or {})
    body = None
    if "json" in given:
        body = json.dumps(given["json"]).encode()
        fields.setdefault("Content-Type", "application/json")
    elif "form" in given:
        body = given["form"].encode()
        fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif "body" in given:
        body = given["body"].encode()
    elif "body_size" in given:
        body = b"x" * given["body_size"]
    return given.get("method", "GET" if body is None else "POST"), fields, body


def _send(stage, given):
    method, fields, body = _content(given)
    if given.get("cookies") and "cookies" in stage.variables:
        fields["Cookie"] = stage.variables["cookies"]
    answer = http.request(
        stage.address(given.get("to", "http")), method, given["path"], fields, body,
        timeout=stage.time_left(given.get("limit", "10s")))
    set_cookies = [value.split(";")[0] for name, value in answer.fields if name.lower() == "set-cookie"]
    if given.get("cookies") and set_cookies:
        known = dict(pair.split("=", 1) for pair in stage.variables.get("cookies", "").split("; ") if pair)
        known.update(pair.split("=", 1) for pair in set_cookies)
        stage.variables["cookies"] = "; ".join(f"{name}={value}" for name, value in known.items())
    stage.last = answer
    return answer


def expect(answer, wanted, what):
    """Holds an answer to the expectations."""
    if "status" in wanted:
        try:
            check(f"{what} status", wanted["status"], answer.status)
        except Failure as failure:
            raise Failure(failure.expected, f"{failure.came}: {short(answer.text, 600)}") from None
    for name, condition in (wanted.get("headers") or {}).items():
        value = answer.field(name)
        if condition is None:
            check(f"{what} without {name}", None, value)
        else:
            check(f"{what} {name}", condition, value)
    if "json" in wanted:
        try:
            content = answer.json
        except ValueError:
            raise Failure(f"{what} JSON", short(answer.text)) from None
        check_members(what, wanted["json"], content)
    if "body" in wanted:
        check(f"{what} body", wanted["body"], answer.text)
    if "size" in wanted:
        check(f"{what} body size", wanted["size"], len(answer.body))
    if "within" in wanted and answer.seconds > seconds(wanted["within"]):
        raise Failure(f"{what} within {wanted['within']}", f"{answer.seconds * 1000:.1f} ms")


def _capture(stage, wanted, answer):
    for name, path in (wanted or {}).items():
        if path.startswith("header:"):
            field, _, pattern = path[7:].partition("~")
            value = answer.field(field)
            match = pattern and re.search(pattern, value or "")
            value = (match[1] if match else None) if pattern else value
        elif path.startswith("body:"):
            match = re.search(path[5:], answer.text, re.S)
            value = match and match[1]
        else:
            _, value = at_path(answer.json, path)
        if value is None:
            raise Failure(f"a value at {path} to keep as {name}", short(answer.text, 800))
        stage.variables[name] = value


@step
def request(stage, given):
    """One request; with `until`, again and again until the expectations are met."""
    what = f"{given.get('method', '')} {given['path']}".strip()

    def attempt():
        answer = _send(stage, given)
        expect(answer, given.get("expect", {}), what)
        return answer

    answer = stage.until(what, given["until"], attempt) if "until" in given else attempt()
    _capture(stage, given.get("capture"), answer)


@step
def control(stage, given):
    """A request to the control port; `PUT /v1/degrade` with its expectations beside it."""
    request(stage, {"to": "control", **given})


@step
def latency(stage, given):
    """Asks one after the other and holds quantiles to bounds."""
    method, fields, body = _content(given)
    times = []
    with http.Connection(stage.souk.http, stage.time_left("10s")) as connection:
        for _ in range(given["times"]):
            answer = connection.request(method, given["path"], fields, body)
            expect(answer, given.get("expect", {}), given["path"])
            times.append(answer.seconds)
    for name, limit in given["bounds"].items():
        came = quantile(times, int(name[1:]) / 10 ** (len(name) - 1))
        if came > seconds(limit):
            raise Failure(f"{name} of {given['path']} at most {limit}", f"{came * 1000:.1f} ms")
    stage.notes.append(f"{given['path'][:40]} p50 {quantile(times, .5) * 1000:.1f} ms, "
                       f"p99 {quantile(times, .99) * 1000:.1f} ms")


@step
def parallel(stage, given):
    """The same request, or a list of them, from many clients at the same moment."""
    rendered = []
    for number in range(given["clients"]):
        one = json.loads(json.dumps(given).replace("<n>", str(number)))
        method, fields, body = _content(one)
        rendered.append(http.render(
            method, one["path"], stage.souk.http, {"Connection": "close", **fields}, body))
    results = ask_at_once(stage.souk.http, rendered, stage.time_left(given.get("limit", "15s")))
    counts = {}
    for status, _, _ in results:
        counts[status] = counts.get(status, 0) + 1
    for status, wanted in (given.get("counts") or {}).items():
        count = counts.get(None if status == "none" else int(status), 0)
        check(f"answers with {status} (of {short(counts)})", wanted, count)
    times = [elapsed for _, elapsed, _ in results]
    if "slowest" in given and max(times) > seconds(given["slowest"]):
        raise Failure(f"all within {given['slowest']}", f"{max(times) * 1000:.0f} ms")
    stage.variables["parallel_counts"] = counts


# Background load

@step
def load(stage, given):
    """Begins a load in the background; `requests` are paths or requests."""
    requests = []
    for one in given["requests"]:
        one = {"path": one} if isinstance(one, str) else one
        method, fields, body = _content(one)
        requests.append((method, one["path"], fields, body))
    stage.loads[given.get("name", "load")] = Load(
        stage.souk.http, requests, given.get("rate", 50), given.get("clients", 4), given.get("contains"))


@step
def load_end(stage, given):
    """Ends a load and holds it to its expectations."""
    one = stage.loads.pop(given.get("name", "load"))
    least = given.get("at_least", 1)
    end = time.monotonic() + stage.time_left("30s")
    while one.count < least and time.monotonic() < end:
        time.sleep(0.01)
    one.end()
    errors, count = len(one.errors), one.count
    if count < least:
        raise Failure(f"at least {least} requests", f"{count}")
    if errors > given.get("error_ratio", 0) * count:
        raise Failure(f"an error ratio of at most {given.get('error_ratio', 0)}",
                      f"{errors} of {count}: {short(one.errors[0])}; statuses {one.statuses}")
    if "p99" in given and one.p(0.99) > seconds(given["p99"]):
        raise Failure(f"p99 at most {given['p99']}", f"{one.p(0.99) * 1000:.0f} ms")
    stage.notes.append(f"{count} requests under load, {errors} errors, p99 {one.p(.99) * 1000:.0f} ms")


# The process

@step
def start(stage, given):
    """Starts the souk and waits until it is ready; with `expect_exit`, until it has ended."""
    given = given or {}
    stage.souk.launch(stage.root)
    if "exit" in given:
        code = stage.souk.wait(stage.time_left(given.get("limit", "15s")))
        check("exit code", given["exit"], code)
    else:
        stage.souk.wait_until_ready(stage.time_left(given.get("limit", "30s")))


@step
def kill(stage, given):
    """Sends a signal: `KILL`, `TERM`, or {signal:, exit:, limit:} to wait for the end."""
    given = given if isinstance(given, dict) else {"signal": given}
    stage.souk.kill(SIGNALS[str(given["signal"])])
    if given.get("wait", True):
        code = stage.souk.wait(stage.time_left(given.get("limit", "20s")))
        check("exit code", given.get("exit", -9 if "9" in str(given["signal"]) or given["signal"] == "KILL"
                                     else 0), code)


@step
def exits(stage, given):
    """The souk ends, within a limit."""
    check("exit code", given.get("code", 0), stage.souk.wait(stage.time_left(given.get("limit", "20s"))))


@step
def restart(stage, given):
    """Kills it with -9 (or TERM) and starts it again."""
    given = given or {}
    kill(stage, given.get("signal", "KILL"))
    start(stage, {"limit": given.get("limit", "30s")})


@step
def run(stage, given):
    """Runs `souk` with other arguments; expects exit code and output."""
    try:
        code, output = stage.souk.run(
            [str(part) for part in given["arguments"]], stage.root,
            stage.time_left(given.get("limit", "15s")), given.get("environment"))
    except subprocess.TimeoutExpired as late:
        came = (late.stdout or b"").decode("utf-8", "replace")
        raise Failure(f"an end of {given['arguments']}", f"it still runs: {short(came, 1500)}") from None
    try:
        check("exit code", given.get("exit", 0), code)
    except Failure as failure:
        raise Failure(failure.expected, f"{failure.came}: {short(output, 1500)}") from None
    if "output" in given:
        check("output", given["output"], output)
    if "complaints" in given:
        lines = [line for line in output.strip().splitlines() if not re.match(r"\S+Z (info|notice) ", line)]
        try:
            check("lines that are no mere information", given["complaints"], len(lines))
        except Failure as failure:
            raise Failure(failure.expected, f"{failure.came}: {lines}") from None


@step
def write_file(stage, given):
    """Writes a file in the scenario's folder."""
    with open(os.path.join(stage.folder, given["name"]), "w", encoding="utf-8", newline="") as file:
        file.write(given["text"])


# What can be seen of it

@step
def metric(stage, given):
    """A sum of samples; with `until`, waits for it; with `keep`, keeps it as a variable."""
    name, labels = given["name"], given.get("labels", {})

    def attempt():
        value = metric_sum(stage.souk.metrics(), name, labels)
        if "since" in given and value is not None:
            value -= stage.variables[given["since"]]
        if "value" in given:
            check(f"metric {name} {labels}", given["value"], value)
        elif value is None:
            raise Failure(f"metric {name} {labels}", "none")
        return value

    value = stage.until(f"metric {name}", given["until"], attempt) if "until" in given else attempt()
    if "keep" in given:
        stage.variables[given["keep"]] = value


@step
def actor(stage, given):
    """An actor's entry in /v1/actors; waits for it."""

    def attempt():
        actors = http.request(stage.souk.control, "GET", "/v1/actors").json["actors"]
        entry = next((one for one in actors if one["name"] == given["name"]), None)
        if entry is None:
            raise Failure(f"an actor {given['name']}", short([one["name"] for one in actors]))
        check_members(f"actor {given['name']}", given["expect"], entry)

    stage.until(f"actor {given['name']}", given.get("until", "5s"), attempt)


@step
def log(stage, given):
    """The log has, or lacks, what is given; waits for what it is to have."""
    given = given if isinstance(given, dict) else {"matches": given}

    def attempt():
        text = stage.souk.log()
        for pattern in _list(given.get("matches")):
            if not re.search(pattern, text):
                raise Failure(f"a log with /{pattern}/", short(text[-1500:], 1500))
        for pattern in _list(given.get("lacks")):
            found = re.search(pattern, text)
            if found:
                raise Failure(f"a log without /{pattern}/", found[0])
        if "count" in given:
            check("lines of the log with that", given["count"],
                  len(re.findall(_list(given["matches"])[0], text)))
        if "lines" in given:
            check("lines of the log", given["lines"], len(text.strip().splitlines()))

    stage.until("log", given.get("until", "2s"), attempt)


def _list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


@step
def sql(stage, given):
    """A query over the SQLite files of the data folder; its rows of all files, added up or joined."""
    rows = []
    for path in sorted(_databases(stage.souk.data)):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            rows += connection.execute(given["query"]).fetchall()
        finally:
            connection.close()
    if "sum" in given:
        check("sum of the rows", given["sum"], sum(row[0] or 0 for row in rows))
    if "rows" in given:
        check("rows", given["rows"], [list(row) for row in rows])


def _databases(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".db"):
                yield os.path.join(place, name)
