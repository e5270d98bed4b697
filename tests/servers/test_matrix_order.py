"""Who may do what in a room, who gets in, where rooms lead, and how they are found."""

from urllib.parse import quote

from harness import xep
from harness.matrix_servers import NAME
from harness.matrix_stage import DOMAIN, ghost, jid, on_all_servers

ALICE, BOB = ghost("alice"), ghost("bob")
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


class Order:
    def standing(self, user, address, wanted, since=0):
        """Until somebody has this affiliation and role."""
        return user.expect_presence(address, "", since, lambda s: xep.item_of(s) == wanted)

    def enter_as(self, user, where, nick):
        user.send(f"<presence to='{where}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")

    def invitation(self, user, room, since):
        """Where an invitation leads."""
        told = user.seen.wait_for(lambda s: s.kind == "message" and s.sender.endswith(DOMAIN) and s.find(
            f"{{{xep.MUC_USER}}}x/{{{xep.MUC_USER}}}invite") is not None, f"an invitation to {room}", since)
        return told.sender

    # -------------------------------------------------------------------------------------------------------- powers

    def test_who_may_not_speak_is_a_visitor(self):
        alice, mary, where, room = self.people_in_a_room()
        self.standing(alice, f"{where}/alice", ("none", "participant"))
        since = alice.seen.mark()
        levels = mary.state(room, "m.room.power_levels")
        mary.set_state(room, "m.room.power_levels", {**levels, "events_default": 25})
        self.standing(alice, f"{where}/alice", ("none", "visitor"), since)
        said = alice.message(where, "May I?")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.id == said and s.type == "error", "the refusal")
        self.assertIsNotNone(refused.find(f".//{STANZAS}forbidden"), str(refused))
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 25)
        alice.expect_presence(f"{where}/alice", "", since, lambda s: xep.item_of(s)[1] == "participant")
        alice.message(where, "Now I may")
        mary.expect_message(room, ALICE, "Now I may")

    def test_an_owner_on_xmpp_gives_and_takes_powers(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        alice.expect_presence(f"{where}/john", "")
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 100)
        alice.expect_presence(f"{where}/alice", "", since, lambda s: xep.item_of(s)[0] == "owner")
        for how, level in (({"affiliation": "admin"}, 50), ({"affiliation": "none"}, 0), ({"role": "moderator"}, 50),
                           ({"role": "participant"}, 0)):
            answer = alice.ask(where, xep.admin_item(nick="john", **how), "set")
            self.assertEqual("result", answer.type, str(answer))
            alice.expect_presence(f"{where}/john", "", since,
                                  lambda s: xep.item_of(s)[1] == ("moderator" if level else "participant"))
            self.assertEqual(level, mary.state(room, "m.room.power_levels")["users"].get(john.id, 0))
            since = alice.seen.mark()
        # What the owner above her has she can't take.
        refused = alice.ask(where, xep.admin_item(nick="mary", affiliation="none"), "set")
        self.assertEqual("error", refused.type, str(refused))

    def test_who_is_banned_is_listed_and_pardoned(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        alice.expect_presence(f"{where}/john", "")
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since)
        self.assertEqual("result", alice.ask(where, xep.admin_item("for a while", nick="john", affiliation="outcast"), "set").type)
        self.assertIn("301", alice.expect_presence(f"{where}/john", "unavailable", since).codes)
        listed = alice.ask(where, f"<query xmlns='{xep.ADMIN}'><item affiliation='outcast'/></query>")
        items = listed.xml.findall(f"{{{xep.ADMIN}}}query/{{{xep.ADMIN}}}item")
        self.assertEqual([(jid(john.id), "for a while")], [(item.get("jid"), item.findtext(f"{{{xep.ADMIN}}}reason"))
                                                           for item in items], str(listed))
        self.assertEqual("result", alice.ask(where, xep.admin_item(jid=items[0].get("jid"), affiliation="none"), "set").type)
        john.expect("the pardon", lambda s: s.type == "m.room.member" and s.room == room and s.sender == ALICE
                    and s.content.get("membership") == "leave")
        john.join(room)
        alice.expect_presence(f"{where}/john", "", since)

    def test_who_was_kicked_may_come_back(self):
        alice, mary, where, room = self.people_in_a_room()
        since = alice.seen.mark()
        mary.kick(room, ALICE)
        alice.expect_presence(f"{where}/alice", "unavailable", since)
        heard = mary.seen.mark()
        alice.join(where, "alice")
        mary.expect_member(room, ALICE, "join", heard)
        mary.ban(room, ALICE)
        alice.seen.wait_for(lambda s: "301" in s.codes, "the ban", since)
        mary.unban(room, ALICE)
        alice.join(where, "alice")
        alice.message(where, "Here again")
        mary.expect_message(room, ALICE, "Here again")

    # ----------------------------------------------------------------------------------------------------- who gets in

    def test_who_knocks_is_let_in(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        room = mary.create(name, public=False)
        mary.set_state(room, "m.room.join_rules", {"join_rule": "knock"})
        where = jid(f"#{name}:{NAME}")
        since = alice.seen.mark()
        self.enter_as(alice, where, "alice")
        refused = alice.expect_presence(f"{where}/alice", "error", since)
        self.assertIsNotNone(refused.find(f".//{STANZAS}registration-required"), str(refused))
        self.assertIn("asked", refused.xml.findtext(f".//{STANZAS}text"))
        mary.expect_member(room, ALICE, "knock")
        mary.invite(room, ALICE)
        self.invitation(alice, room, since)
        alice.join(where, "alice")
        mary.say(room, "Come in")
        alice.expect_message(f"{where}/mary", "Come in")

    def test_who_knocks_on_matrix_is_heard(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.set_state(room, "m.room.join_rules", {"join_rule": "knock"})
        other = self.stage.matrix_user("nora")
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since, lambda s: xep.item_of(s)[1] == "moderator")
        other.call("POST", f"knock/{quote(room)}", {"reason": "It is raining"})
        alice.seen.wait_for(lambda s: s.sender == where and f"{other.id} asks to be let in (It is raining)" in (s.text("body") or ""),
                            "the word that somebody knocks", since)
        alice.send(f"<message to='{where}'>{xep.mediated_invitation(jid(other.id), 'Come in')}</message>")
        self.assertEqual(room, other.expect_invite(ALICE))
        other.join(room)
        alice.expect_presence(f"{where}/nora")

    def test_a_room_that_becomes_closed_says_so(self):
        alice, mary, where, room = self.people_in_a_room()
        since = alice.seen.mark()
        mary.set_state(room, "m.room.join_rules", {"join_rule": "invite"})
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and "104" in s.codes, "the room is another", since)
        features = {feature.get("var") for feature in alice.ask(where, f"<query xmlns='{xep.DISCO_INFO}'/>").xml.iter(
            f"{{{xep.DISCO_INFO}}}feature")}
        self.assertIn("muc_membersonly", features)
        bob = self.stage.xmpp_user("bob")
        self.enter_as(bob, where, "bob")
        refused = bob.expect_presence(f"{where}/bob", "error")
        self.assertIsNotNone(refused.find(f".//{STANZAS}registration-required"), str(refused))

    def test_a_closed_room_s_upgrade_takes_everybody_along(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        bob = self.stage.xmpp_user("bob")
        room = mary.create(public=False, invite=[ALICE, BOB])
        where = jid(room)
        alice.join(where, "alice")
        bob.join(where, "bob")
        new = mary.upgrade(room, "11" if self.room_version == "12" else "12")
        # Nobody can get in by themselves there: the one who moved the room asks them in.
        mary.invite(new, ALICE)
        mary.invite(new, BOB)
        mary.expect_member(new, ALICE, "join", seconds=40)
        mary.expect_member(new, BOB, "join", seconds=40)
        mary.say(new, "All here?")
        alice.expect_message(f"{where}/mary", "All here?")
        bob.expect_message(f"{where}/mary", "All here?")
        bob.message(where, "I am")
        mary.expect_message(new, BOB, "I am")
        alice.expect_message(f"{where}/bob", "I am")

    # ----------------------------------------------------------------------------------------------------- finding rooms

    def test_a_space_lists_its_rooms(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        rooms = [mary.create(f"{name}-{number}", name=f"Room {number}") for number in range(3)]
        space = mary.call("POST", "createRoom", {"preset": "public_chat", "room_alias_name": name, "name": "A space",
                                                 "creation_content": {"type": "m.space"}})["room_id"]
        for room in rooms:
            mary.set_state(space, "m.space.child", {"via": [NAME]}, room)
        where = jid(f"#{name}:{NAME}")
        alice.join(where, "alice")
        answer = alice.ask(where, f"<query xmlns='{xep.DISCO_ITEMS}'/>")
        listed = {item.get("jid"): item.get("name") for item in answer.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")}
        self.assertEqual({jid(f"#{name}-{number}:{NAME}"): f"Room {number}" for number in range(3)}, listed)
        alice.join(jid(f"#{name}-1:{NAME}"), "alice")

    def test_rooms_are_found_by_words(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        mary.create(f"{name}-1", name="Quincewood", topic="Of things that grow")
        mary.create(f"{name}-2", name="Other")
        # XEP-0433
        answer = alice.ask(jid(NAME), f"<search xmlns='{xep.CHANNEL_SEARCH}'>"
                           + xep.form("urn:xmpp:channel-search:0:search-params", q="quincewood") + "</search>")
        self.assertEqual("result", answer.type, str(answer))
        tag = f"{{{xep.CHANNEL_SEARCH}}}"
        found = {item.get("address"): item for item in answer.xml.iter(f"{tag}item")}
        self.assertEqual({jid(f"#{name}-1:{NAME}")}, set(found))
        item = found[jid(f"#{name}-1:{NAME}")]
        self.assertEqual(("Quincewood", "Of things that grow", "1", "true"), tuple(
            item.findtext(f"{tag}{part}") for part in ("name", "description", "nusers", "is-open")))
        # XEP-0055, at the gateway itself
        answer = alice.ask(DOMAIN, f"<query xmlns='{xep.SEARCH}'>" + xep.form(xep.SEARCH, words="quincewood", kind="rooms")
                           + "</query>", "set")
        self.assertIn(jid(f"#{name}-1:{NAME}"), str(answer))

    def test_people_are_found_by_name(self):
        alice, other = self.stage.xmpp_user("alice"), self.stage.stranger()
        other.set_name("Zebulon the Great")
        for _ in range(50):  # Synapse's directory of users is filled in the background
            answer = alice.ask(DOMAIN, f"<query xmlns='{xep.SEARCH}'>" + xep.form(xep.SEARCH, words="Zebulon") + "</query>", "set")
            if jid(other.id) in str(answer):
                break
        self.assertIn(jid(other.id), str(answer))
        self.assertIn("Zebulon the Great", str(answer))

    def test_the_gateway_lists_the_rooms_of_its_homeserver(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        mary.create(name, name="Listed at the gateway")
        found, after = {}, ""
        while True:
            answer = alice.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}'><set xmlns='{xep.RSM}'><max>50</max>{after}</set></query>")
            page = answer.xml.findall(f"{{{xep.DISCO_ITEMS}}}query/{{{xep.DISCO_ITEMS}}}item")
            found.update({item.get("jid"): item.get("name") for item in page})
            last = answer.find(f".//{{{xep.RSM}}}last")
            if not page or last is None:
                break
            after = f"<after>{last.text}</after>"
        self.assertEqual("Listed at the gateway", found.get(jid(f"#{name}:{NAME}")), f"{found}")
        for place in (DOMAIN, jid(NAME)):
            answer = alice.ask(place, f"<query xmlns='{xep.DISCO_INFO}'/>")
            features = {feature.get("var") for feature in answer.xml.iter(f"{{{xep.DISCO_INFO}}}feature")}
            self.assertTrue({xep.SEARCH, xep.CHANNEL_SEARCH, xep.DISCO_ITEMS} <= features, f"{place}: {features}")

    # ------------------------------------------------------------------------------------------------------------ addresses

    def test_capitals_and_odd_letters_are_reached(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        odd = f"Room-ÄÖ_{self.room_version}-A.b~C+d=e/f"
        room = mary.create(odd)
        lower = mary.create(odd.lower())
        where = self.address(f"#{odd}:{NAME}")
        self.assertNotEqual(where, self.address(f"#{odd.lower()}:{NAME}"))
        alice.join(where, "alice")
        mary.expect_member(room, ALICE, "join")
        alice.message(where, "The big one")
        mary.expect_message(room, ALICE, "The big one")
        alice.join(self.address(f"#{odd.lower()}:{NAME}"), "alice")
        mary.expect_member(lower, ALICE, "join")

    def address(self, typed):
        """As the gateway answers a client that asks (XEP-0100)."""
        answer = self.stage.people[0].ask(DOMAIN, f"<query xmlns='jabber:iq:gateway'><prompt>{typed}</prompt></query>", "set")
        found = answer.xml.findtext(".//{jabber:iq:gateway}jid")
        self.assertIsNotNone(found, str(answer))
        return found


def load_tests(_, __, ___):
    return on_all_servers(__name__, Order)
