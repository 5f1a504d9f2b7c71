"""Finds the scenarios, runs one after the other, and says what came of them."""

import argparse
import glob
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

from . import plugins, shop_steps, socket_steps, steps, yaml12  # noqa: F401 (steps register themselves)
from .http import ProtocolError
from .stage import Stage
from .values import Failure, Skipped, filled

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(FOLDER))


def arguments():
    parser = argparse.ArgumentParser(
        description="Runs scenarios against the real souk: topology, script of steps, expectations.")
    parser.add_argument("files", nargs="*", help="scenario files; all of them without")
    parser.add_argument("--long", action="store_true", help="more repetitions, where a scenario has them")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the scenarios")
    parser.add_argument("--souk", help="the binary; default .build/release/souk, else .build/debug/souk")
    parser.add_argument("--list", action="store_true", help="only name the scenarios")
    return parser.parse_args()


def find_souk(given):
    for path in [given] if given else [".build/release/souk", ".build/debug/souk"]:
        path = os.path.abspath(path) if given else os.path.join(ROOT, path)
        if os.access(path, os.X_OK):
            return path
    sys.exit("no souk is built: run 'swift build -c release' first, or name one with --souk")


def _step_name(given):
    names = [name for name in given if name in steps.STEPS or name == "repeat"]
    if len(names) != 1:
        raise ValueError(f"a step is one of {', '.join(sorted(steps.STEPS))}, repeat: {given}")
    return names[0]


def perform(stage, given, trail):
    """One step; the trail says where a failure happened."""
    given = given if isinstance(given, dict) else {given: None}
    name = _step_name(given)
    trail.append(given)
    stage.time_left("1s")
    if name == "repeat":
        repeat = given["repeat"]
        times = repeat.get("long", repeat["times"]) if stage.is_long else repeat["times"]
        for number in range(filled(times, stage.variables)):
            stage.variables["round"] = number
            for inner in repeat["steps"]:
                perform(stage, inner, trail)
    else:
        steps.STEPS[name](stage, filled(given[name], stage.variables))
    trail.pop()


def play(scenario, binary, is_long, folder):
    """Answers None, or the text of what went wrong; raises Skipped."""
    if is_long and "long_limit" in scenario:
        scenario["limit"] = scenario["long_limit"]
    stage = Stage(scenario, ROOT, binary, folder, is_long)
    trail = []
    try:
        environment = plugins.prepare(scenario, stage, ROOT)
        stage.begin()
        environment.update(filled(scenario.get("environment", {}), stage.variables))
        for given in scenario.get("before", []):
            perform(stage, given, trail)
        stage.prepare(environment)
        for given in scenario["steps"]:
            perform(stage, given, trail)
    except Failure as failure:
        return _report(stage, trail, failure.expected, failure.came), stage.notes
    except (OSError, ProtocolError, ValueError, KeyError) as error:
        return _report(stage, trail, "a step that can be done", traceback.format_exc(limit=-3) + repr(error)), []
    finally:
        stage.close()
    return None, stage.notes


def _report(stage, trail, expected, came):
    where = yaml12.dump(trail[-1]).strip() if trail else "before the first step"
    tail = "\n".join(stage.souk.log().splitlines()[-25:])
    parts = [("step", where), ("expected", expected), ("came", came), ("end of the log", tail or "(empty)")]
    return "\n".join(f"    {name}:\n" + "\n".join("        " + line for line in str(text).splitlines())
                     for name, text in parts)


def run_one(path, binary, options):
    """`passed`, `failed` or `skipped`."""
    with open(path, encoding="utf-8") as file:
        scenario = yaml12.load(file)
    folder = tempfile.mkdtemp(prefix="souk-scenario-")
    name = scenario["name"]
    start = time.monotonic()
    outcome, text, notes = "passed", None, []
    try:
        text, notes = play(scenario, binary, options.long, folder)
        outcome = "failed" if text else "passed"
    except Skipped as reason:
        outcome, notes = "skipped", [str(reason)]
    duration = time.monotonic() - start
    remark = f" ({'; '.join(notes)})" if notes else ""
    print(f"{outcome:7} {duration:6.1f} s  {name}{remark}", flush=True)
    if text:
        print(f"    file: {os.path.relpath(path)}\n{text}", flush=True)
    if options.keep:
        print(f"    kept: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    files = options.files or sorted(glob.glob(os.path.join(FOLDER, "*.yaml")))
    if options.list:
        for path in files:
            with open(path, encoding="utf-8") as file:
                print(f"{os.path.basename(path):40} {yaml12.load(file)['name']}")
        return 0
    binary = find_souk(options.souk)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for path in files:
        counts[run_one(path, binary, options)] += 1
    if counts["skipped"]:
        print(f"{counts['skipped']} skipped")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0
