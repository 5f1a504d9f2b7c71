"""The rules. Each takes a source or the tree and yields (path, line, message, is_error)."""

import os
import re

import architecture as allowed


def _reason(path, table):
    """Whether the table lets the file do it."""
    return any(path == key or (key.endswith("/") and path.startswith(key)) for key in table)


def _target(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else None


def is_product(path):
    return path.startswith(("Sources/", "Plugins/"))


IMPORT = re.compile(
    r"^[ \t]*(?:@[\w()]+[ \t]+)*(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)[ \t]+)?(\w+)", re.M)


def imports(source):
    target = _target(source.path)
    for match in IMPORT.finditer(source.code):
        name, line = match.group(1), source.line_of(match.start(1))
        if name in allowed.FOUNDATION:
            if is_product(source.path) and not _reason(source.path, allowed.FOUNDATION_ALLOWED):
                yield source.path, line, f"import of {name}: the product does without", True
            continue
        if not is_product(source.path) or name in allowed.SYSTEM or target is None:
            continue
        if target.endswith("/ModuleKit") and name == "PackageDescription":
            continue
        if target.startswith("Plugins/"):
            plugin = target.split("/")[1]
            if name not in allowed.PLUGIN_IMPORTS | allowed.PLUGIN_LIBRARIES.get(plugin, set()):
                yield source.path, line, f"import of {name}: the plugin {plugin} may not see it", True
        elif target not in allowed.IMPORTS:
            yield source.path, line, f"{target} is in no layer: add it to Tools/Lint/architecture.py", True
        elif name not in allowed.IMPORTS[target]:
            yield source.path, line, f"import of {name}: {target} lies below it or beside it", True


def sizes(source):
    count = len(source.lines) - (1 if source.text.endswith("\n") else 0)
    if count > allowed.FILE_LINES:
        yield source.path, 1, f"{count} lines; at most {allowed.FILE_LINES}", True
    elif count > allowed.FILE_LINES_ADVISED:
        yield source.path, 1, f"{count} lines; better under {allowed.FILE_LINES_ADVISED}", False
    for name, first, last, _ in source.functions():
        length = last - first + 1
        if length > allowed.FUNCTION_LINES:
            yield source.path, first, f"'{name}' has {length} lines; at most {allowed.FUNCTION_LINES}", True


def forbidden(source):
    for pattern, message, exceptions in allowed.FORBIDDEN:
        if _reason(source.path, exceptions):
            continue
        for match in re.finditer(pattern, source.code):
            before = source.code[: match.start()].rstrip()
            # A declaration or a member of that name is something else.
            if before.endswith(("func", ".")) and not match.group(0).startswith(("Task", "Date")):
                continue
            word = " ".join(match.group(0).split()).rstrip("( {")
            yield source.path, source.line_of(match.start()), f"{word}: {message}", True
    for match in re.finditer(allowed.GENERATORS, source.code):
        if _reason(source.path, allowed.RANDOMNESS_ALLOWED):
            break
        arguments = source.code[match.end() - 1 : source.matching(match.end() - 1)]
        if "using:" not in arguments:
            line = source.line_of(match.start())
            yield source.path, line, f"{match.group(1)} without a generator: give it `using:`", True


def unwraps(source):
    if not _reason(source.path, allowed.UNWRAPS_ALLOWED):
        for match in re.finditer(r"[\w)\]]!(?![=\w(])", source.code):
            if re.search(r"\b(try|as)!$", source.code[: match.end()]):
                continue
            yield source.path, source.line_of(match.start()), "`!` traps on nil: unwrap it", True
    if not is_product(source.path) or not re.search(allowed.DECODERS, source.path):
        return
    for match in re.finditer(r"(?<![.\w])(U?Int(?:8|16|32|64)?)\(\s*([^)]*)", source.code):
        argument, line = match.group(2), source.line_of(match.start())
        if re.search(r"\blet \w+ = $", source.code[: match.start()][-80:]) and re.search(
                r"\b(if|guard|while)\b|,\s*let \w+ = $", source.code_lines[line - 1]):
            continue  # reads a text, and is nil where it is no number
        if re.match(r"\w+:|byte\b|\d+\s*$|\w+\.count\b|littleEndian:|bigEndian:", argument) or not argument:
            continue
        if "// in range:" not in source.lines[line - 1] and "// in range:" not in source.lines[line - 2]:
            message = f"{match.group(1)}(…) traps out of range: use a label, or say `// in range: why`"
            yield source.path, line, message, True


DECLARATION = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*(?:(?:final|static|class|nonisolated(?:\(unsafe\))?|mutating|override|indirect|"
    r"consuming|borrowing|unowned(?:\(\w+\))?|weak|lazy|required|convenience|isolated|distributed|prefix|postfix)[ \t]+)*"
    r"(public|open)[ \t]+(.*)$")
PROTOCOL_MEMBER = re.compile(r"^[ \t]*(?:@\w+[ \t]+)*(?:(?:static|mutating|nonisolated|consuming|borrowing)[ \t]+)*(func|var|init|subscript|associatedtype)\b(.*)$")


def requirement_names(source):
    """Names of the requirements of the file's public protocols: their witnesses are explained by them."""
    for number in sorted(_requirements(source)):
        line = source.code_lines[number - 1] if number <= len(source.code_lines) else ""
        if PROTOCOL_MEMBER.match(line):
            yield _name(line.strip())


def documentation(source, witnessed=frozenset()):
    """`witnessed`: names of requirements of other files' public protocols."""
    if not is_product(source.path):
        return
    requirements = _requirements(source)
    for number, line in enumerate(source.code_lines, 1):
        match = DECLARATION.match(line)
        if match:
            rest = match.group(2)
            if re.match(r"(extension|import)\b", rest):
                continue
        elif number in requirements and PROTOCOL_MEMBER.match(line):
            rest = line.strip()
        else:
            continue
        name = _name(rest)
        if name is None or _is_documented(source, number) or name in allowed.DOCUMENTED_ELSEWHERE:
            continue
        if number not in requirements and (re.search(allowed.WITNESSES, line) or name in witnessed):
            continue
        if name == "init" and _is_memberwise(source, number):
            continue
        if "@_cdecl" in source.code_lines[number - 2] and _is_documented(source, number - 1):
            continue
        yield source.path, number, f"public '{name}' has no documentation", True


def _requirements(source):
    """Lines of public protocols at the depth of their members."""
    lines = set()
    for match in re.finditer(r"\bpublic\s+protocol\s[^{]*\{", source.code):
        opening = match.end() - 1
        depth = 0
        for index in range(opening, source.matching(opening)):
            if source.code[index] == "{":
                depth += 1
            elif source.code[index] == "}":
                depth -= 1
            elif source.code[index] == "\n" and depth == 1:
                lines.add(source.line_of(index) + 1)
    return lines


def _name(rest):
    rest = re.sub(r"^(?:(?:private|internal|fileprivate|package)\(set\)[ \t]+|(?:final|static|class(?=\s+(?:func|var|subscript))|"
                  r"nonisolated(?:\(unsafe\))?|mutating|override|indirect|consuming|borrowing|unowned(?:\(\w+\))?|weak|lazy|"
                  r"required|convenience|prefix|postfix)[ \t]+)*", "", rest)
    match = re.match(r"(?:func|var|let|struct|class|enum|protocol|actor|typealias|associatedtype|case|operator|precedencegroup)"
                     r"\s+(\w+|[^\s\w(]+)|(init|subscript|deinit)\b", rest)
    if not match:
        return None
    return match.group(1) or match.group(2)


def _is_documented(source, number):
    index = number - 2
    while index >= 0:
        text = source.lines[index].strip()
        if text.startswith("///") or text.endswith("*/"):
            return True
        if text.startswith(("@", "#if", "#else")) and not re.search(r"\b(func|var|let|struct|class)\b", text):
            index -= 1
            continue
        return False
    return False


def _is_memberwise(source, number):
    """Whether an initialiser only stores its parameters: the properties say what they are."""
    start = sum(len(line) + 1 for line in source.code_lines[: number - 1])
    for _, first, last, body in source.functions():
        if first != number or body < start:
            continue
        content = source.code[body + 1 : source.matching(body)]
        statement = r"(?:self\.)?\w+\s*=\s*[\w.,() ]+|self\.init\([\w.,: ]*\)|super\.init\([\w.,: ]*\)"
        return all(re.fullmatch(statement, part.strip()) for part in re.split(r"[;\n]", content) if part.strip())
    return False


MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/[A-Za-z.]|(?<![\w.])/tmp/w[t]\b|[.]{2}/shared\b")


def machine_paths(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if MACHINE_PATHS.search(line):
            yield path, number, "the path of one machine", True


def plugin_shape(root):
    folder = os.path.join(root, "Plugins")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        place = os.path.join(folder, name)
        if not os.path.isdir(place):
            continue
        for file in allowed.PLUGIN_FILES:
            if not os.path.isfile(os.path.join(place, file)):
                yield f"Plugins/{name}/{file}", 1, "every plugin has this file", True
        entry = os.path.join(place, "Plugin.swift")
        if os.path.isfile(entry):
            with open(entry, encoding="utf-8") as file:
                if f'@_cdecl("{name}_plugin")' not in file.read():
                    yield f"Plugins/{name}/Plugin.swift", 1, f"the entry is not named {name}_plugin", True
        readme = os.path.join(place, "README.md")
        if os.path.isfile(readme):
            with open(readme, encoding="utf-8") as file:
                text = file.read().lower()
            for word in allowed.PLUGIN_README:
                if word not in text:
                    yield f"Plugins/{name}/README.md", 1, f"says nothing of {word}", True
        if not os.path.isdir(os.path.join(root, "Tests", f"{name}Tests")):
            yield f"Plugins/{name}", 1, f"has no Tests/{name}Tests", True


SWIFT_RULES = [imports, sizes, forbidden, unwraps]
