"""Each server, and the binary itself, goes away in the middle and comes back: nothing that was said is lost, nothing is said
twice, and talk goes on."""

import signal

from harness.matrix_stage import DOMAIN, ghost, jid, on_all_servers

ALICE = ghost("alice")
SELF_PING = "<ping xmlns='urn:xmpp:ping'/>"


class Restarts:
    def begin(self):
        """Alice and a stranger from Matrix talk in a room and in private: (alice, the stranger, the room's JID and id, the
        chat's id)."""
        alice, mary, where, room = self.people_in_a_room(self.stage.stranger())
        alice.message(jid(mary.id), "private before", "chat")
        chat = mary.expect_invite(ALICE)
        mary.join(chat)
        mary.expect_message(chat, ALICE, "private before")
        self.talk(alice, mary, where, room, chat, "at first")
        return alice, mary, where, room, chat

    def talk(self, alice, mary, where, room, chat, when):
        since, heard = alice.seen.mark(), mary.seen.mark()
        alice.message(where, f"alice {when}")
        mary.expect_message(room, ALICE, f"alice {when}", heard, 60)
        alice.expect_message(f"{where}/alice", f"alice {when}", since, seconds=60)
        mary.say(room, f"mary {when}")
        alice.expect_message(f"{where}/{mary.localpart}", f"mary {when}", since, seconds=60)
        alice.message(jid(mary.id), f"alice in private {when}", "chat")
        mary.expect_message(chat, ALICE, f"alice in private {when}", heard, 60)
        mary.say(chat, f"mary in private {when}")
        alice.expect_message(jid(mary.id), f"mary in private {when}", since, "chat", 60)

    def come_back(self, alice, where):
        """As her client does it (XEP-0410)."""
        alice.wait_for_gateway(DOMAIN)
        if alice.ask(f"{where}/alice", SELF_PING).type == "error":
            alice.join(where, "alice", seconds=60)

    def each_once(self, alice, mary, where, room, bodies):
        there = mary.bodies(room)
        archived = [body for _, body in alice.archive(where, 20)]
        for body in bodies:
            self.assertEqual((1, 1), (there.count(body), archived.count(body)), f"{body!r} in {there} and {archived}")

    def talk_goes_on(self, alice, mary, where, room, chat, *between):
        self.talk(alice, mary, where, room, chat, "afterwards")
        self.each_once(alice, mary, where, room, ("alice at first", "mary at first", *between, "alice afterwards",
                                                  "mary afterwards"))

    def homeserver_comes_back(self, how):
        alice, mary, where, room, chat = self.begin()
        self.stage.homeserver.stop(how)
        for number in range(5):
            alice.message(where, f"while it is away {number}")
        alice.message(jid(mary.id), "while it is away", "chat")
        self.stage.homeserver.start()
        for number in range(5):
            mary.expect_message(room, ALICE, f"while it is away {number}", seconds=90)
            alice.expect_message(f"{where}/alice", f"while it is away {number}", seconds=30)
        mary.expect_message(chat, ALICE, "while it is away", seconds=90)
        said = [body for body in mary.bodies(room) if body.startswith("while")]
        self.assertEqual([f"while it is away {number}" for number in range(5)], said, "in order")
        self.talk_goes_on(alice, mary, where, room, chat, *said)

    def test_the_homeserver_restarts(self):
        self.homeserver_comes_back(signal.SIGTERM)

    def test_the_homeserver_is_killed(self):
        self.homeserver_comes_back(signal.SIGKILL)

    def dragoman_comes_back(self, how):
        alice, mary, where, room, chat = self.begin()
        status = self.stage.gateway.stop(how)
        if how == signal.SIGTERM:
            self.assertEqual(0, status, "a clean stop")
        for number in range(5):
            mary.say(room, f"while dragoman is away {number}")
        mary.say(chat, "while dragoman is away")
        since = alice.seen.mark()
        self.stage.gateway.start()
        self.come_back(alice, where)
        for number in range(5):
            alice.expect_message(f"{where}/{mary.localpart}", f"while dragoman is away {number}", since, seconds=90)
        alice.expect_message(jid(mary.id), "while dragoman is away", since, "chat", 90)
        self.talk_goes_on(alice, mary, where, room, chat, *(f"while dragoman is away {number}" for number in range(5)))

    def test_dragoman_restarts(self):
        self.dragoman_comes_back(signal.SIGTERM)

    def test_dragoman_is_killed(self):
        self.dragoman_comes_back(signal.SIGKILL)

    def test_dragoman_is_killed_while_all_talk(self):
        alice, mary, where, room, chat = self.begin()
        since = alice.seen.mark()
        for number in range(20):
            alice.message(where, f"alice in a hurry {number}")
            if number == 10:
                alice.expect_message(f"{where}/alice", "alice in a hurry 0", since)
        self.stage.gateway.kill()
        for number in range(20):
            mary.say(room, f"mary in a hurry {number}")
        self.stage.gateway.start()
        self.come_back(alice, where)
        # A join shows the last of it; the archive, below, has all.
        alice.expect_message(f"{where}/{mary.localpart}", "mary in a hurry 19", since, seconds=90)
        self.talk(alice, mary, where, room, chat, "afterwards")
        there = mary.bodies(room)
        # What Alice saw reflected was accepted; of the rest nothing is there twice, and all of it is in order.
        with alice.seen.changed:
            accepted = {s.text("body") or "" for s in alice.seen.all[since:] if s.sender == f"{where}/alice"}
        hurried = [body for body in there if body.startswith("alice in a hurry")]
        self.assertEqual(sorted(set(hurried), key=lambda body: int(body.rpartition(" ")[2])), hurried)
        self.assertEqual(set(), {body for body in accepted if body.startswith("alice in a hurry")} - set(hurried))
        self.each_once(alice, mary, where, room, [f"mary in a hurry {number}" for number in range(20)])

    def test_who_stays_in_a_room_is_told_what_was_said_around_a_kill(self):
        alice, mary, where, room, _ = self.begin()
        since, said = alice.seen.mark(), []
        for kill in range(4):
            for number in range(8):
                said.append(f"around kill {kill}: {number}")
                mary.say(room, said[-1])
                if number == kill + 1:
                    self.stage.gateway.kill()
            self.stage.gateway.start()
            # She does nothing for it: neither does she join again, nor ask the archive.
            for body in said[-8:]:
                alice.expect_message(f"{where}/{mary.localpart}", body, since, seconds=90)
        archived = [body for _, body in alice.archive(where, 100)]
        self.assertEqual(said, [body for body in archived if body.startswith("around")])

    def test_dragoman_is_killed_while_somebody_waits_to_be_asked_into_what_replaced_a_room(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.stranger()
        room = mary.create(public=False, invite=[ALICE])
        where = jid(room)
        alice.join(where, "alice")
        since = alice.seen.mark()
        new = mary.upgrade(room, "11" if self.room_version == "12" else "12")
        alice.seen.wait_for(lambda s: "those who are invited" in (s.text("body") or ""), "she has to wait", since)
        self.stage.gateway.kill()
        self.stage.gateway.start()
        self.come_back(alice, where)
        since = alice.seen.mark()
        mary.say(room, "patience")
        alice.expect_message(f"{where}/{mary.localpart}", "patience", since, seconds=60)
        mary.invite(new, ALICE)
        mary.expect_member(new, ALICE, "join", seconds=40)
        mary.say(new, "at last")
        alice.expect_message(f"{where}/{mary.localpart}", "at last", since, seconds=60)
        alice.message(where, "so it is")
        mary.expect_message(new, ALICE, "so it is", seconds=60)

    def test_the_xmpp_server_crashes(self):
        alice, mary, where, room, chat = self.begin()
        self.stage.xmpp.stop(signal.SIGKILL)
        mary.say(room, "while the XMPP server is away")
        self.stage.xmpp.start()
        alice.connect()
        alice.wait_for_gateway(DOMAIN)
        since = alice.seen.mark()
        alice.join(where, "alice", seconds=60)
        alice.expect_message(f"{where}/{mary.localpart}", "while the XMPP server is away", since, seconds=60)
        self.assertIn(ALICE, mary.members(room))
        self.talk_goes_on(alice, mary, where, room, chat, "while the XMPP server is away")


def load_tests(_, __, ___):
    return on_all_servers(__name__, Restarts)
