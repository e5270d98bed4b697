"""The steps of a dialogue with a homeserver: H is what the binary asks of it, A what it asks of the binary."""

import json
import re
import socket
import subprocess
import time

from ports import free_port

from . import match
from .http import AppserviceConnection, Expected, Homeserver
from .wire import Failure

DOMAIN = "matrix.localhost"

CONFIG = """\
xmpp: {{server: 127.0.0.1, port: {xmpp_port}, admins: [admin@example.org]}}
store: {{path: {dir}/dragoman.db, key_file: {dir}/key}}
log: {{level: debug, format: text}}
bridges:
  - network: matrix
    domain: {matrix_domain}
    secret: {secret}
    homeserver: {{url: "http://127.0.0.1:{hs_port}", server_name: hs.example}}
    appservice: {{listen: "127.0.0.1:{as_port}", id: dragoman}}
    public_url: http://127.0.0.1:{as_port}
    fetch_private_addresses: true
"""

ANSWER = re.compile(r"(\d{3})((?: [A-Z][A-Za-z-]*: [^{\n]*?)*)(?: (.*))?", re.DOTALL)


def parse_answer(text, names):
    """`200 [Header: value] {json}`; what is no JSON goes out as it is."""
    found = ANSWER.fullmatch(text.strip())
    if not found:
        raise Failure(f"this is no answer: {text}")
    headers = [tuple(one.split(": ", 1)) for one in re.findall(r"[A-Z][A-Za-z-]*: \S+", found[2] or "")]
    return int(found[1]), headers, encode(found[3] or "{}", names)


def encode(text, names):
    try:
        return json.dumps(match.fill_json(json.loads(text), names), ensure_ascii=False).encode()
    except ValueError:
        return match.fill(text, names).encode()


