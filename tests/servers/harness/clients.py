"""People: a slixmpp client and a python-irc client, each on a thread of its own, driven from the test's."""

import asyncio
import itertools
import logging
import threading
import time
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import irc.client

logging.getLogger("slixmpp").setLevel(logging.CRITICAL)  # first: it says at its import that it could be faster
import slixmpp  # noqa: E402

from .process import Waiting
from .xmpp_servers import DOMAIN, HOST, PASSWORD

logging.getLogger("asyncio").setLevel(logging.CRITICAL)

MUC_USER = "{http://jabber.org/protocol/muc#user}"
CLIENT, MAM, RSM = "{jabber:client}", "{urn:xmpp:mam:2}", "{http://jabber.org/protocol/rsm}"


class Seen:
    """A stanza that came."""

    def __init__(self, xml):
        self.xml = xml
        self.kind = xml.tag.rpartition("}")[2]
        self.sender, self.type, self.id = xml.get("from", ""), xml.get("type", ""), xml.get("id", "")
        self.codes = {status.get("code") for status in xml.iter(f"{MUC_USER}status")}

    def text(self, name):
        return self.xml.findtext(f"{CLIENT}{name}")

    def find(self, path):
        return self.xml.find(path)

    @property
    def stanza_id(self):
        found = self.xml.find("{urn:xmpp:sid:0}stanza-id")
        return None if found is None else found.get("id")

    def __str__(self):
        return ET.tostring(self.xml, encoding="unicode")


class XmppUser:
    _ids = itertools.count(1)

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.bare = f"{name}@{HOST}"
        self.seen = Waiting()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.client = None
        self.connect()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _call(self, function, *arguments):
        async def call():
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(20)

    def connect(self):
        """A new session, also after a server's restart."""
        ready = threading.Event()

        def make():
            if self.client:
                self.client.abort()
            client = slixmpp.ClientXMPP(f"{self.bare}/test", PASSWORD)
            for plugin in ("xep_0030", "xep_0199"):
                client.register_plugin(plugin)
            client["feature_mechanisms"].unencrypted_plain = True
            client.add_filter("in", self._on_stanza)

            async def on_session(_):
                client.send_presence()
                await client.get_roster()
                ready.set()

            client.add_event_handler("session_start", on_session)
            client.connect(("127.0.0.1", self.port), disable_starttls=True, force_starttls=False)
            self.client = client

        self._call(make)
        if not ready.wait(20):
            raise AssertionError(f"{self.bare} can't log in")

    def _on_stanza(self, stanza):
        if isinstance(stanza, (slixmpp.Message, slixmpp.Presence, slixmpp.Iq)):
            self.seen.add(Seen(ET.fromstring(ET.tostring(stanza.xml))))
        return stanza

    def close(self):
        async def end():
            self.client.abort()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    # ------------------------------------------------------------------------------------------------ speaking

    def send(self, xml):
        self._call(self.client.send_raw, xml)

    def message(self, to, body, kind="groupchat", more=""):
        """Its id; no body: what is in `more` alone."""
        identity = f"{self.name}-{next(self._ids)}"
        words = "" if body is None else f"<body>{escape(body)}</body>"
        self.send(f"<message to={quoteattr(to)} type='{kind}' id='{identity}'>{words}{more}</message>")
        return identity

    def ask(self, to, payload, kind="get", seconds=20):
        """The answer, result or error."""
        identity = f"{self.name}-{next(self._ids)}"
        since = self.seen.mark()
        self.send(f"<iq to={quoteattr(to)} type='{kind}' id='{identity}'>{payload}</iq>")
        return self.seen.wait_for(lambda s: s.kind == "iq" and s.id == identity, f"the answer to {payload}", since, seconds)

    def join(self, room, nick, since=None, seconds=30):
        since = self.seen.mark() if since is None else since
        self.send(f"<presence to={quoteattr(f'{room}/{nick}')}><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        own = self.expect_presence(f"{room}/{nick}", since=since, seconds=seconds, where=lambda s: "110" in s.codes or
                                   s.type == "error")
        if own.type == "error":
            raise AssertionError(f"{self.name} may not join: {own}")
        # The subject ends a join (XEP-0045 7.2.15).
        self.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(room) and s.find(f"{CLIENT}subject")
                           is not None, "the subject", since)
        return own

    # ------------------------------------------------------------------------------------------------- hearing

    def expect_presence(self, sender, kind=None, since=0, where=lambda s: True, seconds=20):
        return self.seen.wait_for(
            lambda s: s.kind == "presence" and s.sender == sender and (kind is None or s.type == kind) and where(s),
            f"{self.name}: presence {kind or ''} of {sender}", since, seconds)

    def expect_message(self, sender, body, since=0, kind="groupchat", seconds=20):
        return self.seen.wait_for(
            lambda s: s.kind == "message" and s.sender == sender and s.text("body") == body and s.type == kind,
            f"{self.name}: {body!r} from {sender}", since, seconds)

    def wait_for_gateway(self, domain=DOMAIN, seconds=40):
        """Until the component answers through the server, which answers for it meanwhile."""
        end = time.monotonic() + seconds
        while True:
            answer = self.ask(domain, "<ping xmlns='urn:xmpp:ping'/>")
            if answer.type == "result":
                return
            if time.monotonic() > end:
                raise AssertionError(f"the component does not answer: {answer}")
            threading.Event().wait(0.1)

    def archive(self, room, page):
        """All bodies of a room's archive with their ids, page by page."""
        found, after = [], ""
        for number in range(200):
            since = self.seen.mark()
            query = f"{room}-{number}"
            answer = self.ask(room, f"<query xmlns='urn:xmpp:mam:2' queryid={quoteattr(query)}><set xmlns='http://jabber.org/"
                              f"protocol/rsm'><max>{page}</max>{after}</set></query>", "set")
            if answer.type != "result":
                raise AssertionError(f"the archive says {answer}")
            with self.seen.changed:
                stanzas = self.seen.all[since:]
            rows = [result for s in stanzas if (result := s.find(f"{MAM}result")) is not None
                    and result.get("queryid") == query]
            if len(rows) > page:
                raise AssertionError(f"a page of {len(rows)}, not {page}")
            found += [(row.get("id"), row.findtext(f".//{CLIENT}body")) for row in rows]
            finished = answer.find(f"{MAM}fin")
            if finished.get("complete") == "true":
                return found
            last = finished.findtext(f"{RSM}set/{RSM}last")
            after = f"<after>{escape(last)}</after>"
        raise AssertionError("the archive has no end")


