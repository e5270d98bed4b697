"""Mail on the wire: the server that takes what the binary sends (SMTP), and the one that hands mail over to it (LMTP)."""

import re
import ssl
import subprocess
from collections import deque

from . import match
from .wire import Connection, Failure, Skipped

# What a server of today says to each; a dialogue can say something else, or answer by itself.
ANSWERS = {
    "connect": "220 mx.example.net ESMTP",
    "EHLO …": "250-mx.example.net\n250-PIPELINING\n250-SIZE 50000000\n250-8BITMIME\n250-SMTPUTF8\n250 ENHANCEDSTATUSCODES",
    "MAIL FROM:<…>…": "250 2.1.0 Ok",
    "RCPT TO:<…>": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    ".": "250 2.0.0 Ok: queued",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


class Sent:
    """A mail as it came over the wire, with its envelope."""

    def __init__(self, sender, recipients, data, secured):
        self.sender, self.recipients, self.data, self.secured = sender, recipients, data, secured


class Tls:
    """The server's end of TLS, between the bytes of a socket and those of a conversation."""

    def __init__(self, context):
        self.wire, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(self.wire, self.out, server_side=True)
        self.shaken = False

    def open(self, data):
        """What was said in these bytes; what is to be answered lies in `out`. None: this is no TLS, or it was given up."""
        self.wire.write(data)
        said = b""
        try:
            if not self.shaken:
                self.session.do_handshake()
                self.shaken = True
            while part := self.session.read(65536):
                said += part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            return None
        return said

    def close(self, data):
        self.session.write(data)
        return self.out.read()


def make_certificate(folder):
    """One for 127.0.0.1 that signs itself; `{dir}/certificate` is what a client may trust."""
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                           "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                           "-keyout", folder / "key.pem", "-out", folder / "certificate"], capture_output=True, text=True)
    if made.returncode != 0:
        raise Skipped(f"openssl makes no certificate: {made.stderr}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key.pem")
    return context


class SubmissionConnection(Connection):
    """One connection of the binary: its lines, and the mails between DATA and the dot."""

    def __init__(self, wire, sock, said, context):
        super().__init__(wire, sock)
        self.said = said
        self.context, self.tls = context, None
        self.buffer, self.in_data = b"", False
        self.sender, self.recipients = None, []

    def on_readable(self):
        super().on_readable()
        if self.open and self.tls and (answer := self.tls.out.read()):
            super().send_bytes(answer)

    def feed(self, data):
        if self.tls:
            data = self.tls.open(data)
            if data is None:
                return self.close()
        self.take(data)

    def send_bytes(self, data):
        super().send_bytes(self.tls.close(data) if self.tls else data)

    @property
    def secured(self):
        return bool(self.tls and self.tls.shaken)

    def take(self, data):
        self.buffer += data
        while self.buffer:
            if self.in_data:
                if self.buffer.startswith(b".\r\n"):
                    mail, self.buffer = b"", self.buffer[3:]
                else:
                    end = self.buffer.find(b"\r\n.\r\n")
                    if end < 0:
                        return
                    mail, self.buffer = self.buffer[:end + 2], self.buffer[end + 5:]
                self.in_data = False
                unstuffed = b"".join(line[1:] if line.startswith(b".") else line for line in mail.splitlines(True))
                self.said(self, ".", Sent(self.sender, tuple(self.recipients), unstuffed, self.secured))
                continue
            line, mark, rest = self.buffer.partition(b"\r\n")
            if not mark:
                return
            self.buffer = rest
            self.said(self, line.decode("utf-8", "surrogateescape"), None)

    def reply(self, text, to):
        """What these words do to the conversation is done here, so that a dialogue that answers by itself need not."""
        if text == "silence":
            return
        if text == "cut":
            return self.close()
        code = int(text[:3])
        if to.startswith("MAIL") and code == 250:
            self.sender, self.recipients = _address(to), []
        elif to.startswith("RCPT") and code == 250:
            self.recipients.append(_address(to))
        self.in_data = to == "DATA" and code == 354
        if self.open:
            self.send_bytes("".join(line.strip() + "\r\n" for line in text.split("\n")).encode())
        if to == "QUIT" or code == 421:
            self.close()
        elif to == "STARTTLS" and code == 220:
            self.tls, self.buffer = Tls(self.context), b""
        elif self.buffer:
            self.take(b"")


def _address(command):
    return re.match(r"(?:MAIL FROM|RCPT TO):<([^>]*)>", command)[1]


class Smarthost:
    """What the binary says to it, in the order in which it came, less what is answered by itself."""

    def __init__(self, stage):
        self.stage = stage
        self.served = list(ANSWERS.items())
        self.lines, self.unanswered = deque(), deque()  # (connection, line)
        self.mails = deque()
        self.connections = []
        self.context = self.speaker = None
        self.port = 0
        self.up()

    def up(self):
        def accepted(sock):
            connection = SubmissionConnection(self.stage.wire, sock, self._said, self.context)
            self.connections.append(connection)
            self._said(connection, "connect", None)

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

    def _said(self, connection, line, mail):
        if re.search(r"[\r\n]", line):
            raise Failure(f"a line of SMTP has a bare CR or LF: {line!r}")
        if mail is not None:
            self.mails.append(mail)
        for pattern, reply in reversed(self.served):
            if match.string_matches(pattern, line, dict(self.stage.names) if "{" in pattern else {}):
                return connection.reply(reply, line)
        self.lines.append((connection, line))

    def serve(self, pattern, reply):
        """From here on."""
        self.served.append((pattern, reply))

    def heed(self, pattern):
        before = len(self.served)
        self.served = [row for row in self.served if row[0] != pattern]
        if len(self.served) == before:
            raise Failure(f"this was not served: {pattern}")

    def expect_secured(self, wanted):
        """Of the connection that the last line came over."""
        if self.speaker is None or self.speaker.secured != wanted:
            raise Failure(f"the last line came {'in clear' if wanted else 'over TLS'}")

    def next(self, expected):
        if not self.stage.wire.wait(lambda: self.lines):
            raise Failure(f"nothing was said to the mail server in {self.stage.patience} s; expected was\n    S< {expected}")
        connection, line = self.lines.popleft()
        self.speaker = connection
        self.stage.note("S<", line)
        self.unanswered.append((connection, line))
        return line

    def answer(self, text):
        """The oldest line that has none yet, of those who still wait for it."""
        while self.unanswered and not self.unanswered[0][0].open:
            self.unanswered.popleft()
        if not self.unanswered:
            raise Failure("everything has been answered")
        connection, line = self.unanswered.popleft()
        self.stage.note("S>", text)
        connection.reply(text, line)

    def next_mail(self, expected):
        if not self.stage.wire.wait(lambda: self.mails):
            waiting = "".join(f"\n    S< {line}" for _, line in self.lines)
            raise Failure(f"no mail came in {self.stage.patience} s; expected was\n    M< {expected}"
                          + (f"\n  what was said meanwhile{waiting}" if waiting else ""))
        mail = self.mails.popleft()
        self.stage.note("M<", f"{mail.sender} to {', '.join(mail.recipients)}\n"
                        + mail.data[:3000].decode("utf-8", "replace").replace("\r\n", "\n"))
        return mail


class HandoverConnection(Connection):
    """The mail server's connection to the binary's LMTP."""

    def __init__(self, wire, sock):
        super().__init__(wire, sock)
        self.buffer = b""

    def feed(self, data):
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\r\n")
        self.items.extend(line.decode("utf-8", "surrogateescape") for line in lines)


class UploadConnection(Connection):
    """A browser's connection to where clients put their files: each has the same few bytes."""

    def __init__(self, wire, sock, media_type):
        super().__init__(wire, sock)
        self.buffer, self.media_type = b"", media_type

    def feed(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
            self.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: " + self.media_type + b"\r\n\r\nbytes")
