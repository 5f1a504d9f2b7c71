"""Steps on the level of bytes and connections: slow, cut and malformed clients, streams of events."""

import re
import socket
import time

from . import http
from .steps import expect, step
from .values import Failure, check, seconds, short


def _bytes(text):
    return text.encode("latin-1")


def _read_all(connection, limit):
    """Everything until the other end closes or the limit; (bytes, how it ended)."""
    end = time.monotonic() + limit
    data = connection.input
    connection.input = b""
    while (left := end - time.monotonic()) > 0:
        connection.socket.settimeout(left)
        try:
            piece = connection.socket.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return data, "reset"
        if not piece:
            return data, "closed"
        data += piece
    return data, "open"


def _statuses(data):
    """Statuses of the answers in the bytes; heads begin a line."""
    return [int(status) for status in re.findall(rb"(?:^|\n|\}|>)HTTP/1\.[01] (\d{3}) ", data)]


def _exchange(stage, given):
    """Sends pieces, with a pause between them, and reads what comes."""
    pieces = given["send"] if isinstance(given["send"], list) else [given["send"]]
    with http.Connection(stage.address(given.get("to", "http")), 10) as connection:
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(seconds(given.get("pause", "50ms")))
            try:
                connection.send(_bytes(piece) * given.get("times", 1))
            except OSError:
                break
        if given.get("half_close"):
            connection.socket.shutdown(socket.SHUT_WR)
        return _read_all(connection, stage.time_left(given.get("limit", "3s")))


@step
def raw(stage, given):
    """Bytes on a socket, and what must come back."""
    data, ending = _exchange(stage, given)
    text = data.decode("latin-1")
    wanted = given.get("expect", {})
    what = f"bytes after {short(str(given['send']), 120)!r}"
    if "statuses" in wanted:
        try:
            check(f"{what} statuses", wanted["statuses"], _statuses(data))
        except Failure as failure:
            raise Failure(failure.expected, f"{failure.came} in {short(text)!r}") from None
    if "text" in wanted:
        check(what, wanted["text"], text)
    if "ending" in wanted:
        allowed = wanted["ending"] if isinstance(wanted["ending"], list) else [wanted["ending"]]
        if ending not in allowed:
            raise Failure(f"{what} connection {allowed}", f"{ending} after {short(text)!r}")


@step
def malformed(stage, given):
    """Many bad requests, each on a connection of its own; all must be refused and the connection closed.
    After each, a good request must still be answered."""
    wrong = []
    for name, request in given["requests"].items():
        one = request if isinstance(request, dict) else {"send": request}
        statuses = one.get("statuses", given.get("statuses", [400]))
        data, ending = _exchange(stage, {"limit": given.get("limit", "3s"), **one})
        came = _statuses(data)
        if len(came) != 1 or came[0] not in statuses:
            wrong.append(f"{name}: expected one of {statuses}, came {came} {short(data.decode('latin-1'), 160)!r}")
        elif ending == "open":
            wrong.append(f"{name}: {came[0]}, but the connection stayed open")
    alive = http.request(stage.souk.http, "GET", given.get("alive", "/"))
    check("a good request afterwards", 200, alive.status)
    if wrong:
        raise Failure(f"{len(given['requests'])} refusals", "\n".join(wrong))
    stage.notes.append(f"{len(given['requests'])} requests refused")


@step
def drip(stage, given):
    """A request byte by byte, until the other end has enough of it."""
    begin = time.monotonic()
    with http.Connection(stage.souk.http, 10) as connection:
        data = b""
        connection.socket.settimeout(seconds(given["interval"]))
        for byte in _bytes(given["send"]):
            try:
                connection.send(bytes([byte]))
                data += connection.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            if data:
                break
        rest, ending = _read_all(connection, stage.time_left("3s"))
    elapsed = time.monotonic() - begin
    check("statuses", given["statuses"], _statuses(data + rest))
    if ending == "open":
        raise Failure("a closed connection", "it stayed open")
    if elapsed > seconds(given["within"]):
        raise Failure(f"an end within {given['within']}", f"{elapsed:.1f} s")


