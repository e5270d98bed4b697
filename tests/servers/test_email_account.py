"""An XMPP user with a mail account of her own: Dovecot has it, Postfix takes its mail."""

import imaplib
import threading
import time
import unittest

from harness import account_servers, xep
from harness.email_stage import DOMAIN, EmailCase, EmailStage, address, jid, said
from harness.gateway import EmailBridge
from harness.mail_servers import HOST
from harness.mail_user import body

COMMANDS, FORM = "http://jabber.org/protocol/commands", "jabber:x:data"
ACCOUNT = f"carol@{HOST}"  # Alice's, at her provider


class Bridge(EmailBridge):
    folder = None

    def yaml(self):
        return super().yaml() + (f"    accounts: {{servers: [{account_servers.SERVER}], ca_file: {self.folder}/provider.pem}}\n")


class Stage(EmailStage):
    def make_servers(self):
        self.mailboxes = account_servers.Dovecot(self.folder)
        account_servers.make_certificate(self.folder)
        self.bridge = Bridge()
        self.bridge.folder = self.folder
        self.postfix = account_servers.Postfix(self.folder, DOMAIN, self.bridge.lmtp_port, self.mailboxes)


class OwnAccount:
    stage_kind = Stage

    def command(self, user, words, /, **answers):
        """Runs the gateway's command whose name has these words; its last word."""
        listed = user.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}' node='{COMMANDS}'/>")
        nodes = {item.get("name"): item.get("node") for item in listed.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")}
        node = next((node for name, node in nodes.items() if words in name), None)
        self.assertIsNotNone(node, f"{words!r} in {nodes}")
        shown = user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='execute'/>", "set")
        self.assertEqual("result", shown.type, str(shown))
        session = shown.find(f"{{{COMMANDS}}}command").get("sessionid")
        fields = "".join(f"<field var='{name}'><value>{xep.escape(value)}</value></field>" for name, value in answers.items())
        return user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='complete' sessionid='{session}'>"
                        f"<x xmlns='{FORM}' type='submit'>{fields}</x></command>", "set", 30)

    def told(self, user, words, since=0, seconds=30):
        """What the gateway itself said with these words in it."""
        return user.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(DOMAIN)
                                  and words in (s.text("body") or ""), f"the word of {words!r}", since, seconds)

    def try_account(self, user, words, **instead):
        """Fills in the form, and reads these words then."""
        since = user.seen.mark()
        answers = {"address": ACCOUNT, "password": self.stage.mailboxes.password,
                   "imap": f"{account_servers.SERVER}:{self.stage.mailboxes.imaps_port}",
                   "smtp": f"{account_servers.SERVER}:{self.stage.postfix.login_port}", **instead}
        answer = self.command(user, "Use my own mail account", **answers)
        self.assertEqual("result", answer.type, str(answer))
        return self.told(user, words, since)

    def logged_in(self, **instead):
        """Alice, who has taken her account into use, and Bob, who has a mailbox."""
        alice, bob = self.stage.xmpp_user("alice"), self.stage.mail_user("bob")
        self.try_account(alice, f"You use your mail account {ACCOUNT} now", **instead)
        return alice, bob

    def known(self):
        """The same, and she has written to him: (alice, bob, her mail)."""
        alice, bob = self.logged_in()
        since = bob.mark()
        alice.message(jid(bob.address), "Are you there?", "chat", "<subject>Lunch</subject>")
        return alice, bob, bob.expect("Are you there?", since)

    def folder(self, name):
        """[(flags, Message-ID and text)] of a folder of her account, as another program sees it."""
        with imaplib.IMAP4("127.0.0.1", self.stage.mailboxes.imap_port, 20) as imap:
            imap.login(ACCOUNT, self.stage.mailboxes.password)
            imap.select(f'"{name}"', readonly=True)
            numbers = imap.search(None, "ALL")[1][0].split()
            return [tuple(part.decode(errors="replace") for part in imap.fetch(number, "(FLAGS BODY.PEEK[])")[1][0])
                    for number in numbers]

    def send_by_another_program(self, bob, to, text, **more):
        """As her other mail program does it: it hands the mail to her provider, and puts a copy into her Sent folder."""
        mail = bob.compose(to, text, verified=False, **more)
        mail.replace_header("From", f"Alice Example <{ACCOUNT}>")
        with imaplib.IMAP4("127.0.0.1", self.stage.mailboxes.imap_port, 20) as imap:
            imap.login(ACCOUNT, self.stage.mailboxes.password)
            imap.append('"Sent Items"', "(\\Seen)", None, bytes(mail))
        bob.send(mail, sender=ACCOUNT)
        return mail

    def own(self, user, words, since=0, seconds=30):
        """Her own message, said elsewhere: by privilege a copy of it (XEP-0280), else a note in the chat."""
        return user.seen.wait_for(lambda s: s.kind == "message" and words in str(s), f"her own {words!r}", since, seconds)

    def eventually(self, what, is_so, seconds=20):
        end = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), end, what)
            threading.Event().wait(0.2)

    def heard(self, user, words, since=0):
        return [said(s) for s in user.seen.all[since:] if s.kind == "message" and s.type == "chat" and said(s) == words]

    # ------------------------------------------------------------------------------------------------ scenarios

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
        for words in ("First.", "While it was killed.", "After a restart."):
            self.assertEqual([words], self.heard(alice, words, since))

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


class OwnAccountOnProsody(OwnAccount, EmailCase):
    xmpp_kind = "prosody"


class OwnAccountOnEjabberd(OwnAccount, EmailCase):
    xmpp_kind = "ejabberd"


if __name__ == "__main__":
    unittest.main()
