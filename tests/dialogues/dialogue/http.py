"""HTTP on the wire: the homeserver's end of what the binary asks, and our end of what the homeserver asks of it."""

import json
import urllib.parse
from collections import deque

from . import match
from .wire import Connection, Failure


class Request:
    """One request of the binary, and where its answer goes."""

    def __init__(self, connection, method, target, headers, body):
        self.connection, self.method, self.headers, self.body = connection, method, headers, body
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def __str__(self):
        query = "".join(f" {key}={value}" for key, value in sorted(self.query.items()))
        body = self.body.decode("utf-8", "replace")
        return f"{self.method} {self.path}{query}" + (f" {body}" if body else "")

    def answer(self, status, body, headers=()):
        self.connection.answer(status, body, headers)


def _head_and_body(buffer):
    """(first line, headers, body, rest), or None while there is more to come."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    rest = buffer[end + 4:]
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            size, mark, more = rest.partition(b"\r\n")
            if not mark:
                return None
            length = int(size.split(b";")[0], 16)
            if len(more) < length + 2:
                return None
            body, rest = body + more[:length], more[length + 2:]
            if length == 0:
                return first, headers, body, rest
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None
    return first, headers, rest[:length], rest[length:]


class HomeserverConnection(Connection):
    """One connection of the binary's HTTP client; its requests go to the homeserver's queue."""

    def __init__(self, wire, sock, arrived):
        super().__init__(wire, sock)
        self.buffer, self.arrived = b"", arrived

    def feed(self, data):
        self.buffer += data
        while (found := _head_and_body(self.buffer)) is not None:
            first, headers, body, self.buffer = found
            method, target, _ = first.split(" ")
            self.arrived(Request(self, method, target, headers, body))
        if b"100-continue" in self.buffer.lower():
            self.send_bytes(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answer(self, status, body, headers):
        lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}"]
        names = [name.lower() for name, _ in headers]
        if "content-type" not in names:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in headers]
        if self.open:  # who asked may have given up
            self.send_bytes("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


class Homeserver:
    """What the binary asks of it, in the order in which it came, less what is served by itself."""

    def __init__(self, stage):
        self.stage = stage
        self.requests = deque()
        self.unanswered = deque()
        self.served = []
        self.connections = []
        self.port = 0
        self.up()

    def up(self):
        def accepted(sock):
            self.connections.append(HomeserverConnection(self.stage.wire, sock, self._arrived))

        self.listener = self.stage.wire.listen(accepted, self.port)
        self.port = self.listener.getsockname()[1]

    def down(self):
        """Nobody listens, and who was connected is so no more."""
        self.stage.wire.unlisten(self.listener)
        self.hang_up()

    def hang_up(self):
        for connection in self.connections:
            connection.close()
        self.connections.clear()
        self.unanswered.clear()

    def _arrived(self, request):
        for expected, status, headers, body in reversed(self.served):
            if expected.differs(request, dict(self.stage.names)) is None:
                return request.answer(status, body, headers)
        self.requests.append(request)

    def serve(self, expected, status, headers, body):
        """From here on, and for what has come already."""
        self.served.append((expected, status, headers, body))
        waiting, self.requests = self.requests, deque()
        for request in waiting:
            self._arrived(request)

    def heed(self, text):
        before = len(self.served)
        self.served = [row for row in self.served if row[0].text != text]
        if len(self.served) == before:
            raise Failure(f"this was not served: {text}")

    def next(self, expected):
        if not self.stage.wire.wait(lambda: self.requests):
            raise Failure(f"nothing was asked in {self.stage.patience} s; expected was\n    H< {expected}")
        request = self.requests.popleft()
        self.stage.note("H<", str(request))
        self.check(request)
        self.unanswered.append(request)
        return request

    def check(self, request):
        token = f"Bearer {self.stage.tokens['as_token']}"
        if request.headers.get("authorization") != token and request.path != "/_matrix/client/v3/login":
            raise Failure(f"{request.method} {request.path} doesn't carry the appservice's token, but "
                          f"{request.headers.get('authorization')!r}")

    def answer(self, status, headers, body):
        """The oldest request that has none yet, of those that somebody still waits for."""
        while self.unanswered and not self.unanswered[0].connection.open:
            self.unanswered.popleft()
        if not self.unanswered:
            raise Failure("everything has been answered")
        self.stage.note("H>", f"{status} {body.decode('utf-8', 'replace')}")
        self.unanswered.popleft().answer(status, body, headers)


class Expected:
    """`METHOD /path [query=value…] [{json}]`, with the holes of match.py in all of it."""

    def __init__(self, text):
        self.text = text.strip()
        begin = self.text.find(" {", self.text.find(" /"))
        while begin > 0 and match.HOLE.match(self.text, begin + 1):  # a hole is no body
            begin = self.text.find(" {", begin + 1)
        head, body = (self.text, "") if begin < 0 else (self.text[:begin], self.text[begin + 1:])
        self.method, self.path, *query = head.split()
        self.query = [pair.split("=", 1) for pair in query]
        self.body = json.loads(body) if body else None

    def differs(self, request, names):
        """Why not, or None; names are captured only from a whole match."""
        mine = dict(names)
        if request.method != self.method:
            return f"the method is {request.method}"
        if not match.string_matches(self.path, request.path, mine):
            return f"the path is {request.path}"
        for key, value in self.query:
            if not match.string_matches(value, request.query.get(key), mine):
                return f"{key} is {request.query.get(key)!r}"
        if self.body is not None:
            why = match.json_differs(self.body, request.json, mine, "the body")
            if why:
                return why
        names.update(mine)
        return None


class AppserviceConnection(Connection):
    """The homeserver's connection to the binary's own HTTP server."""

    def __init__(self, wire, sock):
        super().__init__(wire, sock)
        self.buffer = b""

    def feed(self, data):
        self.buffer += data
        while (found := _head_and_body(self.buffer)) is not None:
            first, headers, body, self.buffer = found
            self.items.append((int(first.split(" ")[1]), headers, body))
