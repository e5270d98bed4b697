"""Each server, and the binary itself, goes away in the middle and comes back: what was said stays, and talk goes on."""

import signal
import unittest

from harness import irc_servers, xmpp_servers
from harness.stage import ServersCase

ROOM = f"#lobby%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"
CAROL = f"carol%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"
SELF_PING = "<ping xmlns='urn:xmpp:ping'/>"


class Restarts:
    def begin(self):
        """Alice on XMPP and Carol on IRC talk."""
        stage = self.stage
        carol = stage.irc_user("carol")
        carol.join("#lobby")
        alice = stage.xmpp_user("alice")
        alice.wait_for_gateway()
        alice.join(ROOM, "alice")
        carol.expect("join", "alice")
        self.talk(alice, carol, "before")
        return alice, carol

    def talk(self, alice, carol, when):
        since, heard = alice.seen.mark(), carol.heard.mark()
        alice.message(ROOM, f"alice {when}")
        carol.expect("pubmsg", "alice", f"alice {when}", "#lobby", since=heard)
        alice.expect_message(f"{ROOM}/alice", f"alice {when}", since)
        carol.say("#lobby", f"carol {when}")
        alice.expect_message(f"{ROOM}/carol", f"carol {when}", since)
        alice.message(CAROL, f"private {when}", "chat")
        carol.expect("privmsg", "alice", f"private {when}", since=heard)

    def assert_in_channel(self, carol):
        heard = carol.heard.mark()
        carol.do("names", ["#lobby"])
        self.assertIn("alice", carol.expect("namreply", since=heard)[3])

    def archive_holds(self, alice, *times):
        bodies = [body for _, body in alice.archive(ROOM, 10)]
        for when in times:
            for name in ("alice", "carol"):
                self.assertEqual(1, bodies.count(f"{name} {when}"), f"{name} {when} in {bodies}")

    def xmpp_comes_back(self, alice, carol, how, stays=False):
        crashed = carol.heard.mark()
        self.stage.xmpp.stop(how)
        carol.say("#lobby", "while the XMPP server is away")
        if stays:
            self.assert_in_channel(carol)
        self.stage.xmpp.start()
        alice.connect()
        alice.wait_for_gateway()
        since = alice.seen.mark()
        alice.join(ROOM, "alice")
        if stays:
            alice.expect_message(f"{ROOM}/carol", "while the XMPP server is away", since)
            self.assert_in_channel(carol)
            gone = [e for e in carol.heard.all[crashed:] if e[0] in ("part", "quit", "join") and e[1] == "alice"]
            self.assertEqual([], gone, "Alice was never away from IRC")
        self.talk(alice, carol, "after")
        self.archive_holds(alice, "before", "after")

    def test_the_xmpp_server_restarts(self):
        # Going in good order it tells the room that its users leave.
        alice, carol = self.begin()
        self.xmpp_comes_back(alice, carol, signal.SIGTERM)

    def test_the_xmpp_server_crashes(self):
        # The component's link is lost and nobody has left: the IRC session lives on and misses nothing.
        alice, carol = self.begin()
        self.xmpp_comes_back(alice, carol, signal.SIGKILL, stays=True)
        self.assertIn("while the XMPP server is away", [body for _, body in alice.archive(ROOM, 10)])

    def test_the_irc_server_restarts(self):
        alice, carol = self.begin()
        self.stage.irc.stop()
        carol.expect("disconnect")
        self.stage.irc.start()
        carol.reconnect()
        heard = carol.heard.mark()
        carol.join("#lobby")
        # Alice need do nothing: her gateway comes back by itself, or is there already.
        names = carol.expect("namreply", since=heard)[3]
        if "alice" not in names:
            carol.expect("join", "alice", since=heard, seconds=60)
        self.assertEqual("result", alice.ask(f"{ROOM}/alice", SELF_PING).type)
        self.talk(alice, carol, "after")
        self.archive_holds(alice, "before", "after")

    def gateway_restarts(self, sign):
        alice, carol = self.begin()
        since, heard = alice.seen.mark(), carol.heard.mark()
        status = self.stage.gateway.stop(sign)
        if sign == signal.SIGTERM:
            self.assertEqual(0, status)
            alice.expect_presence(f"{ROOM}/alice", "unavailable", since)
        carol.expect("quit", "alice", since=heard)
        self.stage.gateway.start()
        alice.wait_for_gateway()
        # XEP-0410: her client finds out that it is out, and joins again.
        if alice.ask(f"{ROOM}/alice", SELF_PING).type == "error":
            alice.join(ROOM, "alice")
        self.talk(alice, carol, "after")
        self.archive_holds(alice, "before", "after")

    def test_dragoman_restarts(self):
        self.gateway_restarts(signal.SIGTERM)

    def test_dragoman_is_killed(self):
        self.gateway_restarts(signal.SIGKILL)


def load_tests(loader, _, __):
    suite = unittest.TestSuite()
    for xmpp, irc in (("prosody", "inspircd"), ("ejabberd", "ngircd"), ("prosody", "ergo")):
        case = type(f"RestartsOn_{xmpp}_{irc}", (Restarts, ServersCase), {"xmpp_kind": xmpp, "irc_kind": irc})
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
