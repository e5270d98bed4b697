"""An XMPP user and a Matrix user talk with one another alone."""

from harness import xep
from harness.matrix_servers import NAME
from harness.matrix_stage import DOMAIN, core, ghost, jid, on_all_servers

ALICE, BOB = ghost("alice"), ghost("bob")


class Chats:
    def two(self):
        """Alice, and somebody on Matrix whom she does not know yet."""
        other = self.stage.stranger()
        return self.stage.xmpp_user("alice"), other, jid(other.id)

    def begun(self):
        """Alice wrote, and is answered: (alice, the other one, their JID, the room)."""
        alice, other, them = self.two()
        alice.message(them, "Hello?", "chat")
        room = other.expect_invite(ALICE)
        other.join(room)
        other.expect_message(room, ALICE, "Hello?")
        other.say(room, "Hello!")
        alice.expect_message(them, "Hello!", kind="chat")
        return alice, other, them, room

    @core
    def test_a_chat_that_the_xmpp_user_begins(self):
        alice, other, them, room = self.begun()
        member = next(event for event in (s.event for s in other.seen.all if s.kind == "invite" and s.room == room)
                      if event["type"] == "m.room.member" and event["state_key"] == other.id)
        self.assertTrue(member["content"].get("is_direct"), str(member))
        alice.message(them, "/me is glad", "chat")
        self.assertEqual("m.emote", other.expect_message(room, ALICE, "is glad").content["msgtype"])
        self.assertEqual(1, other.bodies(room).count("Hello?"))

    def test_a_chat_that_the_matrix_user_begins(self):
        alice, other, them = self.two()
        room = other.create(public=False, invite=[ALICE], direct=True)
        other.expect_member(room, ALICE, "join")
        other.say(room, "Is this Alice?")
        alice.expect_message(them, "Is this Alice?", kind="chat")
        since = other.seen.mark()
        alice.message(them, "It is she", "chat")
        # In the same room: none is made for it.
        other.expect_message(room, ALICE, "It is she", since)

    def test_a_chat_with_somebody_who_never_used_the_bridge(self):
        other, bob = self.stage.stranger(), self.stage.xmpp_user("bob")
        them, since = jid(other.id), bob.seen.mark()
        room = other.create(public=False, invite=[BOB], direct=True)
        # As XMPP users get to know one another: they are asked, and hear what is said.
        bob.expect_presence(them, "subscribe", since)
        other.expect_member(room, BOB, "join")
        other.say(room, "We have not met")
        bob.expect_message(them, "We have not met", since, kind="chat")
        bob.message(them, "Now we have", "chat")
        other.expect_message(room, BOB, "Now we have")

    def test_what_is_said_before_the_invitation_was_accepted_is_heard(self):
        other, bob = self.stage.stranger(), self.stage.xmpp_user("bob")
        since = bob.seen.mark()
        room = other.create(public=False, invite=[BOB], direct=True)
        for number in range(3):
            other.say(room, f"quick {number}")
        for number in range(3):
            bob.expect_message(jid(other.id), f"quick {number}", since, kind="chat")
        self.assertEqual(3, sum(s.kind == "message" and (s.text("body") or "").startswith("quick") for s in bob.seen.all))

    def test_a_second_room_of_the_same_two_is_the_same_chat(self):
        alice, other, them, room = self.begun()
        again = other.create(public=False, invite=[ALICE], direct=True)
        other.expect_member(again, ALICE, "join")
        other.say(again, "Over here now")
        alice.expect_message(them, "Over here now", kind="chat")
        alice.message(them, "I follow", "chat")
        other.expect_message(again, ALICE, "I follow")

    def test_who_declines_is_asked_again_when_somebody_writes(self):
        alice, other, them = self.two()
        alice.message(them, "Hello?", "chat")
        room = other.expect_invite(ALICE)
        since = other.seen.mark()
        other.leave(room)
        alice.message(them, "Please?", "chat")
        again = other.expect_invite(ALICE, since, 40)
        other.join(again)
        other.expect_message(again, ALICE, "Please?", since)

    def test_a_chat_that_becomes_encrypted_is_told_so_to_both(self):
        alice, other, them, room = self.begun()
        since = alice.seen.mark()
        other.set_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == them and "encrypt" in (s.text("body") or ""),
                            "a word to Alice", since)
        other.expect("a word to them", lambda s: s.kind == "timeline" and s.room == room and s.sender != other.id
                     and "encrypt" in str(s.body or ""))
        said = alice.message(them, "Can you still read me?", "chat")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.id == said and s.type == "error", "the refusal")
        self.assertIn("encrypt", str(refused))

    def test_formatting_actions_and_odd_kinds(self):
        alice, other, them, room = self.begun()
        alice.message(them, "so *strong*", "chat")
        self.assertIn("strong</", other.expect("the strong one", lambda s: s.sender == ALICE and "formatted_body" in s.content)
                      .content["formatted_body"])
        other.send(room, {"msgtype": "m.emote", "body": "nods"})
        alice.expect_message(them, "/me nods", kind="chat")
        other.send(room, {"msgtype": "m.location", "body": "Here", "geo_uri": "geo:1,2"})
        alice.seen.wait_for(lambda s: s.sender == them and "geo:1,2" in (s.text("body") or ""), "the place")
        other.reply(room, other.expect_message(room, ALICE, "Hello?").id, "a late answer")
        told = alice.seen.wait_for(lambda s: s.sender == them and (s.text("body") or "").endswith("a late answer"), "the reply")
        self.assertIsNotNone(xep.child(told, xep.REPLY, "reply"), str(told))
        self.assertTrue(told.text("body").startswith("> "), "those who know no replies read what was answered")

    def test_what_is_taken_back_by_xmpp_is_taken_back(self):
        alice, other, them, room = self.begun()
        spoken = alice.message(them, "I regret this", "chat")
        said = other.expect_message(room, ALICE, "I regret this")
        alice.message(them, None, "chat", xep.retract(spoken))
        other.expect_event(room, "m.room.redaction", ALICE, lambda s: said.id in (s.event.get("redacts"), s.content.get("redacts")))
        other.say(room, "react!")
        told = alice.expect_message(them, "react!", kind="chat")
        alice.message(them, None, "chat", xep.reactions(told.id, "👍"))
        reaction = other.expect_event(room, "m.reaction", ALICE)
        alice.message(them, None, "chat", xep.reactions(told.id))
        other.expect_event(room, "m.room.redaction", ALICE, lambda s: reaction.id in (s.event.get("redacts"), s.content.get("redacts")))

    def test_the_ghost_of_an_xmpp_user_is_found(self):
        alice, other, _ = self.two()
        profile = other.call("GET", f"profile/{ALICE}")
        self.assertIn("alice", profile["displayname"])

    def test_edits_replies_reactions_and_retractions(self):
        alice, other, them, room = self.begun()
        spoken = alice.message(them, "teh first", "chat")
        first = other.expect_message(room, ALICE, "teh first")
        alice.message(them, "the first", "chat", xep.replace(spoken))
        edit = other.expect("the edit", lambda s: s.content.get("m.relates_to", {}).get("rel_type") == "m.replace")
        self.assertEqual(first.id, edit.content["m.relates_to"]["event_id"])

        event = other.say(room, "the second")
        told = alice.expect_message(them, "the second", kind="chat")
        other.edit(room, event, "the second one")
        corrected = alice.expect_message(them, "the second one", kind="chat")
        self.assertEqual(told.id, xep.child(corrected, xep.CORRECT, "replace").get("id"))

        alice.message(them, None, "chat", xep.reactions(told.id, "👍"))
        reaction = other.expect_event(room, "m.reaction", ALICE)
        self.assertEqual(event, reaction.content["m.relates_to"]["event_id"])
        other.react(room, first.id, "🎉")
        alice.seen.wait_for(lambda s: xep.all_reactions(s) == (spoken, {"🎉"}), "the reaction to what Alice said")

        alice.message(them, "I answer", "chat", xep.reply(told.id, them))
        reply = other.expect_message(room, ALICE, "I answer")
        self.assertEqual(event, reply.content["m.relates_to"]["m.in_reply_to"]["event_id"])

        other.redact(room, event)
        gone = alice.seen.wait_for(lambda s: xep.child(s, xep.RETRACT, "retract") is not None, "the retraction")
        self.assertEqual(told.id, xep.child(gone, xep.RETRACT, "retract").get("id"))

    def test_typing_and_receipts(self):
        alice, other, them, room = self.begun()
        alice.message(them, None, "chat", xep.chat_state("composing"))
        other.expect_typing(room, ALICE)
        other.type(room)
        alice.seen.wait_for(lambda s: s.sender == them and xep.child(s, xep.CHAT_STATES, "composing") is not None, "they type")
        spoken = alice.message(them, "Did you get it?", "chat", f"<request xmlns='{xep.RECEIPTS}'/>"
                               f"<markable xmlns='{xep.MARKERS}'/>")
        said = other.expect_message(room, ALICE, "Did you get it?")
        received = alice.seen.wait_for(lambda s: xep.child(s, xep.RECEIPTS, "received") is not None, "the receipt")
        self.assertEqual(spoken, xep.child(received, xep.RECEIPTS, "received").get("id"))
        other.read(room, said.id)
        read = alice.seen.wait_for(lambda s: xep.child(s, xep.MARKERS, "displayed") is not None, "it was read")
        self.assertEqual(spoken, xep.child(read, xep.MARKERS, "displayed").get("id"))
        event = other.say(room, "I did")
        told = alice.expect_message(them, "I did", kind="chat")
        alice.message(them, None, "chat", xep.displayed(told.id))
        other.expect_receipt(room, ALICE, event)

    def test_presence_is_seen_on_both_sides(self):
        alice, other, them, room = self.begun()
        since = alice.seen.mark()
        alice.send(f"<presence to='{them}' type='subscribe'/>")
        alice.expect_presence(them, "subscribed", since)
        other.set_presence("unavailable", "gone fishing")
        alice.seen.wait_for(lambda s: s.kind == "presence" and s.sender.startswith(them)
                            and (s.text("show"), s.text("status")) == ("away", "gone fishing"), "their presence", since)
        # She is asked to be seen, and her client (as slixmpp does by itself) says yes.
        alice.expect_presence(them, "subscribe")
        alice.send("<presence><show>dnd</show><status>at work</status></presence>")
        other.expect("Alice's presence", lambda s: s.kind == "presence" and s.sender == ALICE
                     and s.content.get("status_msg") == "at work", seconds=40)

    def test_a_chat_that_both_left_is_made_again(self):
        alice, other, them, room = self.begun()
        lobby = self.alias()
        there = other.create(lobby)
        alice.join(jid(f"#{lobby}:{NAME}"), "alice")
        other.leave(room)
        # What is said after it is heard: so dragoman knows that they left.
        other.say(there, "gone from the chat")
        alice.expect_message(f"{jid(f'#{lobby}:{NAME}')}/{other.localpart}", "gone from the chat")
        since = other.seen.mark()
        alice.message(them, "Still there?", "chat")
        again = other.expect_invite(ALICE, since, 30)
        other.join(again)
        other.expect_message(again, ALICE, "Still there?")
        since = alice.seen.mark()
        other.say(again, "Again here")
        alice.expect_message(them, "Again here", since, kind="chat")

    def test_an_encrypted_chat_is_told_so_to_both(self):
        alice, other, them = self.two()
        room = other.create(public=False, invite=[ALICE], direct=True, encrypted=True)
        other.expect_member(room, ALICE, "join")
        other.send(room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AAAA", "device_id": "X", "sender_key": "Y",
                          "session_id": "Z"}, "m.room.encrypted")
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == them and "encrypt" in (s.text("body") or ""),
                            "a word to Alice")
        other.expect("a word to them", lambda s: s.kind == "timeline" and s.room == room and s.sender != other.id
                     and "encrypt" in str(s.body or ""))

    def test_somebody_who_is_not_there_is_told_so(self):
        alice = self.stage.xmpp_user("alice")
        nobody = jid(f"@nobody-at-all:{NAME}")
        said = alice.message(nobody, "Anybody?", "chat")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.id == said and s.type == "error", "the refusal")
        self.assertIsNotNone(refused.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}item-not-found"), str(refused))

    def test_files_cross_both_ways(self):
        alice, other, them, room = self.begun()
        url = self.stage.files.put("notes.txt", "text/plain", b"of a meeting")
        alice.message(them, url, "chat", xep.oob(url))
        event = other.expect_event(room, "m.room.message", ALICE, lambda s: s.content["msgtype"] == "m.file")
        self.assertEqual(b"of a meeting", other.download(event.content["url"]))
        other.send_file(room, b"of another", "text/plain", "other.txt")
        told = alice.seen.wait_for(lambda s: s.sender == them and s.find(f"{{{xep.OOB}}}x") is not None, "the file")
        self.assertTrue(told.text("body").endswith("other.txt"), str(told))

    def test_the_gateway_s_contact_answers(self):
        alice = self.stage.xmpp_user("alice")
        self.assertEqual("result", alice.ask(DOMAIN, f"<query xmlns='{xep.DISCO_INFO}'/>").type)
        answer = alice.ask(DOMAIN, "<query xmlns='jabber:iq:gateway'><prompt>@mary:hs.test</prompt></query>", "set")
        self.assertEqual(jid("@mary:hs.test"), answer.find("{jabber:iq:gateway}query/{jabber:iq:gateway}jid").text)


def load_tests(_, __, ___):
    return on_all_servers(__name__, Chats)
