"""Reads a dialogue and plays it, step by step."""

import re
import shlex
import textwrap
import time
from pathlib import Path

from . import match
from .machine import Clock, Disk
from .wire import Failure, IrcConnection, XmppConnection

STEP = re.compile(r"([A-Z][a-z0-9]*)(<[*?]?|>!?|:) ?(.*)", re.DOTALL)
ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


def match_method(text):
    return text.split(" ")[0] in ("GET", "PUT", "POST", "DELETE")


class Step:
    def __init__(self, where, text):
        self.where, self.text = where, text


def read(path, seen=()):
    """The steps of a file; a line that begins with white space goes on with the one before it."""
    return read_lines(path, path.read_text().splitlines(), seen)


def read_lines(path, lines, seen):
    steps, empty = [], 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            empty += 1  # within a step it is a part of it: a mail's, between its header and its body
            continue
        if line[0] in " \t":
            if not steps:
                raise Failure(f"{path.name}:{number}: a line that goes on with nothing")
            steps[-1].text += "\n" * (empty + 1) + line
        empty = 0
        if line[0] in " \t" or line.startswith("#"):
            continue
        if line.startswith("include "):
            part = path.parent / "parts" / (line.split()[1] + ".dialogue")
            if not part.exists():
                part = path.parent / (line.split()[1] + ".dialogue")
            if part in seen:
                raise Failure(f"{path.name}:{number}: {part.name} includes itself")
            steps += read(part, (*seen, part))
        else:
            steps.append(Step(f"{path.name}:{number}", line))
    return steps


