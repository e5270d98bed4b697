"""The steps of a dialogue with mail servers: S takes what the binary sends and M is a mail of it, L hands mail over by LMTP."""

import email
import email.policy
import email.utils
import re
import socket
import textwrap
import time
import urllib.request

from ports import free_port

from . import match
from .smtp import HandoverConnection, Smarthost, UploadConnection, make_certificate
from .wire import Failure

DOMAIN = "mail.localhost"
AUTHENTICATED = "mx.example.net; dmarc=pass header.from={domain}"

CONFIG = """\
xmpp: {{server: 127.0.0.1, port: {xmpp_port}, admins: [admin@example.org]}}
store: {{path: {store_dir}/dragoman.db, key_file: {dir}/key}}
log: {{level: debug, format: text}}
bridges:
  - network: email
    domain: {mail_domain}
    secret: {secret}
    lmtp: {{listen: "127.0.0.1:{lmtp_port}"}}
    smtp: {{url: "smtp://127.0.0.1:{smtp_port}"}}
    files: {{listen: "127.0.0.1:{files_port}"}}
    public_url: http://127.0.0.1:{files_port}
    authserv_id: mx.example.net
    coalesce_seconds: 0
    mails_per_hour: 0
    mails_per_minute_and_domain: 100000
"""

LONGEST_LINE = 998  # RFC 5322 2.1.1


def bytes_of(text, names):
    """`\\xNN` is a byte, {name} what it was; lines end with CR LF."""
    data = match.fill(text, names).replace("\n", "\r\n").encode()
    # Most of what is large are lines: those at once.
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), data.replace(rb"\x0d\x0a", b"\r\n"))


def split_letter(text):
    """(first line, headers, body or None) of a step: a line, indented header lines, an empty line, a body."""
    first, _, rest = text.partition("\n")
    rest = textwrap.dedent(rest)
    head, mark, body = ("", "\n", rest[1:]) if rest.startswith("\n") else rest.partition("\n\n")
    headers = []
    for line in head.strip("\n").split("\n") if head.strip() else ():
        if line[0] in " \t" and headers:
            headers[-1] += "\n" + line
        else:
            headers.append(line)
    return first.strip(), headers, body if mark else None


