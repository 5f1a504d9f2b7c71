"""Builds the plugins that scenarios bring: one from outside this repository's package, and one built
against another contract library."""

import os
import re
import shutil
import subprocess

from .values import Failure

_BUILT = set()


def _build(package, scratch):
    """An incremental release build; once a run."""
    if scratch in _BUILT:
        return
    done = subprocess.run(
        ["swift", "build", "-c", "release", "--package-path", package, "--scratch-path", scratch],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Failure(f"{package} to build", done.stdout.decode("utf-8", "replace")[-3000:])
    _BUILT.add(scratch)


def _foreign_package(root):
    """A copy of the plugin and of a contract library that says it is another."""
    folder = os.path.join(root, ".build/foreign-sources")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(root, "Sources/ModuleKit"), os.path.join(folder, "Sources/ModuleKit"))
    shutil.copytree(os.path.join(root, "Tests/OutsidePlugin"), os.path.join(folder, "Tests/OutsidePlugin"))
    path = os.path.join(folder, "Sources/ModuleKit/CModuleKit/include/contract_digest.h")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    changed = re.sub(r"return 0x[0-9a-f]{4}", "return 0x0bad", text, count=1)
    if changed == text:
        raise Failure(f"a digest in {path}", text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)
    return os.path.join(folder, "Tests/OutsidePlugin")


def prepare(scenario, stage, root):
    """Builds what the scenario names under `plugins` and answers its environment."""
    folders = []
    for name in scenario.get("plugins", []):
        if name == "outside":
            _build(os.path.join(root, "Tests/OutsidePlugin"), os.path.join(root, ".build/outside"))
            folders.append(stage.variables["plugins"])
        elif name == "foreign":
            _build(_foreign_package(root) if "foreign" not in _BUILT else "", os.path.join(root, ".build/foreign"))
            folders.append(stage.variables["foreign_plugins"])
        else:
            raise ValueError(f"'{name}' is neither 'outside' nor 'foreign'")
    return {"SOUK_PLUGINS": ":".join(folders)} if folders else {}