class Matrix:
    """The homeserver of a stage."""

    def __init__(self, stage):
        self.stage = stage
        stage.domains["X"] = DOMAIN
        stage.config_text = CONFIG
        self.homeserver = stage.homeserver = Homeserver(stage)
        self.as_port = free_port()
        stage.more_places.update(matrix_domain=DOMAIN, hs_port=self.homeserver.port, as_port=self.as_port)
        self.connection, self.asked, self.transactions, self.events = None, 0, 0, 0

    def make_tokens(self):
        """As the admin does before the first start."""
        config = self.stage.write_config()
        made = subprocess.run([self.stage.binary, "register-matrix", "--config", str(config)], capture_output=True,
                              text=True, timeout=20)
        for name in ("as_token", "hs_token"):
            found = re.search(rf"^{name}: *[\"']?([^\"'\s]+)", made.stdout, re.MULTILINE)
            if not found:
                raise Failure(f"the registration has no {name}: {made.stdout}{made.stderr}")
            self.stage.tokens[name] = found[1]

    # --------------------------------------------------------------------------------- what the binary asks

    def asks(self, texts):
        """Each `request => answer` or `request` of these comes, in any order; those without are answered later."""
        wanted = []
        for text in texts:
            request, _, answer = text.partition(" => ")
            wanted.append((text, Expected(request), answer))
        while wanted:
            got = self.homeserver.next("\n    or ".join(text for text, _, _ in wanted))
            whys = []
            for candidate in wanted:
                why = candidate[1].differs(got, self.stage.names)
                if why is None:
                    wanted.remove(candidate)
                    if candidate[2]:
                        self.homeserver.unanswered.remove(got)
                        self.stage.note("H>", candidate[2])
                        status, headers, body = parse_answer(candidate[2], self.stage.names)
                        got.answer(status, body, headers)
                    break
                whys.append(f"\n    H< {match.fill(candidate[0], self.stage.names)}\n      but {why}")
            else:
                raise Failure(f"expected\n    {''.join(whys).strip()}\n  but came\n    H< {got}")

    def answers(self, text):
        self.homeserver.answer(*self._ordered(text))

    def _ordered(self, text):
        status, headers, body = parse_answer(text, self.stage.names)
        return status, headers, body

    def serves(self, text):
        request, _, answer = text.partition(" => ")
        status, headers, body = parse_answer(answer or "200 {}", self.stage.names)
        self.homeserver.serve(Expected(request), status, headers, body)

    # ------------------------------------------------------------------------------ what it asks of the binary

    def request(self, text):
        """`METHOD /path [Header: value…] [body]`, with the homeserver's token where no Authorization is given."""
        head, *rest = text.split("\n", 1)
        words = head.split(" ", 2)
        method, path, more = words[0], words[1], words[2] if len(words) > 2 else ""
        headers, found = [], None
        while found := re.match(r"([A-Z][A-Za-z-]*): (\S+(?: [A-Za-z0-9_-]+)?) ?", more):
            headers.append((found[1], match.fill(found[2], self.stage.names)))
            more = more[found.end():]
        body = encode(more + "".join(rest), self.stage.names) if more or rest else b""
        if "Authorization" not in [name for name, _ in headers]:
            headers.append(("Authorization", f"Bearer {self.stage.tokens['hs_token']}"))
        self._send(method, match.fill(path, self.stage.names), [one for one in headers if one[1] != "none"], body)

    def _send(self, method, path, headers, body):
        if self.connection is None or not self.connection.open:
            self._connect()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json",
                 f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
        self.stage.note("A>", f"{method} {path} {body.decode('utf-8', 'replace')}")
        self.connection.send_bytes("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.asked += 1

    def _connect(self):
        made = []

        def try_it():
            try:
                made.append(socket.create_connection(("127.0.0.1", self.as_port), 1))
            except OSError:
                return False
            return True

        if not self.stage.wire.wait(try_it):
            raise Failure(f"nobody listens on the appservice's port {self.as_port}")
        self.connection, self.asked = AppserviceConnection(self.stage.wire, made[0]), 0

    def forget_connection(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def response(self, text):
        """`200 {json}`: what the binary answers to the oldest request."""
        connection = self.connection
        if connection is None or self.asked == 0:
            raise Failure("nothing has been asked of the binary")
        if not self.stage.wire.wait(lambda: connection.items or not connection.open):
            raise Failure(f"the binary did not answer in {self.stage.patience} s; expected was\n    A< {text}")
        if not connection.items:
            raise Failure(f"the binary closed the connection; expected was\n    A< {text}")
        status, headers, body = connection.items.popleft()
        self.asked -= 1
        self.stage.note("A<", f"{status} {body.decode('utf-8', 'replace')[:2000]}")
        want, _, pattern = text.strip().partition(" ")
        if str(status) != want:
            raise Failure(f"expected\n    A< {text}\n  but came\n    A< {status} {body.decode('utf-8', 'replace')[:500]}")
        if pattern.startswith("{"):
            why = match.json_differs(json.loads(pattern), json.loads(body), self.stage.names, "the body")
        else:
            why = None if not pattern or match.string_matches(pattern, body.decode("utf-8", "replace"), self.stage.names) \
                else f"the body is {body[:500]!r}"
        if why:
            raise Failure(f"{why}\n    A< {text}")

    def tells(self, text, answered=True):
        """A transaction of its own with these events; what they lack is put in: ids, the room, a time."""
        decoder, events, at = json.JSONDecoder(), [], 0
        text = text.strip()
        while at < len(text):
            event, at = decoder.raw_decode(text, at)
            while at < len(text) and text[at].isspace():
                at += 1
            events.append(self._whole(match.fill_json(event, self.stage.names)))
        ephemeral = [event for event in events if event["type"] in ("m.typing", "m.receipt", "m.presence")]
        self.transactions += 1
        body = {"events": [event for event in events if event not in ephemeral]}
        if ephemeral:
            body["ephemeral"] = ephemeral
        self._send("PUT", f"/_matrix/app/v1/transactions/dialogue-{self.transactions}",
                   [("Authorization", f"Bearer {self.stage.tokens['hs_token']}")],
                   json.dumps(body, ensure_ascii=False).encode())
        if answered:
            self.response("200 {}")

    def _whole(self, event):
        self.events += 1
        if event["type"] in ("m.typing", "m.presence"):
            return event
        whole = {"event_id": f"$told{self.events}", "room_id": "!room:hs.example", "sender": "@juliet:hs.example",
                 "origin_server_ts": int(1000 * time.time()), **event}
        return whole

    def quiet(self):
        """What the binary asked and nobody expected."""
        self.stage.wire.poll(0)
        if self.homeserver.requests:
            raise Failure(f"nothing was to come any more, but came\n    H< {self.homeserver.requests[0]}")
        if self.connection and self.connection.items:
            raise Failure(f"nothing was to come any more, but came\n    A< {self.connection.items[0]}")

    def ping(self):
        """The barrier: when the answer is here, what was told before has been dealt with."""
        self._send("POST", "/_matrix/app/v1/ping", [("Authorization", f"Bearer {self.stage.tokens['hs_token']}")],
                   b'{"transaction_id":"quiet"}')
        self.response("200")
