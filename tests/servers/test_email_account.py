"""An XMPP user with a mail account of her own: Dovecot has it, Postfix takes its mail."""

import unittest

from harness import account_servers, xep, xmpp_servers
from harness.account_stage import ACCOUNT, AccountPeople
from harness.email_stage import DOMAIN, EmailCase, address, jid, said
from harness.mail_servers import HOST
from harness.mail_user import body


class OwnAccount(AccountPeople):
    def test_what_she_says_leaves_from_her_own_address_and_answers_arrive_by_idle(self):
        alice, bob, mail = self.known()
        self.assertEqual(ACCOUNT, mail["From"].addresses[0].addr_spec)
        self.assertEqual(f"<{ACCOUNT}>", mail["Return-Path"])
        self.assertEqual("Are you there?", body(mail).strip())
        since = alice.seen.mark()
        bob.write(ACCOUNT, "Yes.", answer_to=mail)
        self.expect_chat(alice, bob, "Yes.", since, seconds=10)
        # Both ways lead to her.
        bob.write(address("alice"), "And here?", answer_to=mail)
        self.expect_chat(alice, bob, "And here?", since)

    def test_a_copy_of_what_she_says_is_in_her_sent_folder_and_what_she_reads_is_read_there(self):
        alice, bob, mail = self.known()
        self.eventually("a copy in Sent Items", lambda: len(self.folder("Sent Items")) == 1, 40)
        flags, copy = self.folder("Sent Items")[0]
        self.assertIn("\\Seen", flags)
        self.assertIn(mail["Message-ID"], copy)
        since = alice.seen.mark()
        bob.write(ACCOUNT, "Read this.", answer_to=mail)
        heard = self.expect_chat(alice, bob, "Read this.", since)
        self.assertNotIn("\\Seen", self.folder("INBOX")[-1][0])
        alice.send(f"<message to='{jid(bob.address)}' type='chat'>{xep.displayed(heard.id)}</message>")
        self.eventually("\\Seen", lambda: "\\Seen" in self.folder("INBOX")[-1][0])

    def test_what_is_wrong_is_said(self):
        alice = self.stage.xmpp_user("alice")
        self.try_account(alice, "does not take this user name and password", password="not this")
        self.try_account(alice, "does not let mail accounts of imap.example.org be used", imap="imap.example.org")
        self.try_account(alice, "can be read, but not sent", smtp=f"{account_servers.SERVER}:{self.stage.postfix.port}")
        self.try_account(alice, "refused the connection", imap=f"{account_servers.SERVER}:1")
        self.try_account(alice, f"You use your mail account {ACCOUNT} now",
                         imap=f"{account_servers.SERVER}:{self.stage.mailboxes.imap_port}")  # STARTTLS

    def test_a_password_that_changed_is_said_for_the_very_mail_and_the_new_one_sends_it(self):
        alice, bob, _ = self.known()
        bob.close()
        self.stage.mailboxes.stop()
        self.stage.mailboxes.password = "other"
        self.stage.mailboxes.start()
        self.told(alice, "does not come here any more", 0, 60)
        since = alice.seen.mark()
        alice.message(jid(bob.address), "Are you still there?", "chat")
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == jid(bob.address) and "waits" in (s.text("body") or ""),
                            "the word about the mail that waits", since, 40)
        bob = self.stage.mail_user("bob")
        mark = bob.mark()
        self.try_account(alice, f"You use your mail account {ACCOUNT} now")
        bob.expect("Are you still there?", mark)

    def test_what_arrives_while_the_gateway_is_killed_or_dovecot_restarts_is_told_once(self):
        alice, bob, mail = self.known()
        since = alice.seen.mark()
        bob.write(ACCOUNT, "First.", answer_to=mail)
        self.expect_chat(alice, bob, "First.", since)
        self.stage.gateway.kill()
        bob.write(ACCOUNT, "While it was killed.", answer_to=mail)
        self.eventually("it is in her mailbox", lambda: len(self.folder("INBOX")) == 2)
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        self.expect_chat(alice, bob, "While it was killed.", since, 40)
        bob.close()
        self.stage.mailboxes.stop()
        self.stage.mailboxes.start()
        bob = self.stage.mail_user("bob")
        bob.write(ACCOUNT, "After a restart.", answer_to=mail)
        self.expect_chat(alice, bob, "After a restart.", since, 60)
        for words in ("While it was killed.", "After a restart."):
            self.assertEqual(1, len(self.heard(alice, words, since)), words)
        # Killed as soon as it was heard: before that was noted, it comes again, under its id (docs/email.md, "What can't be
        # promised").
        first = self.heard(alice, "First.", since)
        self.assertLessEqual(len(first), 2)
        self.assertEqual(1, len({s.id for s in first} - {None}))

    def test_what_she_sends_by_another_program_is_her_own_message_once(self):
        alice, bob, mail = self.known()
        self.eventually("a copy of what she said here", lambda: len(self.folder("Sent Items")) == 1, 40)
        since = alice.seen.mark()
        sent = self.send_by_another_program(bob, bob.address, "By my other program.", answer_to=mail)
        heard = self.own(alice, "By my other program.", since)
        self.assertEqual(jid(bob.address), heard.sender)
        self.assertEqual("(you, from elsewhere) By my other program.", heard.text("body"))
        # What answers it goes on in the chat.
        bob.write(ACCOUNT, "I see.", answer_to=sent)
        self.expect_chat(alice, bob, "I see.", since)
        # Killed between two, and told once all the same.
        self.stage.gateway.kill()
        self.send_by_another_program(bob, bob.address, "While it was killed.", answer_to=mail)
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        self.own(alice, "While it was killed.", since, 60)
        self.send_by_another_program(bob, bob.address, "And last.", answer_to=mail)
        self.own(alice, "And last.", since, 60)
        for words in ("Are you there?", "By my other program.", "While it was killed.", "And last."):
            told = [s for s in alice.seen.all[since:] if s.kind == "message" and words in str(s)]
            self.assertEqual(0 if words == "Are you there?" else 1, len(told), words)

    def test_what_she_sends_to_several_by_another_program_is_said_in_their_room(self):
        alice, bob, _ = self.known()
        since = alice.seen.mark()
        self.send_by_another_program(bob, [bob.address, f"dave@{HOST}"], "Shall we meet?", subject="Meeting")
        heard = alice.seen.wait_for(lambda s: s.kind == "message" and s.find("{http://jabber.org/protocol/muc#user}x") is not None,
                                    "the invitation", since, 30)
        room = heard.sender.partition("/")[0]
        alice.join(room, "alice")
        own = alice.seen.wait_for(lambda s: s.type == "groupchat" and said(s) == "Shall we meet?", "her own words", since)
        self.assertEqual(f"{room}/alice", own.sender)

    def test_a_bounce_in_her_inbox_is_an_error_for_the_very_message(self):
        alice, _ = self.logged_in()
        since = alice.seen.mark()
        identity = alice.message(jid(f"nobody@{HOST}"), "Hello?", "chat")
        error = alice.seen.wait_for(lambda s: s.kind == "message" and s.type == "error" and s.id == identity, "the bounce",
                                    since, 40)
        self.assertEqual(jid(f"nobody@{HOST}"), error.sender)

    def test_who_logs_out_writes_from_the_gateways_address_again(self):
        alice, bob, _ = self.known()
        self.assertEqual("result", self.command(alice, "Do not use my own mail account").type)
        mark = bob.mark()
        alice.message(jid(bob.address), "From here.", "chat")
        mail = bob.expect("From here.", mark)
        self.assertTrue(mail["From"].addresses[0].addr_spec.endswith(f"@{DOMAIN}"))


