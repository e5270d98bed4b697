"""How people and rooms look and are called: names, pictures, ids, on both sides."""

import base64
import urllib.parse

from harness import pictures, xep
from harness.matrix_servers import NAME
from harness.matrix_stage import DOMAIN, ghost, jid, on_all_servers

ALICE, BOB = ghost("alice"), ghost("bob")


class Looks:
    # -------------------------------------------------------------------------------------------------------- rooms

    def room_info(self, user, where):
        answer = user.ask(where, f"<query xmlns='{xep.DISCO_INFO}'/>")
        self.assertEqual("result", answer.type, str(answer))
        query = answer.find(f"{{{xep.DISCO_INFO}}}query")
        fields = {field.get("var"): field.findtext(f"{{{xep.FORM}}}value") for field in query.iter(f"{{{xep.FORM}}}field")}
        return query.find(f"{{{xep.DISCO_INFO}}}identity").get("name"), fields, {
            feature.get("var") for feature in query.iter(f"{{{xep.DISCO_INFO}}}feature")}

    def picture_of(self, user, address):
        answer = user.ask(address, f"<vCard xmlns='{xep.VCARD}'/>")
        self.assertEqual("result", answer.type, str(answer))
        return pictures.in_card(answer)

    def test_a_room_s_name_and_picture_change(self):
        alice, mary, where, room = self.people_in_a_room(name="The Orchard")
        name, fields, features = self.room_info(alice, where)
        self.assertEqual("The Orchard", name)
        self.assertEqual("2", fields["muc#roominfo_occupants"])
        self.assertTrue({"muc_open", "muc_nonanonymous", "muc_persistent"} <= features, str(features))
        since = alice.seen.mark()
        mary.set_state(room, "m.room.name", {"name": "The Vineyard"})
        # XEP-0045 10.2.1: something of the room is another.
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and "104" in s.codes, "the new name", since)
        self.assertEqual("The Vineyard", self.room_info(alice, where)[0])
        since = alice.seen.mark()
        mary.set_state(room, "m.room.avatar", {"url": mary.upload(pictures.png(32, 32), "image/png", "room.png")})
        # XEP-0486: who hears of it asks what there is.
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and "104" in s.codes, "the room's picture", since)
        told = self.room_info(alice, where)[1]["muc#roominfo_avatarhash"]
        self.assertEqual(told, pictures.sha1(self.picture_of(alice, where)))

    def tells_a_change(self, alice, where, since):
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and "104" in s.codes, "a change", since)

    def let_rule(self, alice, mary, where, room):
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 100)
        alice.expect_presence(f"{where}/alice", "", since, lambda s: xep.item_of(s)[0] == "owner")

    def visibility(self, mary, room):
        return mary.call("GET", f"directory/list/room/{urllib.parse.quote(room)}")["visibility"]

    def test_an_owner_on_xmpp_says_what_a_room_is(self):
        alice, mary, where, room = self.people_in_a_room(name="The Orchard")
        shown = alice.ask(where, xep.room_form())
        self.assertEqual("result", shown.type, str(shown))
        now = xep.form_values(shown)
        self.assertEqual(("The Orchard", "0", "1", "0"), tuple(now[f"muc#roomconfig_{name}"] for name in (
            "roomname", "membersonly", "publicroom", "moderatedroom")))
        self.assertNotIn("muc#roomconfig_roomsecret", now)
        # She may not yet, and reads so.
        refused = alice.ask(where, xep.room_form(roomname="Mine"), "set")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden"), str(refused))
        self.assertTrue(refused.xml.findtext(".//{urn:ietf:params:xml:ns:xmpp-stanzas}text"), str(refused))
        self.assertEqual("The Orchard", mary.state(room, "m.room.name")["name"])

        self.let_rule(alice, mary, where, room)
        since = alice.seen.mark()
        answer = alice.ask(where, xep.room_form(roomname="The Vineyard", membersonly="1", publicroom="0",
                                                moderatedroom="0"), "set")
        self.assertEqual("result", answer.type, str(answer))
        mary.expect_event(room, "m.room.name", ALICE, lambda s: s.content["name"] == "The Vineyard")
        mary.expect_event(room, "m.room.join_rules", ALICE, lambda s: s.content["join_rule"] == "invite")
        self.assertEqual("private", self.visibility(mary, room))
        self.tells_a_change(alice, where, since)
        name, _, features = self.eventually_info(alice, where, lambda info: info[0] == "The Vineyard" and
                                                 "muc_membersonly" in info[2])
        self.assertEqual(("The Vineyard", True), (name, {"muc_membersonly", "muc_hidden"} <= features), str(features))

        answer = alice.ask(where, xep.room_form(membersonly="0", publicroom="1", moderatedroom="1"), "set")
        self.assertEqual("result", answer.type, str(answer))
        mary.expect_event(room, "m.room.join_rules", ALICE, lambda s: s.content["join_rule"] == "public")
        mary.expect_event(room, "m.room.power_levels", ALICE, lambda s: s.content["events_default"] > 0)
        self.assertEqual("public", self.visibility(mary, room))
        # Who comes in now is mute.
        self.stage.matrix_user("john").join(room)
        alice.expect_presence(f"{where}/john", "", 0, lambda s: xep.item_of(s)[1] == "visitor")

    def eventually_info(self, alice, where, is_so, tries=100):
        for _ in range(tries):
            info = self.room_info(alice, where)
            if is_so(info):
                return info
        self.fail(f"the room stays {info}")

    def test_an_owner_on_xmpp_gives_a_room_a_picture(self):
        alice, mary, where, room = self.people_in_a_room()
        picture = pictures.png(24, 24, (10, 120, 60))
        card = (f"<vCard xmlns='{xep.VCARD}'><PHOTO><TYPE>image/png</TYPE>"
                f"<BINVAL>{base64.b64encode(picture).decode()}</BINVAL></PHOTO></vCard>")
        refused = alice.ask(where, card, "set")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden"), str(refused))
        self.let_rule(alice, mary, where, room)
        since = alice.seen.mark()
        self.assertEqual("result", alice.ask(where, card, "set").type)
        told = mary.expect_event(room, "m.room.avatar", ALICE)
        self.assertEqual("image/png", told.content["info"]["mimetype"])
        self.assertEqual(picture, mary.download(told.content["url"]))
        self.tells_a_change(alice, where, since)
        self.assertIsNotNone(self.picture_of(alice, where))
        since = alice.seen.mark()
        self.assertEqual("result", alice.ask(where, f"<vCard xmlns='{xep.VCARD}'/>", "set").type)
        mary.expect_event(room, "m.room.avatar", ALICE, lambda s: not s.content.get("url"))
        self.tells_a_change(alice, where, since)
        self.assertIsNone(self.picture_of(alice, where))

    # ------------------------------------------------------------------------------------------------------ members

    def test_members_have_pictures(self):
        john = self.stage.stranger()
        john.set_picture(john.upload(pictures.png(16, 16, (1, 2, 3)), "image/png", "john.png"))
        alice, john, where, room = self.people_in_a_room(john)
        his = f"{where}/{john.localpart}"
        told = alice.seen.wait_for(lambda s: s.kind == "presence" and s.sender == his and pictures.hash_in(s), "his picture")
        first = self.picture_of(alice, his)
        self.assertEqual(pictures.hash_in(told), pictures.sha1(first))
        since = alice.seen.mark()
        john.set_picture(john.upload(pictures.png(16, 16, (200, 100, 50)), "image/png", "john.png"))
        again = alice.seen.wait_for(lambda s: s.kind == "presence" and s.sender == his and pictures.hash_in(s) and
                                    pictures.hash_in(s) != pictures.hash_in(told), "his new picture", since)
        self.assertEqual(pictures.hash_in(again), pictures.sha1(self.picture_of(alice, his)))

    def test_names_are_made_safe_and_unique(self):
        alice, mary, where, room = self.people_in_a_room()
        one, other, liar = (self.stage.stranger() for _ in range(3))
        for user, name in ((one, "Sam"), (other, "Sam"), (liar, "\u202eyram\u2069\u200b")):
            user.set_name(name)
            user.join(room)
        one.say(room, "of one")
        other.say(room, "of another")
        liar.say(room, "of a liar")
        nicks = [alice.seen.wait_for(lambda s: s.kind == "message" and s.text("body") == body, body).sender.partition("/")[2]
                 for body in ("of one", "of another", "of a liar")]
        self.assertEqual(3, len(set(nicks)), f"{nicks}")
        self.assertIn("Sam", nicks[0])
        self.assertIn("Sam", nicks[1])
        for mark in "\u202e\u2069\u200b":
            self.assertNotIn(mark, nicks[2])
        # Nobody passes for one of ours, or for somebody who was here first.
        for name in ("alice", "mary"):
            since = alice.seen.mark()
            liar.set_state(room, "m.room.member", {"membership": "join", "displayname": name}, liar.id)
            liar.say(room, f"I am {name}")
            said = alice.seen.wait_for(lambda s: s.kind == "message" and s.text("body") == f"I am {name}", name, since)
            self.assertNotEqual(f"{where}/{name}", said.sender)

    def test_an_occupant_s_id_outlives_names(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        identity = xep.occupant_id(alice.expect_presence(f"{where}/john", ""))
        self.assertTrue(identity)
        john.say(room, "as John")
        self.assertEqual(identity, xep.occupant_id(alice.expect_message(f"{where}/john", "as John")))
        john.set_state(room, "m.room.member", {"membership": "join", "displayname": "Johnny"}, john.id)
        self.assertEqual(identity, xep.occupant_id(alice.expect_presence(f"{where}/Johnny", "")))
        since = alice.seen.mark()
        john.leave(room)
        gone = alice.expect_presence(f"{where}/Johnny", "unavailable", since)
        self.assertEqual(identity, xep.occupant_id(gone))
        self.assertIn(f"jid=\"{jid(john.id)}\"", str(gone))
        self.assertNotEqual(identity, xep.occupant_id(alice.expect_presence(f"{where}/mary", "")))

    def test_a_nick_of_xmpp_is_a_name_on_matrix(self):
        alice, mary, where, room = self.people_in_a_room()
        self.assertEqual("alice", mary.expect_member(room, ALICE, "join").content["displayname"])
        since = alice.seen.mark()
        alice.send(f"<presence to='{where}/Alicia'/>")
        self.assertIn("303", alice.expect_presence(f"{where}/alice", "unavailable", since).codes)
        self.assertIn("110", alice.expect_presence(f"{where}/Alicia", "", since).codes)
        mary.expect_event(room, "m.room.member", ALICE, lambda s: s.content.get("displayname") == "Alicia")
        # A nick that is somebody's is nobody else's.
        alice.send(f"<presence to='{where}/mary'/>")
        refused = alice.expect_presence(f"{where}/mary", "error", since)
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}conflict"), str(refused))
        bob = self.stage.xmpp_user("bob")
        bob.send(f"<presence to='{where}/mary'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        refused = bob.expect_presence(f"{where}/mary", "error")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}conflict"), str(refused))

    # ------------------------------------------------------------------------------------------------------- people

    def test_a_ghost_looks_like_its_person(self):
        bob, mary = self.stage.xmpp_user("bob"), self.stage.matrix_user("mary")
        picture = pictures.png(24, 24, (10, 200, 10))
        card = (f"<vCard xmlns='{xep.VCARD}'><NICKNAME>Bob of Wonderland</NICKNAME><PHOTO><TYPE>image/png</TYPE><BINVAL>"
                f"{base64.b64encode(picture).decode()}</BINVAL></PHOTO></vCard>")
        self.assertEqual("result", bob.ask("bob@localhost", card, "set").type)
        room = mary.create(self.alias())
        where = jid(f"#{self.alias()}:{NAME}")
        bob.join(where, "bob")
        bob.send(f"<presence to='{where}/bob'><x xmlns='{xep.VCARD_UPDATE}'><photo>{pictures.sha1(picture)}</photo></x>"
                 "</presence>")
        shown = mary.expect("Bob's picture", lambda s: s.type == "m.room.member" and s.room == room
                            and s.event.get("state_key") == BOB and s.content.get("avatar_url"))
        self.assertEqual(picture, mary.download(shown.content["avatar_url"]))
        profile = mary.call("GET", f"profile/{BOB}")
        self.assertEqual(("Bob of Wonderland", shown.content["avatar_url"]), (profile["displayname"], profile["avatar_url"]))
        # In a room he is called by his nick there.
        mary.expect("Bob's nick", lambda s: s.type == "m.room.member" and s.room == room and s.event.get("state_key") == BOB
                    and s.content.get("displayname") == "bob")

    def test_a_contact_has_a_name_a_picture_and_a_card(self):
        alice, other = self.stage.xmpp_user("alice"), self.stage.stranger()
        them = jid(other.id)
        other.set_name("A Perfect Stranger")
        other.set_picture(other.upload(pictures.png(20, 20, (5, 5, 250)), "image/png", "me.png"))
        since = alice.seen.mark()
        alice.send(f"<presence to='{them}' type='subscribe'/>")
        alice.expect_presence(them, "subscribed", since)
        answer = alice.ask(them, f"<vCard xmlns='{xep.VCARD}'/>")
        self.assertEqual("A Perfect Stranger", answer.xml.findtext(f".//{{{xep.VCARD}}}FN"), str(answer))
        picture = pictures.in_card(answer)
        self.assertTrue(pictures.size_of(picture), "a PNG, of whatever size the homeserver makes of it")
        # XEP-0084: a client that is told of it, or that looks by itself, finds the same.
        told = alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == them and xep.AVATAR_METADATA in str(s),
                                   "the picture is told", since)
        self.assertIn(pictures.sha1(picture), str(told))
        answer = alice.ask(them, f"<pubsub xmlns='{xep.PUBSUB}'><items node='{xep.AVATAR_METADATA}'/></pubsub>")
        self.assertEqual(pictures.sha1(picture), answer.find(f".//{{{xep.PUBSUB}}}item").get("id"))
        answer = alice.ask(them, f"<pubsub xmlns='{xep.PUBSUB}'><items node='{xep.AVATAR_DATA}'><item "
                           f"id='{pictures.sha1(picture)}'/></items></pubsub>")
        self.assertEqual(picture, base64.b64decode(answer.xml.findtext(f".//{{{xep.AVATAR_DATA}}}data")))
        # Matrix tells who is there to those who share a room.
        alice.message(them, "Hello", "chat")
        other.join(other.expect_invite(ALICE))
        since = alice.seen.mark()
        other.set_presence("unavailable", "here I was")
        there = alice.seen.wait_for(lambda s: s.kind == "presence" and s.sender.startswith(them) and pictures.hash_in(s),
                                    "a presence with the picture", since, 40)
        self.assertEqual(pictures.sha1(picture), pictures.hash_in(there))
        self.assertEqual("A Perfect Stranger", there.xml.findtext("{http://jabber.org/protocol/nick}nick"))

    def test_somebody_on_matrix_finds_an_xmpp_user(self):
        mary = self.stage.matrix_user("mary")
        protocols = mary.call("GET", "thirdparty/protocols")
        self.assertEqual(["jid"], protocols["xmpp"]["user_fields"])
        found = mary.call("GET", "thirdparty/user/xmpp?jid=bob@localhost")
        self.assertEqual([("xmpp", ghost("bob"), "bob@localhost")],
                         [(one["protocol"], one["userid"], one["fields"]["jid"]) for one in found])

    def test_a_gateway_tells_what_to_type(self):
        alice = self.stage.xmpp_user("alice")
        answer = alice.ask(DOMAIN, "<query xmlns='jabber:iq:gateway'/>")
        self.assertIn(NAME, answer.xml.findtext(".//{jabber:iq:gateway}desc"))
        for typed, wanted in ((f"@mary:{NAME}", f"@mary:{NAME}"), (f"#lobby:{NAME}", f"#lobby:{NAME}"),
                              (f"mary%{NAME}", f"@mary:{NAME}")):
            answer = alice.ask(DOMAIN, f"<query xmlns='jabber:iq:gateway'><prompt>{typed}</prompt></query>", "set")
            self.assertEqual(jid(wanted), answer.xml.findtext(".//{jabber:iq:gateway}jid"), str(answer))


def load_tests(_, __, ___):
    return on_all_servers(__name__, Looks)
