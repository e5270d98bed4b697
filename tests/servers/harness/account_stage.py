"""What a scenario with somebody's own mail account stands on: her provider, and what she does there and here."""

import imaplib
import threading
import time

from . import account_servers, xep
from .email_stage import DOMAIN, EmailStage, jid, said
from .gateway import EmailBridge
from .mail_servers import HOST

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


class AccountPeople:
    """What those with an account of their own do in scenarios."""

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
        return [s for s in user.seen.all[since:] if s.kind == "message" and s.type == "chat" and said(s) == words]