class Player:
    def __init__(self, stage, steps):
        self.stage, self.steps, self.at = stage, steps, 0
        self.started = False

    def play(self):
        while self.at < len(self.steps):
            step = self.steps[self.at]
            self.at += 1
            try:
                self._play(step)
            except Failure as failure:
                raise Failure(f"{step.where}: {failure}") from None
            except (KeyError, ValueError, match.ET.ParseError) as error:
                raise Failure(f"{step.where}: this step can't be played: {error!r}\n    {step.text}") from None
        for name, actor in self.stage.actors.items():
            if getattr(actor, "error", None):
                raise Failure(f"{name}: {actor.error}")

    # ------------------------------------------------------------------------------------------------ the steps

    def _play(self, step):
        word = step.text.split(None, 1)[0]
        if hasattr(self, f"_head_{word}"):
            return getattr(self, f"_head_{word}")(step.text[len(word):].lstrip(" "))
        if not self.started:
            self._start()
        if step.text == "quiet":
            return self._quiet()
        found = STEP.fullmatch(step.text)
        if not found:
            raise Failure(f"this is no step: {step.text}")
        name, mark, what = found.groups()
        if name == "D":
            return self._binary(what)
        if self.stage.matrix and name in ("H", "A"):
            return self._matrix(name, mark, what)
        if self.stage.mail and name in self.stage.mail.actors:
            return self.stage.mail.step(name, mark, what, self._group)
        if self.stage.upload and name == "U":
            return self.stage.upload.step(mark, what)
        if mark == ":":
            return self._event(name, what)
        actor = self.stage.actor(name)
        if isinstance(actor, XmppConnection):
            return {"<": self._stanza_in, "<?": self._stanza_maybe, "<*": self._stanzas_in, ">": self._stanza_out, ">!": self._raw_out}[mark](
                name, what)
        return {"<": self._line_in, "<*": self._lines_in, ">": self._line_out}[mark](name, what)

    def _start(self):
        self.started = True
        self.stage.start()
        self.stage.expect_stream("X")

    # Before the first step.
    def _head_config(self, rest):
        if rest.strip().startswith("with"):
            # more lines of the bridge's own section, or others in their stead; Matrix's and mail's is the last of its file
            if self.stage.matrix or self.stage.mail:
                for line in rest.split("\n")[1:]:
                    key = re.escape(line.strip().partition(":")[0])
                    self.stage.config_text = re.sub(rf"(?m)^    {key}: .*\n", "", self.stage.config_text)
                    self.stage.config_text += f"    {line.strip()}\n"
                return
            self.stage.config_text = self.stage.config_text.replace(
                "    servers:\n", "".join(f"    {line.strip()}\n" for line in rest.split("\n")[1:]) + "    servers:\n")
        else:
            lines = rest.split("\n")[1:]
            indent = min(len(line) - len(line.lstrip()) for line in lines)
            self.stage.config_text = "\n".join(line[indent:] for line in lines) + "\n"

    def _head_server(self, rest):
        self.stage.add_irc_server(rest.strip())

    def _head_domain(self, rest):
        name, domain = rest.split()
        self.stage.domains[name] = domain

    def _head_ignore(self, rest):
        """From here on: an IRC line, or a stanza, that may come at any time."""
        self.stage.ignore(rest.strip())

    def _head_heed(self, rest):
        """No longer ignored, or served."""
        if self.stage.matrix and match_method(rest):
            return self.stage.homeserver.heed(rest.strip())
        if self.stage.mail and not rest.startswith("<"):
            return self.stage.mail.smarthost.heed(rest.strip())
        self.stage.heed(rest.strip())

    def _head_manual(self, _):
        """The dialogue starts the binary itself."""
        self.started = True

    def _head_homeserver(self, _):
        """The bridge of this dialogue is one to Matrix."""
        self.stage.add_homeserver()

    def _head_mailserver(self, _):
        """The bridge of this dialogue is one to email."""
        self.stage.add_mailserver()

    def _head_certificate(self, _):
        """The mail server that takes what is sent can do TLS."""
        self.stage.mail.certify()

    def _head_uploads(self, rest):
        """`uploads image/png`: clients have put files of that type on an upload host, {upload_port}."""
        self.stage.mail.serve_uploads(rest.strip())

    def _head_uploadserver(self, _):
        """Where the XMPP server's upload service lets files be put."""
        self.stage.add_upload_server()

    def _head_clock(self, _):
        """The binary's time is the dialogue's: `D: passes 4h`."""
        self.stage.clock = Clock(self.stage)

    def _head_disk(self, rest):
        """The store lies on a file system of its own, of so many bytes (`4M`), which `D: disk full` fills."""
        self.stage.disk = Disk(self.stage, rest.strip())

    def _head_serve(self, rest):
        """From here on this is answered by itself, whenever it comes: `METHOD /path… => 200 {json}`, `RCPT TO:<…> => 250`."""
        (self.stage.matrix or self.stage.mail).serves(rest)

    def _head_times(self, _):
        """`times N`: the whole dialogue so often, with {time} from 1 to N (see play in ../run)."""

    def _head_each(self, rest):
        """`each # 1 to 1000` and indented steps: they are played so often, with that number for each `#` in them."""
        first, _, body = rest.partition("\n")
        begin, last = re.fullmatch(r"# (\d+) to (\d+)", first.strip()).groups()
        steps = read_lines(Path("each"), textwrap.dedent(body).splitlines(), ())
        for number in range(int(begin), int(last) + 1):
            for step in steps:
                self._play(Step(step.where, step.text.replace("#", str(number))))

    def _head_heard(self, rest):
        """`heard 1 to 2`: of what `<?` asked for; what is still on its way is waited for."""
        least, _, most = rest.partition(" to ")
        got = self.stage.heard
        if len(got) < int(least):
            name, text = self.stage.maybe
            if name == "M":
                self.stage.mail.wait_for_mail()
                self.stage.mail.maybe(text)
            else:
                want = match.parse(text)
                self.stage.wire.wait(lambda: any(match.element_matches(want, item, dict(self.stage.names)) is None
                                                 for item in self.stage.actor(name).items))
                self._stanza_maybe(name, text)
        if not int(least) <= len(got) <= int(most or least):
            raise Failure(f"it was heard {len(got)} times")
        if len(set(got)) > 1:
            raise Failure(f"it was heard under several names: {got}")

    def _head_let(self, rest):
        name, value = rest.split(" ", 1)
        self.stage.names[name] = value

    def _head_repeat(self, rest):
        """`repeat name 1000 text`: so often, one after the other."""
        name, count, text = rest.split(" ", 2)
        self.stage.names[name] = text * int(count)

    def _binary(self, what):
        stage = self.stage
        word, _, rest = what.partition(" ")
        if word == "starts":
            stage.start(shlex.split(rest) or None)
        elif word in ("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"):
            stage.signal(word)
        elif word == "exits":
            code, _, within = rest.partition(" within ")
            stage.expect_exit(int(code), float(within or 10))
        elif word == "says":
            stage.expect_words(match.fill(rest, stage.names).replace("{dir}", str(stage.dir)))
        elif word == "silent":  # has not said
            if stage._find_words(rest):
                raise Failure(f"the binary said {rest!r}")
        elif word == "rewrites":
            stage.write_config()
        elif word == "dies":  # at step N: the Nth write to disk or wire from here on
            stage.clock.dies(int(match.fill(rest, stage.names).removeprefix("at step ")))
        elif word == "killed":  # wherever it is, if it is not dead yet
            stage.clock.dies(0)
            if stage.process.poll() is None:
                stage.signal("SIGKILL")
            stage.expect_exit(-9, 10)
        elif word == "passes":
            stage.clock.passes(rest)
        elif word == "disk":
            stage.disk.now(rest)
        elif word == "store":
            stage.store_is(rest)
        elif word == "memory":  # at most so many MiB, at any time since its start
            stage.expect_memory(int(rest.removeprefix("at most ").removesuffix(" MiB")))
        else:
            raise Failure(f"the binary can't {word}")

    def _event(self, name, what):
        stage = self.stage
        word, *rest = what.split()
        if word == "connected":
            if name in stage.domains:
                stage.expect_stream(name)
            else:
                stage.expect_irc(name, rest[0] if rest else None)
        elif word == "opens":  # a stream whose handshake the dialogue answers itself
            stage.expect_stream(name, accept=False)
        elif word == "registers":
            stage.register(name, rest[0], rest[1:])
        elif word == "greets":
            stage.greet(name, rest[0])
        elif word == "closes":
            stage.note(name, "closes")
            stage.actor(name).close()
        elif word == "closed":
            stage.expect_closed(name)
        elif word == "down":
            stage.xmpp_down() if name in stage.domains else stage.irc_down(stage.actor(name).server)
        elif word == "up":
            stage.xmpp_up() if name in stage.domains else stage.irc_up(stage.actor(name).server)
        elif word == "deaf":  # PING is not answered any more
            stage.actor(name).answers_pings = False
        else:
            raise Failure(f"{name} can't {word}")

    # ---------------------------------------------------------------------------------------------------- Matrix

    def _matrix(self, name, mark, what):
        matrix = self.stage.matrix
        if name == "H" and mark in ("<", "<*"):
            matrix.asks([what] if mark == "<" else self._group(name, mark, what))
        elif (name, mark) == ("H", ">"):
            matrix.answers(what)
        elif (name, mark) == ("A", ">"):
            matrix.request(what)
        elif (name, mark) == ("A", "<"):
            matrix.response(what)
        else:
            word, _, rest = what.partition(" ")
            events = {"tells": matrix.tells, "posts": lambda text: matrix.tells(text, answered=False),
                      "closes": lambda _: matrix.forget_connection()} if name == "A" else {
                          "down": lambda _: matrix.homeserver.down(), "up": lambda _: matrix.homeserver.up(),
                          "closes": lambda _: matrix.homeserver.hang_up()}
            if word.strip() not in events:
                raise Failure(f"{name} can't {word}")
            self.stage.note(name, what)
            events[word.strip()](rest)

    # ------------------------------------------------------------------------------------------------------ XMPP

    def _stanza_out(self, name, text):
        escaped = {key: match._escape(value).replace("'", "&apos;") for key, value in self.stage.names.items()}
        stanza = match.pretty(match.parse(match.fill(text, escaped)))
        self.stage.note(f"{name}>", stanza)
        self.stage.actor(name).send(stanza)

    def _raw_out(self, name, text):
        self.stage.note(f"{name}>", text)
        data = b"".join(bytes([int(part, 16)]) if index % 2 else part.encode()
                        for index, part in enumerate(ESCAPE.split(match.fill(text, self.stage.names))))
        self.stage.actor(name).send_bytes(data)

    def _stanza_in(self, name, text):
        want = match.parse(text)
        got = self.stage.next_item(name, text)
        why = match.element_matches(want, got, self.stage.names)
        if why:
            raise Failure(self._difference(name, text, match.pretty(got), why))

    def _stanza_maybe(self, name, text):
        """May have come, once or more often: `heard` counts. Of a connection that is open, all that it says now is looked at."""
        want, connection = match.parse(text), self.stage.actor(name)
        self.stage.maybe = name, text
        if connection.open:
            self.stage.ask(name)
        for item in list(connection.items):
            if match.element_matches(want, item, dict(self.stage.names)) is None:
                connection.items.remove(item)
                self.stage.note(f"{name}<?", match.pretty(item))
                self.stage.heard.append(item.get("id"))

    def _group(self, name, mark, first):
        """The steps of this kind in a row: they may come in any order."""
        wanted = [first]
        while self.at < len(self.steps):
            found = STEP.fullmatch(self.steps[self.at].text)
            if not found or found[1] != name or found[2] != mark:
                break
            wanted.append(found[3])
            self.at += 1
        return wanted

    def _stanzas_in(self, name, text):
        self._any_order(name, self._group(name, "<*", text), match.parse,
                        lambda want, got: match.element_matches(want, got, self.stage.names), match.pretty)

    def _any_order(self, name, wanted, parse, differs, show):
        wanted = [(text, parse(text)) for text in wanted]
        while wanted:
            got = self.stage.next_item(name, "\n    or ".join(text for text, _ in wanted))
            whys = []
            for candidate in wanted:
                why = differs(candidate[1], got)
                if why is None:
                    wanted.remove(candidate)
                    break
                whys.append((candidate[0], why))
            else:
                raise Failure(self._difference(name, "\n    or ".join(text for text, _ in whys), show(got),
                                               "\n    ".join(why for _, why in whys)))

    # ------------------------------------------------------------------------------------------------------- IRC

    def _line_out(self, name, text):
        line = ESCAPE.sub(lambda found: bytes([int(found[1], 16)]).decode("latin-1"), text)
        # \xNN stands for one byte, whatever it is
        data = b"".join(bytes([int(part, 16)]) if index % 2 else part.encode()
                        for index, part in enumerate(ESCAPE.split(match.fill(text, self.stage.names))))
        self.stage.note(f"{name}>", line)
        self.stage.actor(name).send_bytes(data + b"\r\n")

    def _line_in(self, name, text):
        want = self._irc_pattern(text)
        got = self.stage.next_item(name, text)
        if not match.line_matches(want, got, self.stage.names):
            raise Failure(self._difference(name, text, got, "the line is another one"))

    def _lines_in(self, name, text):
        self._any_order(name, self._group(name, "<*", text), self._irc_pattern,
                        lambda want, got: None if match.line_matches(want, got, self.stage.names) else "another line",
                        str)

    @staticmethod
    def _irc_pattern(text):
        data = b"".join(bytes([int(part, 16)]) if index % 2 else part.encode()
                        for index, part in enumerate(ESCAPE.split(text)))
        return data.decode("utf-8", "surrogateescape")

    # --------------------------------------------------------------------------------------------------- barriers

    def _quiet(self):
        """Nothing comes any more, on any wire: each is asked something, and the answer is the next that comes. Twice,
        for what one side says may make the other speak."""
        stage = self.stage
        for turn in range(2):
            for name, actor in list(stage.actors.items()):
                if actor.open and isinstance(actor, IrcConnection):
                    token = f"quiet-{turn}-{time.monotonic_ns()}"
                    actor.send(f"PING :{token}")
                    got = stage.next_item(name, f"PONG {token}")
                    if token not in got or not got.startswith("PONG"):
                        raise Failure(f"nothing was to come any more, but came\n    {name}< {got}")
            for name, actor in list(stage.actors.items()):
                if actor.open and isinstance(actor, XmppConnection):
                    token = f"quiet-{turn}-{time.monotonic_ns()}"
                    actor.send(f"<iq type='get' from='barrier@example.org/b' to='{stage.domains[name]}' id='{token}'>"
                               "<ping xmlns='urn:xmpp:ping'/></iq>")
                    got = stage.next_item(name, f"<iq type='result' id='{token}'/>")
                    if got.get("id") != token:
                        raise Failure(f"nothing was to come any more, but came\n    {name}< {match.pretty(got)}")
            if stage.matrix:
                stage.matrix.ping()
                stage.matrix.quiet()
            if stage.mail:
                stage.mail.quiet()

    def _difference(self, name, want, got, why):
        want = match.fill(want, self.stage.names)
        return f"expected\n    {name}< {want}\n  but came\n    {name}< {got}\n  because\n    {why}"


def steps_of(path: Path):
    return read(path)
