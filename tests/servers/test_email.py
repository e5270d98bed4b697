"""Mail in and out: Postfix hands it over and takes it, Dovecot has the mailboxes of those outside."""

import base64
import smtplib
import unittest
import urllib.request

from harness import pictures, xep
from harness.email_stage import DOMAIN, EmailCase, address, jid, said
from harness.mail_user import body
from harness.mail_servers import HOST


class Mail:
    def test_what_is_said_in_a_chat_comes_as_an_ordinary_mail(self):
        alice, bob, mail = self.known_to_each_other()
        self.assertEqual("Lunch", mail["Subject"])
        self.assertEqual(address("alice"), mail["From"].addresses[0].addr_spec)
        self.assertEqual([bob.address], [to.addr_spec for to in mail["To"].addresses])
        self.assertTrue(mail["Message-ID"].endswith(f"@{DOMAIN}>"), mail["Message-ID"])
        self.assertTrue(mail["Return-Path"].startswith("<b+"), mail["Return-Path"])
        self.assertEqual("text/plain", mail.get_content_type())
        self.assertEqual("Are you there?", body(mail).strip())

    def test_an_answer_is_a_chat_message_without_what_it_quotes(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        bob.write(address("alice"), "Yes, at noon.\n\nOn Mon, 23 Nov 2026 at 01:00, Alice wrote:\n> Are you there?\n",
                  answer_to=mail)
        self.expect_chat(alice, bob, "Yes, at noon.", since)

    def test_an_answer_goes_into_the_thread_of_the_mail(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        answered = bob.write(address("alice"), "Yes.", answer_to=mail)
        self.expect_chat(alice, bob, "Yes.", since)
        mark = bob.mark()
        alice.message(jid(bob.address), "Good.", "chat")
        again = bob.expect("Good.", mark)
        self.assertEqual(answered, again["In-Reply-To"])
        self.assertEqual([mail["Message-ID"], answered], again["References"].split())
        self.assertEqual("Re: Lunch", again["Subject"])

    def test_several_lines_are_one_mail(self):
        alice, bob, _ = self.known_to_each_other()
        mark = bob.mark()
        for line in ("One,", "two,", "three."):
            alice.message(jid(bob.address), line, "chat")
        mail = bob.expect("three.", mark)
        self.assertEqual(["One,", "two,", "three."], [line for line in body(mail).splitlines() if line.strip()])
        self.assertEqual(mark + 1, bob.mark())

    def test_somebody_new_asks_first_and_is_heard_when_let_in(self):
        alice, bob = self.stage.xmpp_user("alice"), self.stage.mail_user("bob")
        since = alice.seen.mark()
        bob.write(address("alice"), "I found your keys.", "Your keys")
        asked = alice.expect_presence(jid(bob.address), "subscribe", since)
        self.assertIn(bob.address, str(asked))
        self.assertIn("Your keys", str(asked))
        self.assertNotIn("I found", "".join(str(stanza) for stanza in alice.seen.all[since:]))
        alice.send(f"<presence to='{jid(bob.address)}' type='subscribed'/>")
        self.expect_chat(alice, bob, "I found your keys.", since)

    def test_a_sender_without_proof_is_shown_as_such(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        bob.write(address("alice"), "Send me money.", answer_to=mail, verified=False)
        heard = alice.seen.wait_for(lambda s: s.kind == "message" and "Send me money." in (s.text("body") or ""), "the mail",
                                    since)
        self.assertIn("unverified", said(heard))

    def test_a_file_comes_as_a_link_to_its_very_bytes(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        picture = bytes(range(256)) * 400
        answer = bob.compose(address("alice"), "Look.", answer_to=mail)
        answer.add_attachment(picture, "image", "png", filename="a picture.png")
        bob.send(answer)
        heard = alice.seen.wait_for(lambda s: s.kind == "message" and s.find("{jabber:x:oob}x") is not None, "the file", since)
        with urllib.request.urlopen(heard.find("{jabber:x:oob}x").findtext("{jabber:x:oob}url"), timeout=20) as answered:
            self.assertEqual(picture, answered.read())
            self.assertEqual("image/png", answered.headers["Content-Type"])

    def test_a_mail_to_several_is_a_room_in_which_all_are_answered(self):
        alice, bob, mail = self.known_to_each_other()
        carol = self.stage.mail_user("carol")
        since = alice.seen.mark()
        bob.write([address("alice"), carol.address], "Shall we all go?", answer_to=mail)
        heard = alice.seen.wait_for(lambda s: s.kind == "message" and s.find("{http://jabber.org/protocol/muc#user}x") is not None,
                                    "the invitation", since)
        room = heard.sender.partition("/")[0]
        alice.join(room, "alice")
        heard = alice.seen.wait_for(lambda s: s.type == "groupchat" and said(s) == "Shall we all go?", "what was said", since)
        self.assertEqual(room, heard.sender.partition("/")[0])
        marks = bob.mark(), carol.mark()
        alice.message(room, "With pleasure.")
        for person, mark in zip((bob, carol), marks):
            answered = person.expect("With pleasure.", mark)
            everybody = {one.addr_spec for field in ("To", "Cc") for one in (answered[field].addresses if answered[field] else ())}
            self.assertEqual({bob.address, carol.address}, everybody)

    def test_a_mail_that_came_twice_is_told_once(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        answer = bob.compose(address("alice"), "Once.", answer_to=mail)
        with self.lmtp() as lmtp:
            for _ in range(2):
                lmtp.sendmail(bob.address, address("alice"), bytes(answer))
        bob.write(address("alice"), "And then.", answer_to=mail)
        self.expect_chat(alice, bob, "And then.", since)
        words = [said(s) for s in alice.seen.all[since:] if s.kind == "message" and s.text("body")]
        self.assertEqual(["Once.", "And then."], words)

    def lmtp(self):
        """The gateway itself, as Postfix sees it."""
        return smtplib.LMTP("127.0.0.1", self.stage.bridge.lmtp_port)

    def test_an_address_that_nobody_has_is_refused_before_the_mail_is_taken(self):
        self.stage.xmpp_user("alice")
        bob = self.stage.mail_user("bob")
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            bob.write(address("nobody"), "Hello?")
        self.assertEqual(550, refused.exception.recipients[address("nobody")][0])

    def test_a_bounce_is_an_error_for_the_very_message(self):
        alice = self.stage.xmpp_user("alice")
        since = alice.seen.mark()
        identity = alice.message(jid(f"nobody@{HOST}"), "Hello?", "chat")
        error = alice.seen.wait_for(lambda s: s.kind == "message" and s.type == "error" and s.id == identity,
                                    "the bounce", since, 40)
        self.assertEqual(jid(f"nobody@{HOST}"), error.sender)
        self.assertIn("nobody", str(error))

    def test_what_comes_while_the_gateway_is_away_comes_later(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        bob.write(address("alice"), "Yes.", answer_to=mail)  # Postfix knows then that there is an Alice
        self.expect_chat(alice, bob, "Yes.", since)
        self.stage.gateway.kill()
        bob.send(bob.compose(address("alice"), "Still hungry?", answer_to=mail))
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        self.stage.postfix.deliver_now()
        self.expect_chat(alice, bob, "Still hungry?", since, 40)

    def test_a_card_with_a_picture_gives_a_contact_a_face(self):
        alice, bob, mail = self.known_to_each_other()
        since, face = alice.seen.mark(), pictures.png(32, 32)
        letter = bob.compose(address("alice"), "My card.", answer_to=mail)
        letter.add_attachment(f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob Example\r\nEMAIL:{bob.address}\r\nPHOTO:data:image/png;base64,"
                              f"{base64.b64encode(face).decode()}\r\nEND:VCARD\r\n", "vcard", filename="bob.vcf")
        bob.send(letter)
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == jid(bob.address) and "My card." in (s.text("body") or ""),
                            "the mail with the card", since)
        self.assertEqual(face, pictures.in_card(alice.ask(jid(bob.address), f"<vCard xmlns='{xep.VCARD}'/>")))

    def test_what_is_sent_while_postfix_is_away_is_sent_later(self):
        alice, bob, _ = self.known_to_each_other()
        mark = bob.mark()
        self.stage.postfix.stop()
        alice.message(jid(bob.address), "Wait for me!", "chat")
        self.stage.postfix.start()
        bob.expect("Wait for me!", mark, seconds=90)


class MailOnProsody(Mail, EmailCase):
    xmpp_kind = "prosody"


class MailOnEjabberd(Mail, EmailCase):
    xmpp_kind = "ejabberd"


if __name__ == "__main__":
    unittest.main()