@step
def slow_reader(stage, given):
    """Asks for a large answer and does not read it: the connection must be cut."""
    address = http.split_address(stage.souk.http)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(stage.time_left(given["within"]))
        client.connect(address)
        client.sendall(http.render("GET", given["path"], stage.souk.http))
        # Not reading is this step's subject; what the other end does shows in its metric.
        stage.until("the slow reader being cut", given["within"], lambda: _is_cut(client))


def _is_cut(client):
    """Fails as long as the kernel holds the connection for established (TCP_INFO's first byte is 1)."""
    state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    if state == 1:
        raise Failure("a cut connection", "it is established")


# Connections that stay

@step
def connect(stage, given):
    """Opens a connection (or many), sends what is given, and keeps it."""
    for number in range(given.get("count", 1)):
        name = given["name"] if "count" not in given else f"{given['name']}-{number}"
        connection = http.Connection(stage.address(given.get("to", "http")), 10)
        stage.connections[name] = connection
        if "send" in given:
            connection.send(_bytes(given["send"]))
        if "request" in given:
            connection.send(http.render("GET", given["request"], stage.souk.http, given.get("headers")))


@step
def send(stage, given):
    """More bytes on a kept connection."""
    stage.connections[given["name"]].send(_bytes(given["bytes"]))


@step
def receive(stage, given):
    """The answer on a kept connection; `refused: true` if it may also have been closed."""
    connection = stage.connections[given["name"]]
    connection.socket.settimeout(stage.time_left(given.get("limit", "10s")))
    answer = connection.receive()
    expect(answer, given.get("expect", {}), f"answer on {given['name']}")


@step
def disconnect(stage, given):
    """Goes away; `reset: true` with a reset."""
    for name in [name for name in stage.connections
                 if name == given["name"] or name.startswith(given["name"] + "-")]:
        connection = stage.connections.pop(name)
        if given.get("reset"):
            connection.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.close()


@step
def events(stage, given):
    """Opens a stream of events and reads until one matches; keeps the last id for a reconnect."""
    fields = {"Accept": "text/event-stream"}
    if given.get("resume") and "last_event_id" in stage.variables:
        fields["Last-Event-ID"] = stage.variables["last_event_id"]
    connection = http.Connection(stage.souk.http, 10)
    try:
        connection.send(http.render("GET", given["path"], stage.souk.http, fields))
        _, status, head = connection.head()
        check("status of the stream", 200, status)
        kind = dict((name.lower(), value) for name, value in head).get("content-type", "")
        check("content type", {"contains": "text/event-stream"}, kind)
        text = _read_events(stage, connection, given)
        identifiers = re.findall(r"^id: ?(.*)$", text, re.M)
        if identifiers:
            stage.variables["last_event_id"] = identifiers[-1]
    finally:
        connection.close()


def _read_events(stage, connection, given):
    text = connection.input.decode("utf-8", "replace")
    end = time.monotonic() + stage.time_left(given.get("within", "5s"))
    while not re.search(given.get("matches", r"data:"), text) or text.count("data:") < given.get("count", 1):
        left = end - time.monotonic()
        if left <= 0:
            raise Failure(f"events with /{given.get('matches', 'data:')}/", short(text, 800))
        connection.socket.settimeout(left)
        try:
            piece = connection.socket.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            raise Failure("an open stream", f"it ended after {short(text, 800)}")
        text += piece.decode("utf-8", "replace")
    return text


# Ports

@step
def occupy(stage, given):
    """Listens on an address of the souk before it does."""
    listener = socket.create_server(http.split_address(stage.address(given)))
    stage.undo.append(listener.close)


@step
def connections_refused(stage, given):
    """No new connection is taken, within a limit."""

    def attempt():
        try:
            http.Connection(stage.souk.http, 1).close()
        except ConnectionRefusedError:
            return
        raise Failure("a refused connection", "it was taken")

    stage.until("no new connections", given.get("within", "3s"), attempt)


