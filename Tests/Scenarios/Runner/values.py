"""Durations, variables, paths into JSON, and what a value is compared with."""

import re


class Failure(Exception):
    """An expectation that was not met."""

    def __init__(self, expected, came):
        super().__init__(f"expected {expected}, came {came}")
        self.expected = expected
        self.came = came


class Skipped(Exception):
    """The scenario cannot run here; the text says why."""


_UNITS = {"ms": 0.001, "s": 1, "m": 60}


def seconds(value):
    """250ms, 1.5s, 2m, or a number of seconds."""
    if isinstance(value, (int, float)):
        return float(value)
    match = re.fullmatch(r"([0-9.]+)(ms|s|m)", str(value).strip())
    if not match:
        raise ValueError(f"'{value}' is no duration")
    return float(match[1]) * _UNITS[match[2]]


def filled(value, variables):
    """The value with each {{name}} put in, at any depth. A text that is one variable keeps its type."""
    if isinstance(value, dict):
        return {filled(key, variables): filled(part, variables) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, variables) for part in value]
    if not isinstance(value, str) or "{{" not in value:
        return value

    def known(name):
        if name not in variables:
            raise ValueError(f"no variable is called '{name}'; there are {', '.join(sorted(variables))}")
        return variables[name]

    whole = re.fullmatch(r"\{\{(\w+)\}\}", value)
    if whole:
        return known(whole[1])
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(known(match[1])), value)


def at_path(value, path):
    """What lies at a.b.0.c; a name in [brackets] may hold dots. Answers (found, value)."""
    for name in re.findall(r"\[([^\]]+)\]|([^.\[\]]+)", str(path)):
        name = name[0] or name[1]
        if isinstance(value, list) and re.fullmatch(r"-?\d+", name):
            if not -len(value) <= int(name) < len(value):
                return False, None
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return False, None
    return True, value


def short(value, limit=400):
    """A value for a message."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[:limit] + f"… ({len(text)} characters)"


_TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "list": list, "object": dict,
}


def _list(operand):
    return operand if isinstance(operand, list) else [operand]


def _part(part, value):
    """In a text a number is looked for as text."""
    return str(part) if isinstance(value, str) else part


def _compare(operator, operand, value):
    """Whether the value is as the operator wants it."""
    if operator == "is":
        return value == operand
    if operator == "not":
        return value != operand
    if operator == "in":
        return value in operand
    if operator == "at_least":
        return value is not None and float(value) >= float(operand)
    if operator == "at_most":
        return value is not None and float(value) <= float(operand)
    if operator == "contains":
        return all(_part(part, value) in (value or "") for part in _list(operand))
    if operator == "lacks":
        return not any(_part(part, value) in (value or "") for part in _list(operand))
    if operator == "matches":
        return re.search(operand, str(value), re.S) is not None
    if operator == "count":
        return meets(operand, len(value))
    if operator == "type":
        is_wrong_boolean = isinstance(value, bool) and operand != "boolean"
        return isinstance(value, _TYPES[operand]) and not is_wrong_boolean
    if operator == "each":
        return all(meets_members(operand, member) for member in value)
    raise ValueError(f"'{operator}' compares nothing")


OPERATORS = {
    "is", "not", "in", "at_least", "at_most", "contains", "lacks", "matches", "count", "type", "each", "exists",
}


def _is_condition(wanted):
    return isinstance(wanted, dict) and wanted and set(wanted) <= OPERATORS


def meets(wanted, value):
    """Whether a value is the wanted one, or meets the wanted conditions."""
    if not _is_condition(wanted):
        return wanted == value
    try:
        return all(_compare(operator, operand, value) for operator, operand in wanted.items()
                   if operator != "exists")
    except (TypeError, ValueError, AttributeError):
        return False


def meets_members(wanted, value):
    """Whether each path of the wanted object leads to a value that meets what stands there."""
    for path, condition in wanted.items():
        found, part = at_path(value, path)
        if _is_condition(condition) and "exists" in condition:
            if found != condition["exists"]:
                return False
            if not found:
                continue
        if not found or not meets(condition, part):
            return False
    return True


def check(what, wanted, value):
    """Fails if the value is not as wanted."""
    if not meets(wanted, value):
        raise Failure(f"{what}: {short(wanted)}", short(value))


def check_members(what, wanted, value):
    """Fails at the first path whose value is not as wanted."""
    for path, condition in wanted.items():
        if not meets_members({path: condition}, value):
            _, part = at_path(value, path)
            raise Failure(f"{what} {path}: {short(condition)}", f"{short(part)} in {short(value, 1200)}")