class Mail:
    """The mail servers of a stage."""

    actors = ("S", "M", "L", "K", "F")

    def __init__(self, stage):
        self.stage = stage
        stage.domains["X"] = DOMAIN
        stage.config_text = CONFIG
        self.smarthost = Smarthost(stage)
        self.ports = {"L": free_port(), "K": free_port()}
        self.doors, self.told, self.last = {}, 0, None
        stage.more_places.update(mail_domain=DOMAIN, smtp_port=self.smarthost.port, lmtp_port=self.ports["L"],
                                 second_lmtp_port=self.ports["K"], files_port=free_port(),
                                 second_files_port=free_port())

    def step(self, name, mark, what, group):
        if name == "S":
            return self._submission(mark, what)
        if name == "M":
            if mark == "<":
                return self._expect([what])
            if mark == "<*":
                return self._expect(group(name, mark, what))
            if mark == "<?":
                return self.maybe(what)
            return self._about_last(what)
        if name == "F":
            return self._fetch(match.fill(what, self.stage.names))
        if mark == ":":
            return self._event(name, what)
        if mark == "<":
            return self._line_in(name, what)
        if mark in (">", ">!"):
            data = bytes_of(what, self.stage.names) + (b"\r\n" if mark == ">" else b"")
            self.stage.note(f"{name}{mark}", what)
            return self._door(name).send_bytes(data)
        raise Failure(f"{name}{mark} is no step")

    # -------------------------------------------------------------------------------------- what the binary sends

    def _submission(self, mark, what):
        host = self.smarthost
        if mark == "<":
            line = host.next(what)
            if not match.string_matches(what, line, self.stage.names):
                raise Failure(f"expected\n    S< {match.fill(what, self.stage.names)}\n  but came\n    S< {line}")
        elif mark == ">":
            host.answer(match.fill(what, self.stage.names))
        elif mark == ":" and what in ("down", "up", "closes"):
            self.stage.note("S", what)
            {"down": host.down, "up": host.up, "closes": host.hang_up}[what]()
        elif mark == ":" and what in ("secured", "in clear"):
            host.expect_secured(what == "secured")
        else:
            raise Failure(f"S can't {what}")

    def serve_uploads(self, media_type):
        """From here on there is an upload host at 127.0.0.1:{upload_port}; what lies there is of this type."""
        listener = self.stage.wire.listen(lambda sock: UploadConnection(self.stage.wire, sock, bytes_of(media_type, {})))
        self.stage.names["upload_port"] = str(listener.getsockname()[1])

    def wait_for_mail(self):
        self.stage.wire.wait(lambda: self.smarthost.mails)

    def certify(self):
        self.smarthost.context = make_certificate(self.stage.dir)

    def serves(self, rest):
        pattern, _, reply = rest.partition(" => ")
        self.smarthost.serve(pattern, reply)

    def _expect(self, texts):
        wanted = list(texts)
        while wanted:
            mail = self.smarthost.next_mail("\n    or ".join(wanted))
            self._check(mail)
            whys = []
            for text in wanted:
                why = self._differs(text, mail)
                if why is None:
                    wanted.remove(text)
                    self.last = mail
                    break
                whys.append(f"\n    M< {match.fill(text, self.stage.names)}\n      but {why}")
            else:
                raise Failure("expected" + "".join(whys) + "\n  but came\n    " + self.stage.transcript[-1])

    def maybe(self, text):
        """May have come, once or more often, until nothing more comes for a while; `heard` counts."""
        self.stage.maybe = "M", text

        def ended():
            return self.stage.process.poll() is not None and not self.stage.wire.poll(0)

        while self.smarthost.mails or (self.stage.wire.wait(lambda: self.smarthost.mails or ended(), 0.5)
                                       and self.smarthost.mails):
            mail = self.smarthost.next_mail(text)
            self._check(mail)
            if why := self._differs(text, mail):
                raise Failure(f"expected\n    M<? {text}\n  but {why}")
            self.stage.heard.append(email.message_from_bytes(mail.data)["Message-ID"])

    def _check(self, mail):
        """What every mail that leaves is, whatever a dialogue asks of it."""
        for line in mail.data.split(b"\r\n"):
            if b"\r" in line or b"\n" in line:
                raise Failure(f"a line of a mail has a bare CR or LF: {line[:200]!r}")
            if len(line) > LONGEST_LINE:
                raise Failure(f"a line of a mail has {len(line)} bytes: {line[:100]!r}")
            if b"\0" in line:
                raise Failure(f"a line of a mail has a NUL: {line[:200]!r}")
        head = mail.data.partition(b"\r\n\r\n")[0]
        if any(byte >= 0x80 for byte in head):
            raise Failure("a header has raw bytes beyond ASCII")
        parsed = email.message_from_bytes(mail.data, policy=email.policy.default)
        for part in parsed.walk():
            if part.defects:
                raise Failure(f"the mail is not well made: {part.defects}")
        for name in ("From", "Date", "Message-ID"):
            if len(parsed.get_all(name, ())) != 1:
                raise Failure(f"the mail has {len(parsed.get_all(name, ()))} of {name}")

    def _differs(self, text, mail):
        """Why not, or None: `[FROM] to RECIPIENT`, headers as they read, and the text, with holes in all of it."""
        envelope, headers, body = split_letter(text)
        sender, _, recipients = (" " + envelope).rpartition(" to ")
        names = dict(self.stage.names)
        if not match.string_matches(recipients.strip(), ", ".join(mail.recipients), names):
            return f"it goes to {', '.join(mail.recipients)}"
        if sender.strip() and not match.string_matches(sender.strip(), mail.sender or "<>", names):
            return f"it comes from {mail.sender or '<>'}"
        parsed = email.message_from_bytes(mail.data, policy=email.policy.default)
        for line in headers:
            name, _, pattern = line.partition(":")
            if name == "Attached":
                value = ", ".join(part.get_filename() or "?" for part in parsed.iter_attachments()) or None
            else:
                value = parsed[name] if parsed[name] is None else " ".join(str(parsed[name]).split())
            if not match.string_matches(pattern.strip(), value, names):
                return f"{name} is {value!r}"
        if body is not None:
            said = self._text_of(parsed)
            if not match.string_matches(body.strip("\n"), said, names):
                return f"its text is\n{textwrap.indent(said, '        ')}"
        self.stage.names.update(names)
        return None

    @staticmethod
    def _text_of(parsed):
        part = parsed.get_body(("plain",))
        text = part.get_content() if part else ""
        return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n")

    def _about_last(self, what):
        """`M: has words`, `M: has not words`: of the last mail, as it came over the wire."""
        found = re.fullmatch(r"has (not )?(.*)", what, re.DOTALL)
        if not found or self.last is None:
            raise Failure(f"M can't {what}")
        words = bytes_of(found[2], self.stage.names)
        if (words in self.last.data) == bool(found[1]):
            raise Failure(f"the mail {'has' if found[1] else 'has not'} {found[2]}:\n"
                          + self.last.data[:2000].decode("utf-8", "replace"))

    # --------------------------------------------------------------------------------------- what is handed to it

    def _door(self, name):
        door = self.doors.get(name)
        if door is None or not door.open:
            raise Failure(f"{name} is not connected")
        return door

    def _event(self, name, what):
        word, _, rest = what.partition(" ")
        events = {"connects": self._connect, "greets": self._greet, "delivers": self._deliver, "posts": self._post,
                  "tries": self._try,
                  "closes": self._close, "closed": self._closed, "hears": self._hear, "repeats": self._repeat, "relays": self._relay,
                  "floods": self._flood}
        if word not in events:
            raise Failure(f"{name} can't {word}")
        self.stage.note(name, what[:2000])
        events[word](name, rest)

    def _connect(self, name, _=None):
        made = []

        def try_it():
            try:
                made.append(socket.create_connection(("127.0.0.1", self.ports[name]), 1))
            except OSError:
                return self.stage.process.poll() is not None  # nobody will
            return True

        if not self.stage.wire.wait(try_it) or not made:
            raise Failure(f"nobody listens for LMTP on port {self.ports[name]}")
        self.doors[name] = HandoverConnection(self.stage.wire, made[0])

    def _greet(self, name, _=None):
        """Connects and says LHLO."""
        self._connect(name)
        self._line_in(name, "220 …")
        self._door(name).send_bytes(b"LHLO mx.example.net\r\n")
        while self._next(name, "250 …").startswith("250-"):
            pass

    def _close(self, name, _):
        self.doors[name].close()

    def _closed(self, name, _):
        door = self.doors[name]
        if not self.stage.wire.wait(lambda: door.items or not door.open):
            raise Failure(f"{name} is still connected")
        if door.items:
            raise Failure(f"the connection was to be closed, but came\n    {name}< {door.items[0]}")

    def _hear(self, name, rest):
        """`COUNT line`: so often the same."""
        count, _, line = rest.partition(" ")
        for _ in range(int(count)):
            self._line_in(name, line)

    def _next(self, name, expected):
        door = self.doors.get(name)
        if door is None:
            raise Failure(f"{name} is not connected")
        if not self.stage.wire.wait(lambda: door.items or not door.open):
            raise Failure(f"LMTP said nothing in {self.stage.patience} s; expected was\n    {name}< {expected}")
        if not door.items:
            raise Failure(f"LMTP closed the connection; expected was\n    {name}< {expected}")
        line = door.items.popleft()
        self.stage.note(f"{name}<", line)
        return line

    def _line_in(self, name, what):
        line = self._next(name, what)
        if not match.string_matches(what, line, self.stage.names):
            raise Failure(f"expected\n    {name}< {match.fill(what, self.stage.names)}\n  but came\n    {name}< {line}")

    def _deliver(self, name, rest):
        """The whole mail, and every recipient's 250."""
        for _ in range(self._post(name, rest)):
            self._line_in(name, "250 2.0.0 …")

    def _post(self, name, rest):
        """The whole mail: what is said to it is for the dialogue. How many replies that will be."""
        envelope, headers, body = split_letter(rest)
        sender, _, recipients = envelope.partition(" to ")
        sender = sender.removeprefix("<>")  # nobody
        return self._hand_over(name, sender, recipients.split(", "), self._whole(sender, recipients, headers, body))

    def _try(self, name, rest):
        """The same as `posts`, whatever becomes of it: the binary may be killed meanwhile."""
        try:
            for _ in range(self._post(name, rest)):
                self._next(name, "250 …")
        except Failure as failure:
            self.stage.note(name, f"was cut off: {failure}"[:200])

    def _whole(self, sender, recipients, headers, body):
        """What a mail lacks is put in: who it is from and to, an id, a date, and the word of the mail server on who it is."""
        self.told += 1
        given = {line.partition(":")[0].lower(): line.partition(":")[2] for line in headers}
        writer = email.utils.parseaddr(given.get("from", "").strip())[1] or sender or "MAILER-DAEMON@mx.example.net"
        own = {"From": writer, "To": recipients,
               "Message-ID": f"<told{self.told}@example.net>", "Date": email.utils.formatdate(time.time()),
               "Authentication-Results": AUTHENTICATED.format(domain=writer.rpartition("@")[2])}
        lines = [f"{name}: {value}" for name, value in own.items() if name.lower() not in given]
        lines += [line for line in headers if line.partition(":")[2].strip() != "∅"]
        return bytes_of("\n".join(lines) + "\n\n" + (body or "") + "\n", self.stage.names)

    def _hand_over(self, name, sender, recipients, data):
        self.handed = (name, sender, recipients, data)
        if name not in self.doors or not self.doors[name].open:
            self._greet(name)
        door = self._door(name)
        for command in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)):
            door.send_bytes(bytes_of(command, self.stage.names) + b"\r\n")
            self._line_in(name, "250 2.1.…")
        door.send_bytes(b"DATA\r\n")
        self._line_in(name, "354 …")
        door.send_bytes(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        return len(recipients)

    def _repeat(self, name, _):
        """The last mail once more, to the byte; what is said to it is for the dialogue."""
        self._hand_over(name, *self.handed[1:])

    def _relay(self, name, _):
        """The mail that left last comes in here, as a mail server between two gateways would hand it over."""
        if self.last is None:
            raise Failure("no mail has left")
        self._hand_over(name, self.last.sender, list(self.last.recipients),
                        b"Received: from mx.example.net\r\n" + self.last.data)
        self._line_in(name, "250 2.0.0 …")

    def _flood(self, name, rest):
        """`COUNT REPLY FROM to RCPT` and a mail with {number} in it: so many, each answered so, on one connection."""
        count, code, rest = rest.split(" ", 2)
        envelope, headers, body = split_letter(rest)
        sender, _, recipients = envelope.partition(" to ")
        sender = sender.removeprefix("<>")  # nobody
        for number in range(int(count)):
            self.stage.names["number"] = str(number)
            self._hand_over(name, sender, [recipients], self._whole(sender, recipients, headers, body))
            self._line_in(name, f"{code} …")
            self.stage.transcript.clear()
        del self.stage.names["number"]

    # ------------------------------------------------------------------------------------------- what it serves

    def _fetch(self, what):
        """`F: fetches URL of COUNT times text`, a browser that is in no hurry: that is what lies there."""
        self.stage.note("F", what[:300])
        found = re.fullmatch(r"fetches (\S+) of (\d+) times (.*)", what)
        if not found:
            raise Failure(f"F can't {what}")
        piece = found[3].encode()
        with urllib.request.urlopen(found[1], timeout=self.stage.patience) as answer:
            if answer.headers["Content-Length"] != str(len(piece) * int(found[2])):
                raise Failure(f"it is said to have {answer.headers['Content-Length']} bytes")
            time.sleep(1)  # all that the binary writes ahead of its reader is in its memory by now
            at, block = 0, piece * 20_000
            while part := answer.read(len(block)):
                if part != block[:len(part)]:
                    raise Failure(f"other bytes came behind the first {at}")
                at += len(part)
            if at != len(piece) * int(found[2]):
                raise Failure(f"{at} bytes came")

    # ------------------------------------------------------------------------------------------------- barrier

    def quiet(self):
        """What was sent or said and nobody expected."""
        for name, door in self.doors.items():
            if door.open:
                if door.items:
                    raise Failure(f"nothing was to come any more, but came\n    {name}< {door.items[0]}")
                door.send_bytes(b"NOOP\r\n")
                self._line_in(name, "250 2.0.0 ok")
        self.stage.wire.poll(0)
        if self.smarthost.lines:
            raise Failure(f"nothing was to come any more, but came\n    S< {self.smarthost.lines[0][1]}")
        if self.smarthost.mails:
            mail = self.smarthost.mails[0]
            raise Failure("nothing was to come any more, but came\n    M< to " + ", ".join(mail.recipients) + "\n"
                          + mail.data[:2000].decode("utf-8", "replace"))
