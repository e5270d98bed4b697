"""Mail in and out: Postfix hands it over and takes it, Dovecot has the mailboxes of those outside."""

import smtplib
import unittest

from harness.email_stage import DOMAIN, EmailCase, address, jid
from harness.mail_user import body
from harness.mail_servers import HOST


class Mail:
    def known_to_each_other(self):
        """Alice on XMPP has written to Bob, and he has her mail: (alice, bob, the mail)."""
        alice, bob = self.stage.xmpp_user("alice"), self.stage.mail_user("bob")
        since = bob.mark()
        alice.message(jid(bob.address), "Are you there?", "chat", "<subject>Lunch</subject>")
        return alice, bob, bob.expect("Are you there?", since)

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
        alice.expect_message(jid(bob.address), "Yes, at noon.", since, "chat")

    def test_an_answer_goes_into_the_thread_of_the_mail(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        answered = bob.write(address("alice"), "Yes.", answer_to=mail)
        alice.expect_message(jid(bob.address), "Yes.", since, "chat")
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
        self.stage.gateway.kill()
        bob.send(bob.compose(address("alice"), "Still hungry?", answer_to=mail))
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        self.stage.postfix.deliver_now()
        alice.expect_message(jid(bob.address), "Still hungry?", since, "chat", 40)

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
