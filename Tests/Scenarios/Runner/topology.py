"""The topology of a scenario: the shipped one, changed where the scenario says so, or one of its own."""

import copy
import os
import shutil

from . import yaml12


def _names(path):
    return path.replace("[", ".").replace("]", "").split(".")


def _set(tree, path, value):
    """Puts a value at a dotted path. None takes away; `+` appends to a list, `<` puts before it."""
    *parents, last = _names(path)
    for name in parents:
        if isinstance(tree, list):
            tree = tree[int(name)]
        else:
            tree = tree.setdefault(name, {})
    if last == "+":
        tree.extend(value if isinstance(value, list) else [value])
    elif last == "<":
        tree[:0] = value if isinstance(value, list) else [value]
    elif value is None:
        if isinstance(tree, list):
            del tree[int(last)]
        else:
            tree.pop(last, None)
    elif isinstance(tree, list):
        tree[int(last)] = value
    else:
        tree[last] = value


def _remove_link_targets(tree, removed):
    """Nobody is linked to an actor that was taken away."""
    for actor in tree.get("actors", {}).values():
        links = actor.get("links", {})
        for name, target in list(links.items()):
            if isinstance(target, list):
                links[name] = [one for one in target if one not in removed]
            elif target in removed:
                del links[name]


def write(scenario, root, folder):
    """Writes the scenario's topology into the folder and answers its path."""
    given = scenario.get("topology", "shipped")
    path = os.path.join(folder, "topology.yaml")
    if isinstance(given, str) and "\n" in given:
        with open(path, "w", encoding="utf-8") as file:
            file.write(given)
        return path
    if given == "shipped":
        shutil.copyfile(os.path.join(root, "topology.yaml"), path)
        return path
    if "patch" in given:
        with open(os.path.join(root, "topology.yaml"), encoding="utf-8") as file:
            tree = yaml12.load(file)
        patch = copy.deepcopy(given["patch"])
        removed = {
            _names(name)[1] for name, value in patch.items()
            if value is None and name.startswith("actors.") and len(_names(name)) == 2
        }
        for name, value in patch.items():
            _set(tree, name, value)
        _remove_link_targets(tree, removed)
    else:
        tree = given
    with open(path, "w", encoding="utf-8") as file:
        file.write(yaml12.dump(tree))
    return path
