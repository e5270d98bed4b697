"""What a scenario with mail stands on: an XMPP server, Postfix, Dovecot, the gateway between them, and the people."""

import unittest

from . import xmpp_servers
from .clients import XmppUser
from .gateway import EmailBridge, Gateway
from .mail_servers import Dovecot, Postfix
from .mail_user import MailUser
from .process import remove_folder, temporary_folder
from .stage import BINARY

DOMAIN = xmpp_servers.EMAIL_DOMAIN
REGISTER = "<query xmlns='jabber:iq:register'/>"


def jid(address):
    """Where an address is found on XMPP."""
    return address.replace("@", "\\40") + "@" + DOMAIN


def said(message):
    """What a message says, without what it quotes for clients that know no replies (XEP-0461, XEP-0428)."""
    words = message.text("body")
    for fallback in message.xml.iter("{urn:xmpp:fallback:0}fallback"):
        quote = fallback.find("{urn:xmpp:fallback:0}body")
        if words and fallback.get("for") == "urn:xmpp:reply:0" and quote is not None:
            words = words[:int(quote.get("start"))] + words[int(quote.get("end")):]
    return words


def address(name):
    """The mail address of an XMPP user."""
    return f"{name}={xmpp_servers.HOST}@{DOMAIN}"


class EmailStage:
    def __init__(self, xmpp_kind, more):
        self.folder = temporary_folder()
        self.xmpp = xmpp_servers.ALL[xmpp_kind](self.folder)
        self.make_servers()
        self.bridge.more = more
        self.bridge.smtp_port = self.postfix.submission_port
        self.gateway = Gateway(self.folder, BINARY, self.xmpp, self.bridge)
        self.people = []
        self.servers = (self.xmpp, self.mailboxes, self.postfix, self.gateway)

    def make_servers(self):
        self.mailboxes = Dovecot(self.folder)
        self.bridge = EmailBridge()
        self.postfix = Postfix(self.folder, DOMAIN, self.bridge.lmtp_port, self.mailboxes)

    def start(self):
        for server in self.servers:
            server.start()

    def xmpp_user(self, name, registered=True):
        user = XmppUser(name, self.xmpp.c2s_port)
        self.people.append(user)
        user.wait_for_gateway(DOMAIN)
        if registered:
            answer = user.ask(DOMAIN, REGISTER, "set")
            if answer.type != "result":
                raise AssertionError(f"{name} may not register: {answer}")
        return user

    def mail_user(self, name):
        self.people.append(MailUser(name, self.mailboxes, self.postfix))
        return self.people[-1]

    def close(self):
        for person in self.people:
            person.close()
        for server in reversed(self.servers):
            server.stop()
        remove_folder(self.folder)

    def words(self):
        return "".join(f"--- {server.name}'s last words\n{server.last_words(25)}\n" for server in self.servers)


class EmailCase(unittest.TestCase):
    """Skips where a server can't be had; shows the servers' last words when it fails."""

    xmpp_kind, stage_kind = "prosody", EmailStage
    more = {}  # keys and values of the gateway's configuration

    def setUp(self):
        if not xmpp_servers.ALL[self.xmpp_kind].installed():
            self.skipTest(f"{self.xmpp_kind} is not installed")
        for server in (Postfix, Dovecot):
            if why := server.missing():
                self.skipTest(why)
        self.stage = self.stage_kind(self.xmpp_kind, self.more)
        self.addCleanup(self.stage.close)
        self.stage.start()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        outcome = super().run(result)
        if len(result.failures) + len(result.errors) > before and hasattr(self, "words"):
            print(self.words)
        return outcome

    def tearDown(self):
        self.words = self.stage.words()

    # ----------------------------------------------------------------------------------------------- what many need

    def expect_chat(self, user, writer, words, since=0, seconds=20):
        """The chat message in which `writer`, somebody with a mailbox, says so."""
        return user.seen.wait_for(
            lambda s: s.kind == "message" and s.sender == jid(writer.address) and s.type == "chat" and said(s) == words,
            f"{user.name}: {words!r} from {writer.address}", since, seconds)

    def known_to_each_other(self):
        """Alice on XMPP has written to Bob, and he has her mail: (alice, bob, the mail)."""
        alice, bob = self.stage.xmpp_user("alice"), self.stage.mail_user("bob")
        since = bob.mark()
        alice.message(jid(bob.address), "Are you there?", "chat", "<subject>Lunch</subject>")
        return alice, bob, bob.expect("Are you there?", since)
