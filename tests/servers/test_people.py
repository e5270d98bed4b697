"""Two XMPP users and an IRC user live in a channel: for each XMPP server with each IRC server."""

import unittest

from harness import irc_servers, xep, xmpp_servers
from harness.clients import CLIENT
from harness.stage import ServersCase

ROOM = f"#lobby%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"


class People:
    """The scenario; a class below for each pair of servers."""

    def test_people_talk(self):
        stage = self.stage
        carol = stage.irc_user("carol")
        carol.join("#lobby")  # the first one in is the operator
        carol.do("topic", "#lobby", "Of cabbages")
        carol.expect("topic", where="#lobby")
        alice, bob = stage.xmpp_user("alice"), stage.xmpp_user("bob")

        # Joining: each sees who is there, and is seen.
        alice.wait_for_gateway()
        alice.join(ROOM, "alice")
        alice.expect_presence(f"{ROOM}/carol")
        carol.expect("join", "alice")
        self.assertEqual("Of cabbages", alice.seen.wait_for(
            lambda s: s.find(f"{CLIENT}subject") is not None, "the subject").text("subject"))
        bob.join(ROOM, "bob")
        bob.expect_presence(f"{ROOM}/alice")
        alice.expect_presence(f"{ROOM}/bob")

        # Talk reaches all, the speaker too, once and under one id.
        spoken = alice.message(ROOM, "Hello, héllo & <b>")
        carol.expect("pubmsg", "alice", "Hello, héllo & <b>", "#lobby")
        self.assertEqual(spoken, alice.expect_message(f"{ROOM}/alice", "Hello, héllo & <b>").id)
        bob.expect_message(f"{ROOM}/alice", "Hello, héllo & <b>")
        carol.say("#lobby", "Good day, both")
        alice.expect_message(f"{ROOM}/carol", "Good day, both")
        bob.expect_message(f"{ROOM}/carol", "Good day, both")

        # Actions.
        alice.message(ROOM, "/me bows")
        carol.expect("action", "alice", "bows")
        carol.do("action", "#lobby", "curtsies")
        alice.expect_message(f"{ROOM}/carol", "/me curtsies")

        # In private.
        alice.message(f"carol%{irc_servers.NAME}@{xmpp_servers.DOMAIN}", "a secret", "chat")
        carol.expect("privmsg", "alice", "a secret")
        carol.say("alice", "well kept")
        alice.expect_message(f"carol%{irc_servers.NAME}@{xmpp_servers.DOMAIN}", "well kept", kind="chat")

        # The topic and names change.
        since = alice.seen.mark()
        carol.do("topic", "#lobby", "And kings")
        alice.seen.wait_for(lambda s: s.kind == "message" and s.text("subject") == "And kings", "the new subject", since)
        since = alice.seen.mark()
        carol.do("nick", "caroline")
        gone = alice.expect_presence(f"{ROOM}/carol", "unavailable", since)
        self.assertIn("303", gone.codes)
        alice.expect_presence(f"{ROOM}/caroline", "", since)

        # The archive, two at a time, says what was said; the ids are those of the wire.
        for number in range(5):
            carol.say("#lobby", f"line {number}")
        last = alice.expect_message(f"{ROOM}/caroline", "line 4")
        archived = alice.archive(ROOM, 2)
        bodies = [body for _, body in archived]
        for body in ("Hello, héllo & <b>", "Good day, both", *(f"line {number}" for number in range(5))):
            self.assertEqual(1, bodies.count(body), f"{body!r} in {bodies}")
        wire_id = last.find("{urn:xmpp:sid:0}stanza-id").get("id")
        self.assertEqual((wire_id, "line 4"), archived[-1])

        # Out with Bob.
        since = bob.seen.mark()
        carol.do("kick", "#lobby", "bob", "enough")
        self.assertIn("307", bob.expect_presence(f"{ROOM}/bob", "unavailable", since).codes)
        alice.expect_presence(f"{ROOM}/bob", "unavailable", since=0)

        # And Alice goes by herself.
        since = alice.seen.mark()
        alice.send(f"<presence to='{ROOM}/alice' type='unavailable'/>")
        alice.expect_presence(f"{ROOM}/alice", "unavailable", since)
        carol.heard.wait_for(lambda e: e[0] in ("part", "quit") and e[1] == "alice", "alice's leaving")
        self.assertEqual(0, stage.gateway.stop(), "a clean stop")

    def test_an_operator_on_xmpp_says_what_a_channel_is(self):
        stage = self.stage
        alice, bob = stage.xmpp_user("alice"), stage.xmpp_user("bob")
        where = f"#house%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"
        alice.wait_for_gateway()
        alice.join(where, "alice")  # the first one in is the operator
        carol = stage.irc_user("carol")
        carol.join("#house")
        bob.join(where, "bob")

        def submit(who, **answers):
            return who.ask(where, xep.room_form(**answers), "set")

        def now():
            return xep.form_values(alice.ask(where, xep.room_form()))
        self.assertEqual("0", now()["muc#roomconfig_moderatedroom"])
        refused = submit(bob, moderatedroom="1")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden"), str(refused))

        since = alice.seen.mark()
        answer = submit(alice, moderatedroom="1", publicroom="0", maxusers="20", passwordprotectedroom="1",
                        roomsecret="sesame")
        self.assertEqual("result", answer.type, str(answer))
        carol.expect("mode", "alice", "sesame", "#house")
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and "104" in s.codes, "a change", since)
        self.assertEqual(("1", "0", "20", "1", "sesame"), tuple(now()[f"muc#roomconfig_{name}"] for name in (
            "moderatedroom", "publicroom", "maxusers", "passwordprotectedroom", "roomsecret")))
        # Another password takes the place of the first.
        answer = submit(alice, passwordprotectedroom="1", roomsecret="pomegranate")
        self.assertEqual("result", answer.type, str(answer))
        carol.expect("mode", "alice", "pomegranate", "#house")
        answer = submit(alice, moderatedroom="0", maxusers="none", passwordprotectedroom="0")
        self.assertEqual("result", answer.type, str(answer))
        carol.expect("mode", "alice", "-", "#house")
        self.assertEqual(("0", "none", "0"), tuple(now()[f"muc#roomconfig_{name}"] for name in (
            "moderatedroom", "maxusers", "passwordprotectedroom")))
        late = stage.irc_user("late")
        late.join("#house")  # which nothing keeps closed any more


def load_tests(loader, _, __):
    suite = unittest.TestSuite()
    for xmpp in ("prosody", "ejabberd"):
        for irc in irc_servers.ALL:
            case = type(f"PeopleOn_{xmpp}_{irc}", (People, ServersCase), {"xmpp_kind": xmpp, "irc_kind": irc})
            suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
