"""The stage of one dialogue: the binary, its config, and the scripted servers around it."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from pathlib import Path

from . import match
from .machine import StoreLock
from .wire import Failure, IrcConnection, Wire, XmppConnection

DOMAIN, SECRET = "irc.localhost", "dialogue-secret"
SERVER = "irc.example"

CONFIG = """\
xmpp: {{server: 127.0.0.1, port: {xmpp_port}, admins: [admin@example.org]}}
store: {{path: {dir}/dragoman.db, key_file: {dir}/key}}
log: {{level: debug, format: text}}
bridges:
  - network: irc
    domain: {domain}
    secret: {secret}
    tls: off
    servers:
      {server}: {{address: 127.0.0.1, ports: [{irc_port}], tls_ports: []}}
"""

# 005 of a server of today; a dialogue can send its own.
ISUPPORT = ("CASEMAPPING=ascii CHANTYPES=# PREFIX=(qaohv)~&@%+ CHANMODES=beI,k,l,imnpst STATUSMSG=~&@%+ "
            "NICKLEN=30 CHANNELLEN=64 TOPICLEN=390 KICKLEN=255 AWAYLEN=200 MODES=4 TARGMAX=PRIVMSG:4,NOTICE:4 "
            "NETWORK=Example")


class Stage:
    def __init__(self, binary, patience):
        self.binary = binary
        self.wire = Wire(patience)
        self.patience = patience
        self.dir = Path(tempfile.mkdtemp(prefix="dragoman-dialogue-"))
        self.store_dir = self.dir
        self.names = {}
        self.transcript = deque(maxlen=40)
        self.process = None
        self.said = ""
        self.waiting_xmpp, self.waiting_irc = deque(), deque()
        self.actors = {}
        self.domains = {"X": DOMAIN}
        self.ignored_lines, self.ignored_stanzas = {}, {}
        self.xmpp_listener = self.wire.listen(self._xmpp_accepted)
        self.xmpp_port = self.xmpp_listener.getsockname()[1]
        self.irc_servers = {}
        self.irc_port = self.add_irc_server(SERVER)
        self.config_text = CONFIG
        self.more_places, self.tokens = {}, {}
        self.homeserver = self.matrix = self.mail = self.upload = None
        self.clock = self.disk = self.lock = None
        self.heard = []
        self.maybe = None  # what `<?` asked for last

    # ------------------------------------------------------------------------------------------------ servers

    def _xmpp_accepted(self, sock):
        self.waiting_xmpp.append(XmppConnection(self.wire, sock, SECRET))

    def add_irc_server(self, name, port=0):
        listener = self.wire.listen(lambda sock: self.waiting_irc.append(IrcConnection(self.wire, sock, name)), port)
        port = listener.getsockname()[1]
        self.irc_servers[name] = (listener, port)
        return port

    def add_homeserver(self):
        """The bridge is one to Matrix; instead of IRC servers there is a homeserver."""
        from .matrix import Matrix
        self.matrix = Matrix(self)

    def add_mailserver(self):
        """The bridge is one to email; instead of IRC servers there are those that hand mail over and take it."""
        from .mail import Mail
        self.mail = self.mail or Mail(self)

    def add_upload_server(self):
        from .upload import UploadServer
        self.upload = UploadServer(self)

    def irc_down(self, name):
        listener, port = self.irc_servers[name]
        self.wire.unlisten(listener)
        self.irc_servers[name] = (None, port)

    def irc_up(self, name):
        self.add_irc_server(name, self.irc_servers[name][1])

    def xmpp_down(self):
        self.wire.unlisten(self.xmpp_listener)

    def xmpp_up(self):
        self.xmpp_listener = self.wire.listen(self._xmpp_accepted, self.xmpp_port)

    # ----------------------------------------------------------------------------------------------- the binary

    def places(self):
        ports = {name.replace(".", "_").replace("-", "_") + "_port": port for name, (_, port) in self.irc_servers.items()}
        return {"xmpp_port": self.xmpp_port, "irc_port": self.irc_port, "dir": self.dir, "store_dir": self.store_dir, "domain": DOMAIN,
                "secret": SECRET, "server": SERVER, **ports,
                **self.more_places}

    def write_config(self):
        path = self.dir / "dragoman.yaml"
        path.write_text(self.config_text.format(**self.places()))
        return path

    def start(self, arguments=None):
        if self.matrix and not self.tokens:
            self.matrix.make_tokens()
        config = self.write_config()
        words = [word.format(config=config, **self.places()) for word in arguments or ["--config", "{config}"]]
        self.note("D", "starts " + " ".join(words))
        self.said = ""
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "IRC_SECRET": SECRET}
        if self.clock:
            environment.update(self.clock.environment)
            # A sanitizer wants to be the first of all libraries; ours does not mind.
            given = environment.get("ASAN_OPTIONS")
            environment["ASAN_OPTIONS"] = f"{given}:verify_asan_link_order=0" if given else "verify_asan_link_order=0"
        self.process = subprocess.Popen([self.binary, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=environment)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.wire.watch(self.process.stdout, self._on_words)

    def _on_words(self):
        data = self.process.stdout.read()
        if data:
            self.said += data.decode("utf-8", "replace")
        elif data == b"":
            self.wire.unwatch(self.process.stdout)

    def store_is(self, text):
        self.note("D", f"store {text}")
        self.lock = self.lock or StoreLock(self.store_dir / "dragoman.db")
        self.lock.now(text)

    def signal(self, name):
        self.note("D", name)
        self.process.send_signal(getattr(signal, name))

    def expect_exit(self, code, seconds):
        if not self.wire.wait(lambda: self.process.poll() is not None, seconds):
            raise Failure(f"the binary still runs after {seconds} s")
        self.wire.wait(lambda: self.process.stdout not in self.wire.selector.get_map(), 1)
        if self.process.returncode != code:
            raise Failure(f"the exit status is {self.process.returncode}, not {code}")

    def expect_memory(self, most):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) // 1024
        self.note("D", f"had {peak} MiB at most")
        if peak > most and "ASAN_OPTIONS" not in os.environ:  # a sanitizer needs much for itself
            raise Failure(f"the binary had {peak} MiB, more than {most}")

    def expect_words(self, words):
        if not self.wire.wait(lambda: self._find_words(words)):
            raise Failure(f"the binary did not say {words!r}")

    def _find_words(self, words):
        for line in self.said.splitlines():
            if match.string_matches(f"…{words}…", line, self.names):
                return True
        return False

    # ---------------------------------------------------------------------------------------------------- actors

    def note(self, who, what):
        self.transcript.append(f"{who} {what}")

    def actor(self, name):
        if name not in self.actors:
            raise Failure(f"{name} is not connected")
        return self.actors[name]

    def expect_stream(self, name, accept=True):
        """The binary connects, opens a stream for this actor's domain and shakes hands."""
        domain = self.domains[name]

        def find():
            return next((c for c in self.waiting_xmpp if c.domain == domain), None)

        if not self.wire.wait(find, 40):
            opened = [c.domain for c in self.waiting_xmpp]
            raise Failure(f"nobody opened a stream to {domain}; streams to {opened} were opened")
        connection = find()
        self.waiting_xmpp.remove(connection)
        self.actors[name] = connection
        connection.open_stream()
        if accept:
            element = self.next_item(name, "the handshake")
            if not connection.handshake_is_right(element):
                raise Failure(f"the handshake is wrong: {match.pretty(element)}")
            connection.send("<handshake/>")
            self.ask(name)  # what comes next, be it time that passes, finds it connected
        self.note(name, "is connected")

    def ask(self, name):
        """Until this is answered, or can't be any more: all that was sent before it has been read. Other items stay."""
        connection, token = self.actor(name), f"asked-{time.monotonic_ns()}"
        connection.send(f"<iq type='get' from='barrier@example.org/b' to='{self.domains[name]}' id='{token}'>"
                        "<ping xmlns='urn:xmpp:ping'/></iq>")

        def answer():
            return next((item for item in connection.items if item.get("id") == token), None)

        self.wire.wait(lambda: not connection.open or answer() is not None)
        if answer() is not None:
            connection.items.remove(answer())

    def expect_irc(self, name, server=None):
        def find():
            return next((c for c in self.waiting_irc if server in (None, c.server)), None)

        if not self.wire.wait(find, 40):
            raise Failure(f"nobody connected to {server or 'an IRC server'}")
        connection = find()
        self.waiting_irc.remove(connection)
        self.actors[name] = connection
        self.note(name, f"is connected to {connection.server}")

    def ignore(self, pattern):
        if pattern.startswith("<"):
            self.ignored_stanzas[pattern] = match.parse(pattern)
        else:
            self.ignored_lines[pattern] = pattern

    def heed(self, pattern):
        del (self.ignored_stanzas if pattern.startswith("<") else self.ignored_lines)[pattern]

    def _take_ignored(self, connection):
        def unwanted(item):
            if isinstance(connection, IrcConnection):
                return any(match.line_matches(pattern, item, {}) for pattern in self.ignored_lines)
            return any(match.element_matches(want, item, {}) is None for want in self.ignored_stanzas.values())

        while connection.items and unwanted(connection.items[0]):
            connection.items.popleft()

    def next_item(self, name, expected):
        connection = self.actor(name)

        def ready():
            self._take_ignored(connection)
            return connection.items or not connection.open or getattr(connection, "error", None)

        if not self.wire.wait(ready):
            others = [f"\n    {other}< {item if isinstance(item, str) else match.pretty(item)}"
                      for other, actor in self.actors.items() if actor.items for item in actor.items]
            raise Failure(f"nothing came in {self.patience} s; expected was\n    {name}< {expected}"
                          + ("\n  what came elsewhere" + "".join(others) if others else ""))
        if connection.items:
            item = connection.items.popleft()
            shown = item if isinstance(item, str) else match.pretty(item)
            self.note(f"{name}<", shown)
            return item
        raise Failure(getattr(connection, "error", None)
                      or f"the binary closed the connection; expected was\n    {name}< {expected}")

    def expect_closed(self, name):
        connection = self.actor(name)

        def closed():
            self._take_ignored(connection)
            return connection.items or not connection.open

        if not self.wire.wait(closed):
            raise Failure(f"{name} is still connected")
        if connection.items:
            item = connection.items[0]
            raise Failure(f"the connection was to be closed, but came\n    {name}< "
                          + (item if isinstance(item, str) else match.pretty(item)))

    def register(self, name, nick, capabilities):
        """An IRC server takes a new client in: capabilities, NICK and USER, 001 to 376."""
        connection = self.actor(name)
        nick = match.fill(nick, self.names)
        server, have, acknowledged = connection.server, {"NICK": None, "USER": None}, not capabilities
        negotiating = False

        def send(line):
            connection.send(line)
            self.note(f"{name}>", line)

        while not (all(have.values()) and not negotiating):
            line = self.next_item(name, "CAP, NICK, USER")
            command, _, rest = line.partition(" ")
            if command in have:
                have[command] = rest
            elif line.startswith("CAP LS"):
                negotiating = True
                send(f":{server} CAP * LS :{' '.join(capabilities)}")
            elif line.startswith("CAP REQ"):
                asked = line.partition(":")[2] or rest.partition(" ")[2]
                unknown = set(asked.split()) - set(word.partition("=")[0] for word in capabilities)
                if unknown:
                    raise Failure(f"asks for capabilities that were not offered: {unknown}")
                acknowledged = True
                send(f":{server} CAP * ACK :{asked}")
            elif line == "CAP END":
                negotiating = False
            else:
                raise Failure(f"a client that registers does not send this:\n    {name}< {line}")
        if have["NICK"].lstrip(":") != nick:
            raise Failure(f"the nick is {have['NICK']!r}, not {nick!r}")
        if not acknowledged:
            raise Failure(f"none of the capabilities {capabilities} was asked for")
        self.greet(name, nick)

    def greet(self, name, nick):
        connection = self.actor(name)
        server = connection.server
        for line in (f"001 {nick} :Welcome to the Example network {nick}!{nick}@client.example",
                     f"002 {nick} :Your host is {server}", f"003 {nick} :This server was created today",
                     f"004 {nick} {server} scripted-1 iowx beIiklmnpst", f"005 {nick} {ISUPPORT} :are supported by this server",
                     f"422 {nick} :MOTD File is missing"):
            connection.send(f":{server} {line}")
            self.note(f"{name}>", f":{server} {line}")

    # ------------------------------------------------------------------------------------------------------- end

    def end(self):
        """Ends the binary as a service manager does, so that what it checks at its end is said."""
        if self.process and self.process.poll() is None:
            self.signal("SIGTERM")
            self.expect_exit(0, self.wire.patience)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.wire.close()
        if self.lock:
            self.lock.close()
        if self.disk:
            self.disk.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def last_words(self):
        return json.dumps(self.said.splitlines()[-12:], indent=1, ensure_ascii=False)
