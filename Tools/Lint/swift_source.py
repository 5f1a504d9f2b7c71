"""Swift source for rules that look at code: comments and texts are blanked, lines and columns stay."""

import re


def blank(text):
    """The text with comments and the contents of literals replaced by spaces."""
    out = list(text)
    index, end = 0, len(text)

    def wipe(start, stop):
        for i in range(start, min(stop, end)):
            if out[i] != "\n":
                out[i] = " "

    while index < end:
        if text.startswith("//", index):
            stop = text.find("\n", index)
            stop = end if stop < 0 else stop
            wipe(index, stop)
            index = stop
        elif text.startswith("/*", index):
            stop = _end_of_comment(text, index)
            wipe(index, stop)
            index = stop
        elif text[index] == '"' or (text[index] == "#" and re.match(r'#+"', text[index : index + 8])):
            start, stop, close = _end_of_literal(text, index)
            wipe(start, stop - close)
            index = stop
        else:
            index += 1
    return "".join(out)


def _end_of_comment(text, index):
    depth = 0
    while index < len(text):
        if text.startswith("/*", index):
            depth, index = depth + 1, index + 2
        elif text.startswith("*/", index):
            depth, index = depth - 1, index + 2
            if depth == 0:
                return index
        else:
            index += 1
    return index


def _end_of_literal(text, index):
    """Where the contents begin, where the literal ends, and how long its end mark is."""
    hashes = 0
    while text[index + hashes] == "#":
        hashes += 1
    quote = '"""' if text.startswith('"""', index + hashes) else '"'
    mark = quote + "#" * hashes
    escape = "\\" + "#" * hashes
    start = index = index + hashes + len(quote)
    while index < len(text):
        if text.startswith(mark, index):
            return start, index + len(mark), len(mark)
        if text.startswith(escape + "(", index):
            index = _end_of_interpolation(text, index + len(escape) + 1)
        elif text.startswith(escape, index):
            index += len(escape) + 1
        elif quote == '"' and text[index] == "\n":
            return start, index, 0
        else:
            index += 1
    return start, index, 0


def _end_of_interpolation(text, index):
    depth = 1
    while index < len(text) and depth > 0:
        if text[index] == '"':
            index = _end_of_literal(text, index)[1]
            continue
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        index += 1
    return index


class Source:
    """One file."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.code = blank(text)
        self.code_lines = self.code.split("\n")

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def matching(self, offset):
        """Where the bracket that opens at the offset is closed."""
        pairs = {"(": ")", "{": "}", "[": "]"}
        opening, closing = self.code[offset], pairs[self.code[offset]]
        depth = 0
        for index in range(offset, len(self.code)):
            if self.code[index] == opening:
                depth += 1
            elif self.code[index] == closing:
                depth -= 1
                if depth == 0:
                    return index
        return len(self.code) - 1

    def functions(self):
        """Name, first and last line of each function, initialiser, subscript and accessor with a body."""
        pattern = re.compile(r"(?<![.\w`])(?:func\s+([^\s(<]+|[^\s\w(]+)|(init)[?!]?(?=\s*[(<])|(deinit)(?=\s*\{)|"
                             r"(subscript)(?=\s*[(<])|var\s+(\w+)\s*:[^=\n{]*(?=\{))")
        for match in pattern.finditer(self.code):
            body = self._body(match.end())
            if body is None:
                continue
            name = next(group for group in match.groups() if group)
            yield name, self.line_of(match.start()), self.line_of(self.matching(body)), body

    def _body(self, index):
        """Where the body of a declaration begins; None if it has none (a requirement)."""
        while index < len(self.code):
            char = self.code[index]
            if char in "([":
                index = self.matching(index) + 1
                continue
            if char == "{":
                return index
            if char == "}" or char == ";":
                return None
            if char == "\n":
                rest = self.code[index:].lstrip()
                if not re.match(r"[{(]|->|throws|rethrows|async|where|[\w.]+\s*[:=]=?\s*[\w.]+[,\s{]|\)", rest):
                    return None
                if re.match(r"(public|private|internal|func|var|let|static|case|init|mutating|@)\b", rest):
                    return None
            index += 1
        return None
