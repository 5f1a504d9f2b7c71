"""Many clients at the same moment, in one thread: all connect, then all ask at once."""

import selectors
import socket
import time

from . import http


class _Client:
    def __init__(self, address, request):
        self.socket = socket.create_connection(http.split_address(address), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.request = request
        self.input = b""
        self.start = 0.0
        self.seconds = None
        self.status = None


def _is_complete(data):
    """Whether a whole answer is there; one without a length ends with the connection."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    lower = head.lower()
    if b"\r\ncontent-length:" in lower:
        length = int(lower.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0])
        return len(body) >= length
    if b"\r\ntransfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    status = int(head.split(b" ")[1])
    return status in (204, 304)


def _finish(client, selector, now):
    client.seconds = now - client.start
    if client.input.startswith(b"HTTP/1."):
        client.status = int(client.input.split(b" ")[1])
    selector.unregister(client.socket)
    client.socket.close()


def _read(client, selector):
    """Whether the client is done."""
    try:
        data = client.socket.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        data = b""
    client.input += data
    if data and not _is_complete(client.input):
        return False
    _finish(client, selector, time.monotonic())
    return True


def ask_at_once(address, requests, limit):
    """Answers (status or None, seconds, bytes) of each request, in order."""
    clients = [_Client(address, request) for request in requests]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    for client in clients:
        client.start = time.monotonic()
        sent = client.socket.send(client.request)
        if sent != len(client.request):
            raise ValueError("a request is too large for this client")
    left = len(clients)
    deadline = time.monotonic() + limit
    while left and time.monotonic() < deadline:
        for key, _ in selector.select(0.2):
            if _read(key.data, selector):
                left -= 1
    for client in clients:
        if client.seconds is None:
            client.seconds = limit
            client.socket.close()
    selector.close()
    return [(client.status, client.seconds, client.input) for client in clients]


def quantile(values, share):
    """Of the values, sorted, the one below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
