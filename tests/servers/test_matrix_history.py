"""What was said before: what a join shows, and the archive, which is Matrix's own history and what came live."""

from harness import xep
from harness.clients import CLIENT, MAM, RSM
from harness.matrix_servers import NAME
from harness.matrix_stage import core, ghost, jid, on_all_servers

ALICE = ghost("alice")


class Past:
    def page(self, user, where, query="", rsm=""):
        """([(id, body, stamp)], is it complete, how many in all) of one question to the archive."""
        since = user.seen.mark()
        name = f"page-{since}"
        answer = user.ask(where, f"<query xmlns='urn:xmpp:mam:2' queryid='{name}'>{query}<set xmlns='{xep.RSM}'>{rsm}</set></query>",
                          "set", 30)
        self.assertEqual("result", answer.type, str(answer))
        with user.seen.changed:
            stanzas = user.seen.all[since:]
        rows = [result for s in stanzas if (result := s.find(f"{MAM}result")) is not None and result.get("queryid") == name]
        end = answer.find(f"{MAM}fin")
        return ([(row.get("id"), row.findtext(f".//{CLIENT}body"), row.find(".//{urn:xmpp:delay}delay").get("stamp"))
                 for row in rows], end.get("complete") == "true", end.findtext(f"{RSM}set/{RSM}count"))

    def whole(self, user, where, size):
        """Backwards, a page after the other, as clients read: the oldest first."""
        rows, before = [], ""
        for _ in range(100):
            page, complete, _ = self.page(user, where, rsm=f"<max>{size}</max><before>{before}</before>")
            self.assertLessEqual(len(page), size)
            rows = page + rows
            if complete:
                return rows
            self.assertTrue(page, "a page that is empty and not the last")
            before = page[0][0]
        self.fail("the archive has no end")

    def old_room(self, lines):
        """Alice joins a room in which Mary has said something: (alice, mary, the JID, the room's id, [(event, line)])."""
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        room = mary.create(name)
        said = [(mary.say(room, f"line {number}"), f"line {number}") for number in range(lines)]
        where = jid(f"#{name}:{NAME}")
        alice.join(where, "alice")
        return alice, mary, where, room, said

    @core
    def test_who_joins_sees_what_was_said_before(self):
        alice, mary, where, room, said = self.old_room(5)
        for event, line in said:
            told = alice.expect_message(f"{where}/mary", line)
            self.assertIsNotNone(xep.child(told, xep.DELAY, "delay"), str(told))
            self.assertEqual(event, told.stanza_id)

    def test_the_archive_reaches_into_matrix_s_own_history(self):
        alice, mary, where, room, old = self.old_room(70)
        new = [(mary.say(room, f"live {number}"), f"live {number}") for number in range(3)]
        alice.expect_message(f"{where}/mary", "live 2")
        alice.message(where, "and I")
        new.append((alice.expect_message(f"{where}/alice", "and I").stanza_id, "and I"))
        found = [row[:2] for row in self.whole(alice, where, 25) if row[1]]
        self.assertEqual(old + new, found)
        self.assertEqual(old + new, [row[:2] for row in self.whole(alice, where, 40) if row[1]], "the same again, in other pages")
        # Forwards from the beginning, too.
        self.assertEqual(old + new, [row for row in alice.archive(where, 30) if row[1]])

    def test_a_page_is_asked_for_by_time_and_by_id(self):
        alice, mary, where, room, said = self.old_room(12)
        rows = [row for row in self.whole(alice, where, 50) if row[1]]
        self.assertEqual(said, [row[:2] for row in rows])
        page, _, _ = self.page(alice, where, xep.form("urn:xmpp:mam:2", **{"after-id": rows[3][0], "before-id": rows[7][0]}))
        self.assertEqual(rows[4:7], page)
        page, _, _ = self.page(alice, where, rsm=f"<max>2</max><after>{rows[8][0]}</after>")
        self.assertEqual(rows[9:11], page)
        page, _, _ = self.page(alice, where, xep.form("urn:xmpp:mam:2", ids=rows[5][0]))
        self.assertEqual([rows[5]], page)
        page, _, _ = self.page(alice, where, xep.form("urn:xmpp:mam:2", start="2100-01-01T00:00:00Z"))
        self.assertEqual([], page)
        unknown = alice.ask(where, f"<query xmlns='urn:xmpp:mam:2'><set xmlns='{xep.RSM}'><after>$nothing</after></set></query>",
                            "set")
        self.assertIsNotNone(unknown.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}item-not-found"), str(unknown))

    def test_the_past_has_edits_replies_reactions_and_no_redacted_words(self):
        alice, mary = self.stage.xmpp_user("alice"), self.stage.matrix_user("mary")
        name = self.alias()
        room = mary.create(name)
        first = mary.say(room, "teh first")
        mary.edit(room, first, "the first")
        second = mary.reply(room, first, "the second")
        mary.react(room, second, "👍")
        secret = mary.say(room, "a secret")
        mary.redact(room, secret)
        where = jid(f"#{name}:{NAME}")
        alice.join(where, "alice")
        rows = self.whole(alice, where, 50)
        bodies = [body for _, body, _ in rows if body]
        self.assertFalse([body for body in bodies if "secret" in body], str(bodies))
        self.assertTrue(any(body.endswith("the second") for body in bodies), str(bodies))
        self.assertTrue(any(body.endswith("the first") for body in bodies), str(bodies))
        with alice.seen.changed:
            archived = "\n".join(str(s) for s in alice.seen.all if s.find(f"{MAM}result") is not None)
        for part in ("👍", xep.REACTIONS, xep.REPLY):
            self.assertIn(part, archived)
        # What is taken back afterwards is gone from the archive as well.
        gone = mary.say(room, "soon gone")
        alice.expect_message(f"{where}/mary", "soon gone")
        mary.redact(room, gone)
        alice.seen.wait_for(lambda s: (mark := xep.child(s, xep.RETRACT, "retract")) is not None and mark.get("id") == gone,
                            "the retraction")
        self.assertFalse([row for row in self.whole(alice, where, 50) if row[1] == "soon gone"])

    def test_who_is_not_in_the_room_reads_nothing(self):
        alice, mary, where, room, said = self.old_room(2)
        bob = self.stage.xmpp_user("bob")
        refused = bob.ask(where, "<query xmlns='urn:xmpp:mam:2'/>", "set")
        self.assertEqual("error", refused.type, str(refused))

    def test_less_of_the_past_is_shown_to_who_wants_less(self):
        alice, mary, where, room, said = self.old_room(6)
        bob = self.stage.xmpp_user("bob")
        bob.send(f"<presence to='{where}/bob'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='2'/></x></presence>")
        bob.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(where) and s.find(f"{CLIENT}subject") is not None,
                          "the subject")
        with bob.seen.changed:
            shown = [s.text("body") for s in bob.seen.all if s.kind == "message" and s.sender == f"{where}/mary" and s.text("body")]
        self.assertEqual(["line 4", "line 5"], shown)


def load_tests(_, __, ___):
    return on_all_servers(__name__, Past)
