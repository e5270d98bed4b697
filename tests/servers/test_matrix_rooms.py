"""XMPP users live in Matrix rooms: on each XMPP server, with each room version."""

import re
import urllib.parse

from harness import pictures, xep
from harness.files import fetch
from harness.matrix_servers import NAME
from harness.matrix_stage import DOMAIN, core, ghost, jid, on_all_servers

PNG = pictures.png()
ALICE, BOB = ghost("alice"), ghost("bob")


def url_in(seen):
    found = seen.find(f"{{{xep.OOB}}}x/{{{xep.OOB}}}url")
    return None if found is None else found.text


class Rooms:
    # ------------------------------------------------------------------------------------------------- being there

    @core
    def test_a_room_is_joined_by_its_alias_and_by_its_id(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        room = mary.create(name, name="The Orchard", topic="Of pears")
        by_alias, by_id = jid(f"#{name}:{NAME}"), jid(room)

        own = alice.join(by_alias, "alice")
        self.assertIn("110", own.codes)
        alice.expect_presence(f"{by_alias}/mary")
        mary.expect_member(room, ALICE, "join")
        subject = alice.seen.wait_for(lambda s: s.kind == "message" and s.text("subject"), "the subject")
        self.assertEqual("Of pears", subject.text("subject"))
        info = alice.ask(by_alias, f"<query xmlns='{xep.DISCO_INFO}'/>")
        self.assertEqual("The Orchard", info.find(f"{{{xep.DISCO_INFO}}}query/{{{xep.DISCO_INFO}}}identity").get("name"))

        bob = self.stage.xmpp_user("bob")
        bob.join(by_id, "bob")
        mary.expect_member(room, BOB, "join")
        bob.expect_presence(f"{by_id}/mary")
        mary.say(room, "Welcome to both")
        alice.expect_message(f"{by_alias}/mary", "Welcome to both")
        bob.expect_message(f"{by_id}/mary", "Welcome to both")

    def test_a_room_that_is_not_there_is_told_so(self):
        alice = self.stage.xmpp_user("alice")
        where = jid(f"#nowhere-at-all:{NAME}")
        alice.send(f"<presence to='{where}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        refused = alice.expect_presence(f"{where}/alice", "error")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}item-not-found"), str(refused))

    def test_a_closed_room_is_told_so(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        where = jid(mary.create(public=False))
        alice.send(f"<presence to='{where}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        refused = alice.expect_presence(f"{where}/alice", "error")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}registration-required"), str(refused))

    def test_people_come_and_go(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        alice.expect_presence(f"{where}/john", "")
        bob = self.stage.xmpp_user("bob")
        bob.join(where, "bob")
        alice.expect_presence(f"{where}/bob", "")
        mary.expect_member(room, BOB, "join")
        since = alice.seen.mark()
        john.leave(room)
        alice.expect_presence(f"{where}/john", "unavailable", since)
        bob.send(f"<presence to='{where}/bob' type='unavailable'/>")
        alice.expect_presence(f"{where}/bob", "unavailable", since)
        mary.say(room, "still here?")
        alice.expect_message(f"{where}/mary", "still here?")

    def test_a_name_that_changes_is_a_nick_that_changes(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        alice.expect_presence(f"{where}/john", "")
        since = alice.seen.mark()
        john.set_state(room, "m.room.member", {"membership": "join", "displayname": "Johnny"}, john.id)
        self.assertIn("303", alice.expect_presence(f"{where}/john", "unavailable", since).codes)
        alice.expect_presence(f"{where}/Johnny", "", since)

    # ------------------------------------------------------------------------------------------------------ talking

    @core
    def test_messages_cross_both_ways_once_and_under_one_id(self):
        alice, mary, where, room = self.people_in_a_room()
        bob = self.stage.xmpp_user("bob")
        bob.join(where, "bob")
        spoken = alice.message(where, "Hello, héllo & <b>")
        heard = mary.expect_message(room, ALICE, "Hello, héllo & <b>")
        self.assertEqual({}, heard.content.get("m.mentions"), "always there, even empty")
        reflected = alice.expect_message(f"{where}/alice", "Hello, héllo & <b>")
        self.assertEqual((spoken, heard.id), (reflected.id, reflected.stanza_id))
        self.assertEqual(heard.id, bob.expect_message(f"{where}/alice", "Hello, héllo & <b>").stanza_id)

        event = mary.say(room, "Good day, both\nand all")
        self.assertEqual(event, alice.expect_message(f"{where}/mary", "Good day, both\nand all").stanza_id)
        alice.message(where, "/me bows")
        emote = mary.expect_message(room, ALICE, "bows")
        self.assertEqual("m.emote", emote.content["msgtype"])
        mary.send(room, {"msgtype": "m.emote", "body": "curtsies"})
        alice.expect_message(f"{where}/mary", "/me curtsies")
        # Each once: the archive of both has each line once.
        for body in ("Hello, héllo & <b>", "bows"):
            self.assertEqual(1, mary.bodies(room).count(body))
        self.assertEqual(1, sum(s.kind == "message" and s.text("body") == "Good day, both\nand all" for s in alice.seen.all))

    def test_formatting_crosses_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        alice.message(where, "this is *strong* and _leaning_")
        heard = mary.expect("the formatted one", lambda s: s.room == room and s.sender == ALICE and "formatted_body" in s.content)
        self.assertRegex(heard.content["formatted_body"], r"<(strong|b)>strong</(strong|b)> and <(em|i)>leaning</(em|i)>")
        mary.say(room, "a strong word", format="org.matrix.custom.html", formatted_body="a <strong>strong</strong> word")
        alice.expect_message(f"{where}/mary", "a *strong* word")

    def test_edits_cross_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        spoken = alice.message(where, "Good mroning")
        first = mary.expect_message(room, ALICE, "Good mroning")
        alice.expect_message(f"{where}/alice", "Good mroning")
        alice.message(where, "Good morning", more=xep.replace(spoken))
        edit = mary.expect("the edit", lambda s: s.room == room and s.sender == ALICE
                           and s.content.get("m.relates_to", {}).get("rel_type") == "m.replace")
        self.assertEqual(first.id, edit.content["m.relates_to"]["event_id"])
        self.assertEqual("Good morning", edit.content["m.new_content"]["body"])

        event = mary.say(room, "God day")
        original = alice.expect_message(f"{where}/mary", "God day")
        mary.edit(room, event, "Good day")
        corrected = alice.expect_message(f"{where}/mary", "Good day")
        self.assertEqual(original.id, xep.child(corrected, xep.CORRECT, "replace").get("id"))
        # The second edit is of the first version, too.
        mary.edit(room, event, "Good day!")
        again = alice.expect_message(f"{where}/mary", "Good day!")
        self.assertEqual(original.id, xep.child(again, xep.CORRECT, "replace").get("id"))

    def test_replies_cross_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        event = mary.say(room, "Who bakes a cake?")
        asked = alice.expect_message(f"{where}/mary", "Who bakes a cake?")
        alice.message(where, "> Who bakes a cake?\nI do", more=xep.reply(asked.stanza_id, f"{where}/mary", 20))
        reply = mary.expect_message(room, ALICE, "I do")
        self.assertEqual(event, reply.content["m.relates_to"]["m.in_reply_to"]["event_id"])

        mary.reply(room, reply.id, "You are kind")
        answer = alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and (s.text("body") or "").endswith("You are kind"),
                                     "the reply")
        self.assertEqual(reply.id, xep.child(answer, xep.REPLY, "reply").get("id"))

    def test_threads_cross_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        root = mary.say(room, "A thing to discuss")
        alice.expect_message(f"{where}/mary", "A thing to discuss")
        mary.say_in_thread(room, root, "the first point")
        told = alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and (s.text("body") or "").endswith("the first point"),
                                   "what is said in the thread")
        thread = told.text("thread")
        self.assertTrue(thread)
        alice.message(where, "the second point", more=f"<thread>{thread}</thread>")
        said = mary.expect_message(room, ALICE, "the second point")
        self.assertEqual(("m.thread", root), (said.content["m.relates_to"]["rel_type"], said.content["m.relates_to"]["event_id"]))

    def test_reactions_come_and_go_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        event = mary.say(room, "React to me")
        told = alice.expect_message(f"{where}/mary", "React to me")
        alice.message(where, None, more=xep.reactions(told.stanza_id, "👍", "🎉"))
        keys = {}
        for emoji in ("👍", "🎉"):
            found = mary.expect_event(room, "m.reaction", ALICE, lambda s: s.content["m.relates_to"]["key"] == emoji)
            self.assertEqual(event, found.content["m.relates_to"]["event_id"])
            keys[emoji] = found.id
        alice.message(where, None, more=xep.reactions(told.stanza_id, "🎉"))
        mary.expect_event(room, "m.room.redaction", ALICE, lambda s: keys["👍"] in (
            s.event.get("redacts"), s.content.get("redacts")))

        alice.message(where, "And you to me")
        said = mary.expect_message(room, ALICE, "And you to me")
        own = alice.expect_message(f"{where}/alice", "And you to me")
        heart = mary.react(room, said.id, "❤️")
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and xep.all_reactions(s) == (own.stanza_id, {"❤️"}),
                            "a heart")
        mary.react(room, said.id, "😄")
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and xep.all_reactions(s) == (own.stanza_id, {"❤️", "😄"}),
                            "both")
        mary.redact(room, heart)
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and xep.all_reactions(s) == (own.stanza_id, {"😄"}),
                            "the second alone")

    def test_retractions_cross_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        alice.message(where, "I regret this")
        said = mary.expect_message(room, ALICE, "I regret this")
        own = alice.expect_message(f"{where}/alice", "I regret this")
        alice.message(where, "/me retracted a message", more=xep.retract(own.stanza_id))
        mary.expect_event(room, "m.room.redaction", ALICE, lambda s: said.id in (s.event.get("redacts"), s.content.get("redacts")))

        event = mary.say(room, "So do I")
        alice.expect_message(f"{where}/mary", "So do I")
        mary.redact(room, event)
        gone = alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and xep.child(s, xep.RETRACT, "retract") is not None,
                                   "the retraction")
        self.assertEqual(event, xep.child(gone, xep.RETRACT, "retract").get("id"))

    @core
    def test_moderation_crosses_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        alice.message(where, "Something rude")
        said = mary.expect_message(room, ALICE, "Something rude")
        alice.expect_message(f"{where}/alice", "Something rude")
        mary.redact(room, said.id, "manners")
        gone = alice.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(where)
                                   and xep.child(s, xep.RETRACT, "retract") is not None, "the moderation")
        retract = xep.child(gone, xep.RETRACT, "retract")
        self.assertEqual(said.id, retract.get("id"))
        self.assertIsNotNone(retract.find(f"{{{xep.MODERATE}}}moderated"), str(gone))
        self.assertEqual("manners", retract.findtext(f"{{{xep.RETRACT}}}reason"))

        # Alice may do the same once she is a moderator, not before.
        event = mary.say(room, "Something ruder")
        alice.expect_message(f"{where}/mary", "Something ruder")
        self.assertEqual("error", alice.ask(where, xep.moderate(event, "manners!"), "set").type)
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since)
        answer = alice.ask(where, xep.moderate(event, "manners!"), "set")
        self.assertEqual("result", answer.type, str(answer))
        redaction = mary.expect_event(room, "m.room.redaction", ALICE)
        self.assertIn(event, (redaction.event.get("redacts"), redaction.content.get("redacts")))
        self.assertEqual("manners!", redaction.content.get("reason"))

    def test_who_types_is_seen_on_both_sides(self):
        alice, mary, where, room = self.people_in_a_room()
        alice.message(where, None, more=xep.chat_state("composing"))
        mary.expect_typing(room, ALICE)
        since = mary.seen.mark()
        alice.message(where, None, more=xep.chat_state("paused"))
        mary.expect_typing(room, ALICE, False, since)
        mary.type(room)
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and xep.child(s, xep.CHAT_STATES, "composing") is not None,
                            "Mary types")
        since = alice.seen.mark()
        mary.type(room, False)
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and s.find(f"{{{xep.CHAT_STATES}}}composing") is None
                            and any(child.tag.startswith(f"{{{xep.CHAT_STATES}}}") for child in s.xml), "she does no longer", since)

    def test_what_was_read_is_seen_on_both_sides(self):
        alice, mary, where, room = self.people_in_a_room()
        event = mary.say(room, "Read me")
        told = alice.expect_message(f"{where}/mary", "Read me")
        alice.message(where, None, more=xep.displayed(told.stanza_id))
        mary.expect_receipt(room, ALICE, event)
        alice.message(where, "And me")
        said = mary.expect_message(room, ALICE, "And me")
        own = alice.expect_message(f"{where}/alice", "And me")
        mary.read(room, said.id)
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and (mark := xep.child(s, xep.MARKERS, "displayed")) is not None
                            and mark.get("id") in (own.stanza_id, own.id), "Mary has read it")

    def test_topics_change_on_both_sides(self):
        alice, mary, where, room = self.people_in_a_room()
        since = alice.seen.mark()
        mary.set_state(room, "m.room.topic", {"topic": "Of apples"})
        alice.seen.wait_for(lambda s: s.text("subject") == "Of apples", "the new topic", since)
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since)
        alice.send(f"<message to='{where}' type='groupchat'><subject>Of plums</subject></message>")
        mary.expect_event(room, "m.room.topic", ALICE, lambda s: s.content["topic"] == "Of plums")

    # -------------------------------------------------------------------------------------------------------- files

    def test_a_file_of_xmpp_lies_in_the_media_repository(self):
        alice, mary, where, room = self.people_in_a_room()
        url = self.stage.files.put("dot.png", "image/png", PNG)
        alice.message(where, url, more=xep.oob(url))
        event = mary.expect_event(room, "m.room.message", ALICE)
        self.assertEqual("m.image", event.content["msgtype"])
        self.assertEqual("dot.png", event.content.get("filename", event.content["body"]))
        self.assertEqual(("image/png", len(PNG)), (event.content["info"]["mimetype"], event.content["info"]["size"]))
        self.assertEqual(PNG, mary.download(event.content["url"]))

    def test_a_file_of_matrix_is_a_link_that_ends_with_its_redaction(self):
        alice, mary, where, room = self.people_in_a_room()
        data = bytes(range(256)) * 4000
        event = mary.send_file(room, data, "application/octet-stream", "all bytes.bin")
        told = alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and url_in(s), "the file")
        url = url_in(told)
        self.assertEqual(url, told.text("body"))
        self.assertTrue(urllib.parse.unquote(url).endswith("all bytes.bin"), url)
        self.assertEqual((200, data), fetch(url)[::2])
        self.assertNotEqual(200, fetch(re.sub(r"/[^/]*$", "x\\g<0>", url))[0], "a forged link")
        mary.redact(room, event)
        alice.seen.wait_for(lambda s: xep.child(s, xep.RETRACT, "retract") is not None, "the retraction")
        self.assertIn(fetch(url)[0], (403, 404, 410))

    def test_a_caption_goes_with_its_picture(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.send_file(room, PNG, "image/png", "dot.png", "m.image", body="A small dot")
        alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and "A small dot" in (s.text("body") or ""), "the caption")
        url = url_in(alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and url_in(s), "the picture"))
        self.assertEqual((200, "image/png", PNG), fetch(url))

    # --------------------------------------------------------------------------------------------------- moderation

    @core
    def test_who_is_kicked_or_banned_on_matrix_is_out(self):
        alice, mary, where, room = self.people_in_a_room()
        since = alice.seen.mark()
        mary.kick(room, ALICE, "enough")
        out = alice.expect_presence(f"{where}/alice", "unavailable", since)
        self.assertTrue({"110", "307"} <= out.codes, str(out))
        self.assertIn("enough", str(out))
        since = alice.seen.mark()
        alice.join(where, "alice", since)
        mary.ban(room, ALICE, "for good")
        out = alice.seen.wait_for(lambda s: s.kind == "presence" and "301" in s.codes, "the ban", since)
        self.assertIn("110", out.codes)
        alice.send(f"<presence to='{where}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        refused = alice.expect_presence(f"{where}/alice", "error", since)
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden"), str(refused))

    def test_power_levels_are_affiliations_both_ways(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        self.assertEqual("owner", xep.item_of(alice.expect_presence(f"{where}/mary"))[0])
        alice.expect_presence(f"{where}/john", "")
        since = alice.seen.mark()
        mary.set_level(room, john.id, 50)
        alice.expect_presence(f"{where}/john", "", since, lambda s: xep.item_of(s)[0] == "admin")
        # Alice may not yet; with the level of an owner she may.
        self.assertEqual("error", alice.ask(where, xep.admin_item(nick="john", role="none"), "set").type)
        mary.set_level(room, ALICE, 100)
        alice.expect_presence(f"{where}/alice", "", since, lambda s: xep.item_of(s)[0] in ("admin", "owner"))
        self.assertEqual("result", alice.ask(where, xep.admin_item(jid=jid(john.id), affiliation="member"), "set").type)
        mary.expect_event(room, "m.room.power_levels", ALICE, lambda s: s.content["users"].get(john.id, 0) < 50)

    def test_the_lists_of_people_name_who_is_not_there_too(self):
        alice, mary, where, room = self.people_in_a_room()
        levels = mary.state(room, "m.room.power_levels")
        levels.setdefault("users", {}).update({f"@warden:{NAME}": 50, f"@away:{NAME}": 50})
        mary.set_state(room, "m.room.power_levels", levels)
        self.stage.matrix_user("john").join(room)  # who is heard of after it
        alice.expect_presence(f"{where}/john", "")

        def listed(affiliation):
            answer = alice.ask(where, xep.admin_list(affiliation))
            self.assertEqual("result", answer.type, str(answer))
            return {item.get("jid") for item in answer.xml.iter(f"{{{xep.ADMIN}}}item")
                    if item.get("affiliation") == affiliation}
        self.assertEqual({jid(mary.id)}, listed("owner"))
        self.assertEqual({jid(f"@warden:{NAME}"), jid(f"@away:{NAME}")}, listed("admin"))
        self.assertEqual(set(), listed("member"))

    def test_a_moderator_on_xmpp_kicks_and_bans(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        john.join(room)
        alice.expect_presence(f"{where}/john", "")
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since)
        self.assertEqual("result", alice.ask(where, xep.admin_item("out with you", nick="john", role="none"), "set").type)
        left = john.expect_member(room, john.id, "leave")
        self.assertEqual((ALICE, "out with you"), (left.sender, left.content.get("reason")))
        self.assertIn("307", alice.expect_presence(f"{where}/john", "unavailable", since).codes)
        self.assertEqual("result", alice.ask(where, xep.admin_item("for good", jid=jid(john.id), affiliation="outcast"),
                                             "set").type)
        mary.expect_member(room, john.id, "ban")

    # --------------------------------------------------------------------------------------------------- invitations

    def test_an_xmpp_user_is_invited_and_comes(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        room = mary.create(name="Behind closed doors", public=False)
        since = alice.seen.mark()
        mary.invite(room, ALICE)
        told = alice.seen.wait_for(lambda s: s.kind == "message" and s.sender.endswith(DOMAIN) and (
            s.find(f"{{{xep.MUC_USER}}}x/{{{xep.MUC_USER}}}invite") is not None
            or s.find("{jabber:x:conference}x") is not None), "the invitation", since)
        direct = told.find("{jabber:x:conference}x")
        where = direct.get("jid") if direct is not None else told.sender
        alice.join(where, "alice")
        mary.expect_member(room, ALICE, "join")
        mary.say(room, "You found it")
        alice.expect_message(f"{where}/mary", "You found it")

    def test_an_invitation_is_declined(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        room = mary.create(name="A late hour", public=False)
        since = alice.seen.mark()
        mary.invite(room, ALICE)
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == jid(room), "the invitation", since)
        alice.send(f"<message to='{jid(room)}'>{xep.declined(jid(mary.id), 'it is late')}</message>")
        told = mary.expect_member(room, ALICE, "leave")
        self.assertEqual((ALICE, "it is late"), (told.sender, told.content.get("reason")))
        # She may be asked again.
        since = alice.seen.mark()
        mary.invite(room, ALICE)
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == jid(room), "another invitation", since)
        alice.join(jid(room), "alice")
        mary.expect_member(room, ALICE, "join")

    def test_an_xmpp_user_invites_somebody_of_matrix(self):
        alice, mary, where, room = self.people_in_a_room()
        john = self.stage.matrix_user("john")
        # She may not, by the room's levels, and is told so; then she may.
        alice.send(f"<message to='{where}' id='may-i'>{xep.mediated_invitation(jid(john.id))}</message>")
        alice.seen.wait_for(lambda s: s.kind == "message" and s.id == "may-i" and s.type == "error", "the refusal")
        self.let_invite(alice, mary, where, room)
        alice.send(f"<message to='{where}'>{xep.mediated_invitation(jid(john.id), 'do come')}</message>")
        self.assertEqual(room, john.expect(f"an invitation to {room}", lambda s: s.kind == "invite" and s.room == room).room)
        john.join(room)
        alice.expect_presence(f"{where}/john", "")

    def test_an_xmpp_user_invites_another_one(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        bob = self.stage.xmpp_user("bob")
        room = mary.create(public=False, invite=[ALICE])
        where = jid(room)
        alice.join(where, "alice")
        self.let_invite(alice, mary, where, room)
        alice.send(f"<message to='{where}'>{xep.mediated_invitation('bob@localhost')}</message>")
        bob.seen.wait_for(lambda s: s.kind == "message" and where in str(s), "the invitation")
        bob.join(where, "bob")
        mary.expect_member(room, BOB, "join")

    def let_invite(self, alice, mary, where, room):
        since = alice.seen.mark()
        mary.set_level(room, ALICE, 50)
        alice.expect_presence(f"{where}/alice", "", since)

    # --------------------------------------------------------------------------------------------------------- rooms

    def test_an_upgrade_takes_everybody_along(self):
        alice, mary, where, room = self.people_in_a_room(name="Moving")
        alice.message(where, "before the move")
        mary.expect_message(room, ALICE, "before the move")
        new = mary.upgrade(room, "11" if self.room_version == "12" else "12")
        mary.expect_member(new, ALICE, "join", seconds=40)
        since = alice.seen.mark()
        mary.say(new, "after the move")
        alice.expect_message(f"{where}/mary", "after the move", since)
        alice.message(where, "here too")
        mary.expect_message(new, ALICE, "here too")
        bodies = [body for _, body in alice.archive(where, 25)]
        for body in ("before the move", "after the move", "here too"):
            self.assertEqual(1, bodies.count(body), f"{body!r} in {bodies}")

    def test_the_directory_is_listed_page_by_page(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        names = {f"{self.alias()}-{number}" for number in range(7)}
        for name in names:
            mary.create(name, name=f"Listed {name}")
        found, after = {}, ""
        for _ in range(50):
            answer = alice.ask(jid(NAME), f"<query xmlns='{xep.DISCO_ITEMS}'><set xmlns='http://jabber.org/protocol/rsm'>"
                               f"<max>3</max>{after}</set></query>")
            self.assertEqual("result", answer.type, str(answer))
            page = answer.xml.findall(f"{{{xep.DISCO_ITEMS}}}query/{{{xep.DISCO_ITEMS}}}item")
            self.assertLessEqual(len(page), 3)
            found.update({item.get("jid"): item.get("name") for item in page})
            last = answer.find(".//{http://jabber.org/protocol/rsm}last")
            if not page or last is None:
                break
            after = f"<after>{last.text}</after>"
        for name in names:
            self.assertIn(f"Listed {name}", found.get(jid(f"#{name}:{NAME}"), ""))

    def test_an_encrypted_room_is_told_so_to_both_sides(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        room = mary.create(name, encrypted=True)
        where = jid(f"#{name}:{NAME}")
        alice.send(f"<presence to='{where}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        word = alice.seen.wait_for(lambda s: s.sender.startswith(where) and re.search("encrypt", str(s)), "a word on it")
        if word.type == "error":
            return
        # In, then: what Alice says is refused, what Mary says can't be read, and both are told.
        mary.send(room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AAAA", "device_id": "X", "sender_key": "Y",
                         "session_id": "Z"}, "m.room.encrypted")
        mary.expect("a word on it", lambda s: s.kind == "timeline" and s.room == room and s.sender != mary.id
                    and "encrypt" in str(s.body or ""))
        said = alice.message(where, "can you read this?")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.id == said and s.type == "error", "the refusal")
        self.assertIn("encrypt", str(refused))


def load_tests(_, __, ___):
    return on_all_servers(__name__, Rooms)
