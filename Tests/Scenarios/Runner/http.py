"""A client that sees what is on the wire: status, fields in order, body, and how long it took."""

import json
import socket
import time


class Response:
    """An answer, taken apart."""

    def __init__(self, version, status, fields, body, seconds, is_complete=True):
        self.version = version
        self.status = status
        self.fields = fields
        self.body = body
        self.seconds = seconds
        self.is_complete = is_complete

    def field(self, name):
        """All values of a field, joined; None without one."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)


class ProtocolError(Exception):
    """What came is no HTTP, or less than was announced."""


def split_address(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Connection:
    """One connection, kept alive between requests."""

    def __init__(self, address, timeout=10):
        self.socket = socket.create_connection(split_address(address), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = address
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ProtocolError(f"the connection ended after {len(self.input)} bytes")
        self.input += data

    def _take(self, count):
        while len(self.input) < count:
            self._fill()
        taken, self.input = self.input[:count], self.input[count:]
        return taken

    def _line(self):
        while b"\r\n" not in self.input:
            self._fill()
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def _chunks(self):
        body = b""
        while True:
            size = int(self._line().split(b";")[0], 16)
            if size == 0:
                while self._line():
                    pass
                return body
            body += self._take(size)
            if self._line() != b"":
                raise ProtocolError("a chunk is longer than announced")

    def _until_end(self):
        try:
            while True:
                self._fill()
        except ProtocolError:
            body, self.input = self.input, b""
            return body

    def head(self):
        """Version, status and fields of the next answer; passes over 1xx."""
        version, status, *_ = self._line().split(b" ", 2)
        if not version.startswith(b"HTTP/1."):
            raise ProtocolError(f"'{version[:40]}' is no version of HTTP/1")
        fields = []
        while line := self._line():
            name, _, value = line.partition(b":")
            fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        return version.decode(), int(status), fields

    def receive(self, method="GET", start=None):
        """The next answer, whole."""
        start = start or time.monotonic()
        version, status, fields = self.head()
        while 100 <= status < 200:
            version, status, fields = self.head()
        known = {name.lower(): value for name, value in fields}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in known.get("transfer-encoding", ""):
            body = self._chunks()
        elif "content-length" in known:
            body = self._take(int(known["content-length"]))
        else:
            body = self._until_end()
        return Response(version, status, fields, body, time.monotonic() - start)

    def request(self, method, target, fields=None, body=None):
        start = time.monotonic()
        self.send(render(method, target, self.address, fields, body))
        return self.receive(method, start)


def render(method, target, host, fields=None, body=None):
    """A request's bytes."""
    lines = [f"{method} {target} HTTP/1.1"]
    given = dict(fields or {})
    if not any(name.lower() == "host" for name in given):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in given.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + (body or b"")


def request(address, method, target, fields=None, body=None, timeout=10):
    """One request on a connection of its own."""
    with Connection(address, timeout) as connection:
        return connection.request(method, target, {"Connection": "close", **(fields or {})}, body)
