"""Whom people write to, and who may write to them: blocking, several at once, addresses, what is kept."""

import re
import unittest

from harness import xep
from harness.email_stage import DOMAIN, EmailCase, address, jid, said
from harness.mail_user import body

BLOCKING, ADDRESS = "urn:xmpp:blocking", "http://jabber.org/protocol/address"
COMMANDS, FORM = "http://jabber.org/protocol/commands", "jabber:x:data"


class Wishes:
    def submit(self, user, node, answers, to=DOMAIN):
        """Runs a command to its end, a form a step: `answers` has what is said to each; its last answer."""
        step = user.ask(to, f"<command xmlns='{COMMANDS}' node='{node}' action='execute'/>", "set")
        for fields in answers:
            self.assertEqual("result", step.type, str(step))
            session = step.find(f"{{{COMMANDS}}}command").get("sessionid")
            said_to_it = fields(step) if callable(fields) else fields
            form = "".join(f"<field var='{name}'><value>{xep.escape(value)}</value></field>" for name, value in said_to_it.items())
            step = user.ask(to, f"<command xmlns='{COMMANDS}' node='{node}' action='complete' sessionid='{session}'>"
                            f"<x xmlns='{FORM}' type='submit'>{form}</x></command>", "set", 30)
        return step

    def note(self, step):
        return step.xml.findtext(f".//{{{COMMANDS}}}note") or ""

    def features(self, user, of=DOMAIN):
        answer = user.ask(of, f"<query xmlns='{xep.DISCO_INFO}'/>")
        return {one.get("var") for one in answer.xml.iter(f"{{{xep.DISCO_INFO}}}feature")}

    def blocklist(self, user):
        return [one.get("jid") for one in user.ask(DOMAIN, f"<blocklist xmlns='{BLOCKING}'/>").xml.iter(f"{{{BLOCKING}}}item")]

    def change(self, user, what, *whom):
        items = "".join(f"<item jid='{one}'/>" for one in whom)
        return user.ask(DOMAIN, f"<{what} xmlns='{BLOCKING}'>{items}</{what}>", "set")


