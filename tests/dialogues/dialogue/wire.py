"""The wire: one selector for all sockets and for what the binary says, waited on by predicate and deadline."""

import hashlib
import secrets
import selectors
import socket
import time
import xml.etree.ElementTree as ET
from collections import deque

from ports import free_port, give_back

COMPONENT = "jabber:component:accept"
STREAM = "http://etherx.jabber.org/streams"


class Failure(Exception):
    """What was expected and what came, for people."""


class Skipped(Exception):
    """This machine has not what the dialogue needs."""


class Connection:
    """One accepted socket; its subclass cuts the bytes into items."""

    def __init__(self, wire, sock):
        self.wire, self.sock = wire, sock
        self.items = deque()
        self.open = True
        self.held = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.watch(sock, self.on_readable)

    def on_readable(self):
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.feed(data)
        else:
            self.on_end()

    def on_end(self):
        if self.open:
            self.open = False
            self.wire.unwatch(self.sock)
            self.sock.close()

    close = on_end

    def send_bytes(self, data):
        """Writes all of it, and goes on reading meanwhile: neither side may wait for the other for ever."""
        end = time.monotonic() + self.wire.patience
        view = memoryview(data)
        while view:
            if not self.open:
                raise Failure("the connection was closed while we wrote")
            try:
                view = view[self.sock.send(view):]
            except BlockingIOError:
                self.wire.poll(0.01)
                if time.monotonic() > end:
                    raise Failure(f"the peer takes nothing more: {len(view)} bytes are left")
            except OSError as error:
                self.on_end()
                raise Failure(f"the connection broke while we wrote: {error}")


class XmppConnection(Connection):
    """The server's end of a XEP-0114 stream."""

    def __init__(self, wire, sock, secret):
        super().__init__(wire, sock)
        self.secret = secret
        self.parser = ET.XMLPullParser(("start", "end"))
        self.depth = 0
        self.root = None
        self.domain = None
        self.error = None
        self.stream_id = secrets.token_hex(8)
        self.ended_well = False

    def feed(self, data):
        try:
            self.parser.feed(data)
            events = list(self.parser.read_events())
        except ET.ParseError as error:
            self.error = f"what the binary wrote is no XML: {error}: {data[-300:]!r}"
            return
        for kind, element in events:
            if kind == "start":
                self.depth += 1
                if self.depth == 1:
                    self.root = element
                    self.domain = element.get("to")
            else:
                self.depth -= 1
                if self.depth == 1:
                    self.root.remove(element)
                    self.items.append(element)
                elif self.depth == 0:
                    self.ended_well = True

    def send(self, text):
        self.send_bytes(text.encode("utf-8", "surrogateescape"))

    def open_stream(self):
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='{COMPONENT}' xmlns:stream='{STREAM}' "
                  f"from='{self.domain}' id='{self.stream_id}'>")

    def handshake_is_right(self, element):
        digest = hashlib.sha1((self.stream_id + self.secret).encode()).hexdigest()
        return element.tag == f"{{{COMPONENT}}}handshake" and (element.text or "").lower() == digest


class IrcConnection(Connection):
    """The server's end of an IRC connection."""

    def __init__(self, wire, sock, server):
        super().__init__(wire, sock)
        self.server = server
        self.buffer = b""
        self.answers_pings = True

    def feed(self, data):
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")
            if self.answers_pings and line.startswith(b"PING "):
                self.send_bytes(b":%s PONG %s " % (self.server.encode(), self.server.encode()) + line[5:] + b"\r\n")
            else:
                self.items.append(line.decode("utf-8", "surrogateescape"))

    def send(self, line):
        self.send_bytes(line.encode("utf-8", "surrogateescape") + b"\r\n")


class Wire:
    def __init__(self, patience):
        self.patience = patience
        self.selector = selectors.DefaultSelector()
        self.listeners = []

    def watch(self, file, call):
        self.selector.register(file, selectors.EVENT_READ, call)

    def unwatch(self, file):
        self.selector.unregister(file)

    def listen(self, accepted, port=0):
        listener = socket.create_server(("127.0.0.1", port or free_port()))
        listener.setblocking(False)

        def on_readable():
            sock, _ = listener.accept()
            accepted(sock)

        self.watch(listener, on_readable)
        self.listeners.append(listener)
        return listener

    def unlisten(self, listener):
        self.unwatch(listener)
        self.listeners.remove(listener)
        listener.close()

    def poll(self, seconds):
        """Whether anything came."""
        ready = self.selector.select(max(0, seconds))
        for key, _ in ready:
            if key.fileobj.fileno() != -1:
                key.data()
        return bool(ready)

    def wait(self, predicate, patience=None):
        """Whether the predicate became true in time."""
        end = time.monotonic() + (patience or self.patience)
        while not predicate():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.poll(min(left, 0.5))
        return True

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        give_back()
