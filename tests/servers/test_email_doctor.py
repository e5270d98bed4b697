"""`dragoman doctor email`, as an admin runs it: what it finds where all is well, and where it is not."""

import subprocess
import unittest

from harness.email_stage import EmailCase
from harness.stage import BINARY
from ports import free_port


class Doctor(EmailCase):
    def doctor(self, *instead):
        """(How it ended, what it said), with other words in the configuration."""
        with open(self.stage.gateway.write_config(), encoding="utf-8") as file:
            text = file.read()
        for before, after in instead:
            self.assertIn(before, text)
            text = text.replace(before, after)
        config = self.stage.folder / "examined.yaml"
        config.write_text(text)
        done = subprocess.run([BINARY, "doctor", "email", "--config", config], capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def finds(self, words, *instead):
        status, said = self.doctor(*instead)
        self.assertEqual(1, status, said)
        self.assertIn(words, said)
        self.assertIn("1 to mend", said)
        self.assertNotIn("all is well", said)

    def test_it_finds_nothing_where_all_is_well_whether_dragoman_runs_or_not(self):
        bob = self.stage.mail_user("bob")
        self.stage.xmpp_user("alice")  # the gateway is there
        for running in (True, False):
            status, said = self.doctor()
            self.assertEqual(0, status, said)
            for words in ("DNS was not checked", "is a mail server", "takes mail from mail.localhost for others", "leads to us",
                          "all is well"):
                self.assertIn(words, said)
            self.assertEqual(running, "dragoman takes mail at" in said, said)
            self.assertEqual(running, "nobody takes mail by LMTP" not in said, said)
            self.assertEqual(running, "comes back to us by LMTP" in said, said)
            self.assertEqual(running, "was not tried" not in said, said)
            if running:
                self.stage.gateway.stop()
        self.assertEqual([], bob.mails)
        self.assertIn("Mail queue is empty", self.stage.postfix.waiting())

    def test_it_names_what_is_to_be_mended(self):
        self.stage.xmpp_user("alice")
        bridge, postfix, mailboxes = self.stage.bridge, self.stage.postfix, self.stage.mailboxes
        smtp = f"smtp://127.0.0.1:{bridge.smtp_port}"
        self.finds("does not answer", (smtp, f"smtp://127.0.0.1:{free_port()}"))
        self.finds("that is no answer of a mail server", (smtp, f"smtp://127.0.0.1:{mailboxes.imap_port}"))
        self.finds("takes no mail for others", (smtp, f"smtp://127.0.0.1:{postfix.port}"))
        self.finds("lets nobody log in here", (f'{smtp}"', f'{smtp}", username: a, password: b'))
        self.finds("offers no STARTTLS", (f'{smtp}"', f'{smtp}", tls: required'))
        self.finds("somebody else listens", (f"127.0.0.1:{bridge.lmtp_port}", f"127.0.0.1:{mailboxes.lmtp_port}"))
        self.finds("mend public_url", (f'public_url: "http://127.0.0.1:{bridge.files_port}"',
                                       f'public_url: "http://127.0.0.1:{free_port()}"'))

    def test_it_says_that_mail_does_not_come_back(self):
        self.stage.xmpp_user("alice")
        self.stage.postfix.refuse_gateway("5.4.4 this domain is not known here")
        self.finds("takes no mail for mail.localhost (550 5.4.4 <")


if __name__ == "__main__":
    unittest.main()