class People(Wishes):
    def test_who_is_blocked_gets_a_refusal_and_is_heard_again_later(self):
        alice, bob, mail = self.known_to_each_other()
        self.assertIn(BLOCKING, self.features(alice))
        self.assertEqual([], self.blocklist(alice))
        since, mark = alice.seen.mark(), bob.mark()
        self.assertEqual("result", self.change(alice, "block", jid(bob.address)).type)
        alice.seen.wait_for(lambda s: s.kind == "iq" and s.type == "set" and s.find(f"{{{BLOCKING}}}block") is not None,
                            "the push", since)
        self.assertEqual([jid(bob.address)], self.blocklist(alice))
        bob.write(address("alice"), "Do you hear me?", answer_to=mail)
        bounce = bob.expect(None, mark, where=lambda m: "daemon" in str(m["From"]).lower(), seconds=40)
        self.assertIn("does not accept mail from this sender", " ".join(bounce.as_string().split()))
        identity = alice.message(jid(bob.address), "No.", "chat")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.type == "error" and s.id == identity, "the error", since)
        self.assertIn("urn:xmpp:blocking:errors", str(refused))
        self.assertEqual("result", self.change(alice, "unblock").type)
        bob.write(address("alice"), "And now?", answer_to=mail)
        self.expect_chat(alice, bob, "And now?", since)
        self.assertFalse([s for s in alice.seen.all[since:] if "Do you hear me?" in str(s)])

    def test_a_contact_is_there_unless_it_is_blocked(self):
        alice, bob, _ = self.known_to_each_other()
        since = alice.seen.mark()
        alice.send(f"<presence to='{jid(bob.address)}' type='subscribe'/>")
        alice.expect_presence(jid(bob.address), "subscribed", since)
        alice.expect_presence(jid(bob.address), "", since)
        self.change(alice, "block", jid(bob.address))
        alice.expect_presence(jid(bob.address), "unavailable", since)
        mark = alice.seen.mark()
        self.change(alice, "unblock", jid(bob.address))
        alice.expect_presence(jid(bob.address), "", mark)

    def test_one_message_to_several_is_one_mail_to_all_and_a_room_with_them(self):
        alice, bob, _ = self.known_to_each_other()
        carol = self.stage.mail_user("carol")
        self.assertIn(ADDRESS, self.features(alice))
        since, marks = alice.seen.mark(), (bob.mark(), carol.mark())
        alice.message(DOMAIN, "Shall we all go?", "normal",
                      f"<subject>Plans</subject><addresses xmlns='{ADDRESS}'><address type='to' jid='{jid(bob.address)}'/>"
                      f"<address type='cc' uri='mailto:{carol.address}' desc='Carol'/></addresses>")
        for person, mark in zip((bob, carol), marks):
            mail = person.expect("Shall we all go?", mark)
            self.assertEqual([bob.address], [to.addr_spec for to in mail["To"].addresses])
            self.assertEqual([carol.address], [to.addr_spec for to in mail["Cc"].addresses])
            self.assertEqual("Plans", mail["Subject"])
        invited = alice.seen.wait_for(lambda s: s.kind == "message" and s.find("{http://jabber.org/protocol/muc#user}x") is not None,
                                      "the invitation", since)
        room = invited.sender.partition("/")[0]
        alice.join(room, "alice")
        alice.expect_message(f"{room}/alice", "Shall we all go?", since)
        carol.write([address("alice"), bob.address], "With pleasure.", answer_to=mail)
        heard = alice.seen.wait_for(lambda s: s.type == "groupchat" and said(s) == "With pleasure.", "the answer", since)
        self.assertEqual(room, heard.sender.partition("/")[0])
        self.assertEqual({("to", alice.bare), ("to", jid(bob.address))},
                         {(one.get("type"), one.get("jid")) for one in heard.xml.iter(f"{{{ADDRESS}}}address")})

    def test_addresses_that_are_nobodys_here_send_nothing(self):
        alice, bob, _ = self.known_to_each_other()
        since, mark = alice.seen.mark(), bob.mark()
        identity = alice.message(DOMAIN, "Hello", "normal", f"<addresses xmlns='{ADDRESS}'><address type='to' jid='{jid(bob.address)}'/>"
                                 "<address type='to' jid='romeo@elsewhere.example'/></addresses>")
        refused = alice.seen.wait_for(lambda s: s.kind == "message" and s.type == "error" and s.id == identity, "the error", since)
        self.assertIn("forbidden", str(refused))
        alice.message(jid(bob.address), "Only this.", "chat")
        bob.expect("Only this.", mark)
        self.assertEqual(mark + 1, bob.mark())

    def test_an_address_elsewhere_is_proved_by_a_code_and_gets_the_answers(self):
        alice, bob, _ = self.known_to_each_other()
        carol = self.stage.mail_user("carol")  # is Alice, when she is at home
        mark = carol.mark()

        def code_in_the_mail(_):
            mail = carol.expect("enter this code", mark)
            self.assertIn(alice.bare, body(mail))
            return {"code": re.search(r"^(\d{8})$", body(mail), re.M)[1]}

        answer = self.submit(alice, "own-address", [{"address": carol.address}, code_in_the_mail])
        self.assertIn(f"go to {carol.address}", self.note(answer), str(answer))
        mark = bob.mark()
        alice.message(jid(bob.address), "Write to me at home.", "chat")
        mail = bob.expect("Write to me at home.", mark)
        self.assertEqual(carol.address, mail["Reply-To"].addresses[0].addr_spec)
        self.assertEqual(address("alice"), mail["From"].addresses[0].addr_spec)
        self.submit(alice, "settings", [{"answers-there": "0"}])
        alice.message(jid(bob.address), "Not any more.", "chat")
        self.assertIsNone(bob.expect("Not any more.", mark)["Reply-To"])

    def test_a_wrong_code_proves_nothing(self):
        alice, carol = self.stage.xmpp_user("alice"), self.stage.mail_user("carol")
        answer = self.submit(alice, "own-address", [{"address": carol.address}, {"code": "00000000x"}])
        self.assertEqual("error", answer.type, str(answer))

    def test_an_address_that_one_chose_is_written_from_and_received_at(self):
        alice, bob, mail = self.known_to_each_other()
        answer = self.submit(alice, "addresses", [{"add": "alice.liddell"}])
        self.assertIn(f"alice.liddell@{DOMAIN}", self.note(answer), str(answer))
        self.submit(alice, "addresses", [{"from": f"alice.liddell@{DOMAIN}"}])
        mark, since = bob.mark(), alice.seen.mark()
        alice.message(jid(bob.address), "My new address.", "chat")
        mail = bob.expect("My new address.", mark)
        self.assertEqual(f"alice.liddell@{DOMAIN}", mail["From"].addresses[0].addr_spec)
        bob.write(f"alice.liddell@{DOMAIN}", "Noted.", answer_to=mail)
        self.expect_chat(alice, bob, "Noted.", since)

    def test_a_full_mailbox_defers_mail_until_there_is_room(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        large = bob.compose(address("alice"), "Look.", answer_to=mail)
        large.add_attachment(bytes(300_000), "application", "octet-stream", filename="large.bin")
        bob.send(large)
        self.expect_chat(alice, bob, "Look.", since)
        large.replace_header("Message-ID", "<second@localhost>")
        bob.send(large)
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == DOMAIN and "mailbox is full" in (s.text("body") or ""),
                            "the word about it", since)
        mark = alice.seen.mark()
        answer = self.submit(alice, "mailbox", [{"forget": "0"}])
        self.assertIn("forgotten", self.note(answer), str(answer))
        self.stage.postfix.deliver_now()
        self.expect_chat(alice, bob, "Look.", mark, 40)


class PeopleCase(EmailCase):
    more = {"aliases_per_person": 2, "max_mailbox_bytes": 600_000}


class PeopleOnProsody(People, PeopleCase):
    xmpp_kind = "prosody"


class PeopleOnEjabberd(People, PeopleCase):
    xmpp_kind = "ejabberd"


if __name__ == "__main__":
    unittest.main()
