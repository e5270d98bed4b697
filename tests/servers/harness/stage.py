"""What a test case stands on: one XMPP server, one IRC server, the gateway between them, and the people."""

import os
import unittest

from . import irc_servers, xmpp_servers
from .clients import IrcUser, XmppUser
from .gateway import Gateway, IrcBridge
from .process import remove_folder, temporary_folder

BINARY = os.environ.get("DRAGOMAN", str(irc_servers.TOP / "build/release/dragoman"))


class Stage:
    def __init__(self, xmpp_kind, irc_kind):
        self.folder = temporary_folder()
        self.xmpp = xmpp_servers.ALL[xmpp_kind](self.folder)
        self.irc = irc_servers.ALL[irc_kind](self.folder)
        self.gateway = Gateway(self.folder, BINARY, self.xmpp, IrcBridge(self.irc))
        self.people = []

    def start(self):
        self.xmpp.start()
        self.irc.start()
        self.gateway.start()

    def xmpp_user(self, name):
        self.people.append(XmppUser(name, self.xmpp.c2s_port))
        return self.people[-1]

    def irc_user(self, nick):
        self.people.append(IrcUser(nick, self.irc.port))
        return self.people[-1]

    def close(self):
        for person in self.people:
            person.close()
        for server in (self.gateway, self.irc, self.xmpp):
            server.stop()

    def words(self):
        return "".join(f"--- {server.name}'s last words\n{server.last_words(15)}\n"
                       for server in (self.xmpp, self.irc, self.gateway))


class ServersCase(unittest.TestCase):
    """Skips where a server is not installed; shows the servers' last words when it fails."""

    xmpp_kind, irc_kind = "prosody", "ngircd"

    def setUp(self):
        for kind, servers in ((self.xmpp_kind, xmpp_servers.ALL), (self.irc_kind, irc_servers.ALL)):
            if not servers[kind].installed():
                self.skipTest(f"{kind} is not installed")
        self.stage = Stage(self.xmpp_kind, self.irc_kind)
        self.addCleanup(remove_folder, self.stage.folder)
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