class IrcUser:
    def __init__(self, nick, port):
        self.nick, self.port = nick, port
        self.heard = Waiting()
        self.reactor = irc.client.IRC()
        self.reactor.add_global_handler("all_events", self._on_event)
        irc.client.ServerConnection.buffer_class.errors = "replace"
        self.lock = threading.RLock()
        self.going = True
        self.connection = self.reactor.server()
        self.connect()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.expect("welcome")

    def connect(self):
        with self.lock:
            self.connection.connect("127.0.0.1", self.port, self.nick)

    def reconnect(self):
        since = self.heard.mark()
        self.connect()
        self.expect("welcome", since=since)

    def _run(self):
        while self.going:
            with self.lock:
                self.reactor.process_once(0.01)
            threading.Event().wait(0.005)  # gives the lock away

    def _on_event(self, _, event):
        # (kind, who, where, words)
        source = str(event.source or "").partition("!")[0]
        self.heard.add((event.type, source, event.target or "", " ".join(event.arguments)))

    def do(self, name, *arguments):
        with self.lock:
            getattr(self.connection, name)(*arguments)

    def say(self, target, text):
        self.do("privmsg", target, text)

    def join(self, channel):
        since = self.heard.mark()
        self.do("join", channel)
        self.expect("endofnames", since=since)

    def expect(self, kind, who=None, words=None, where=None, since=0, seconds=20):
        return self.heard.wait_for(
            lambda e: e[0] == kind and (who is None or e[1] == who) and (words is None or words in e[3])
            and (where is None or e[2].lower() == where.lower()),
            f"{self.nick}: {kind} of {who} {words or ''}", since, seconds)

    def close(self):
        self.going = False
        self.thread.join(5)
        self.connection.disconnect("bye")