class AccountDoctor(AccountPeople, EmailCase):
    xmpp_kind = "prosody"

    def test_the_doctor_says_whose_servers_answer_and_how_many_people_are_connected(self):
        _, bob = self.logged_in()
        mailboxes, postfix = self.stage.mailboxes, self.stage.postfix
        status, said_first, errors = self.stage.gateway.run("doctor", "email")
        self.assertEqual(0, status, said_first + errors)
        for words in ("1 person with a mail account of their own, 1 of them connected",
                      f"IMAP at localhost:{mailboxes.imaps_port} answers", f"SMTP at localhost:{postfix.login_port} answers"):
            self.assertIn(words, said_first)
        bob.close()
        mailboxes.stop()
        status, said_then, _ = self.stage.gateway.run("doctor", "email")
        self.assertEqual(1, status, said_then)
        self.assertIn(f"IMAP at localhost:{mailboxes.imaps_port}, of 1 person, can't be used", said_then)
        self.eventually("dragoman has noticed",
                        lambda: "0 of them connected" in self.stage.gateway.run("doctor", "email")[1], 30)
        for secret in (mailboxes.password, ACCOUNT, "alice"):
            self.assertNotIn(secret, said_first + said_then)


class Privileged(AccountPeople):
    """Where the gateway may speak for its users (XEP-0356)."""

    def test_what_she_sends_by_another_program_is_a_copy_of_a_message_of_hers(self):
        alice, bob, mail = self.known()
        alice.ask(xmpp_servers.HOST, "<enable xmlns='urn:xmpp:carbons:2'/>", "set")
        since = alice.seen.mark()
        sent = self.send_by_another_program(bob, bob.address, "By my other program.", answer_to=mail)
        copy = self.own(alice, "By my other program.", since)
        self.assertEqual(f"alice@{xmpp_servers.HOST}", copy.sender.partition("/")[0])
        message = copy.find("{urn:xmpp:carbons:2}sent").find(".//{jabber:client}message")
        self.assertEqual(jid(bob.address), message.get("to"))
        self.assertEqual(f"alice@{xmpp_servers.HOST}", message.get("from").partition("/")[0])
        self.assertEqual("By my other program.", message.findtext("{jabber:client}body"))
        # In the thread of what she said here, as what answers it is.
        thread = message.findtext("{jabber:client}thread")
        self.assertTrue(thread)
        bob.write(ACCOUNT, "I see.", answer_to=sent)
        self.assertEqual(thread, self.expect_chat(alice, bob, "I see.", since).text("thread"))


class PrivilegedOnProsody(Privileged, EmailCase):
    xmpp_kind = "privileged prosody"


class PrivilegedOnEjabberd(Privileged, EmailCase):
    xmpp_kind = "privileged ejabberd"


class OwnAccountOnProsody(OwnAccount, EmailCase):
    xmpp_kind = "prosody"


class OwnAccountOnEjabberd(OwnAccount, EmailCase):
    xmpp_kind = "ejabberd"


if __name__ == "__main__":
    unittest.main()
