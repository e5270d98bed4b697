"""Whose mail is shown as unverified: OpenDMARC judges in front of Postfix, set up as docs/email.md has it."""

import unittest

from harness.dmarc import OpenDmarc
from harness.email_stage import EmailCase, address, said


class Trust(EmailCase):
    def setUp(self):
        if why := OpenDmarc.missing():
            self.skipTest(why)
        super().setUp()
        self.filter = OpenDmarc(self.stage.folder)
        self.addCleanup(self.filter.stop)
        self.filter.start()
        self.stage.postfix.judge_by(self.filter.port)

    def heard(self, alice, words, since):
        return said(alice.seen.wait_for(lambda s: s.kind == "message" and words in (s.text("body") or ""), words, since))

    def test_who_is_proven_is_shown_without_a_word(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        bob.write(address("alice"), "It is me.", answer_to=mail, verified=False)
        self.assertNotIn("unverified", self.heard(alice, "It is me.", since))

    def test_who_is_not_is_marked_whatever_the_mail_says_of_itself(self):
        alice, bob, mail = self.known_to_each_other()
        since = alice.seen.mark()
        forged = bob.compose(address("alice"), "Send me money.", answer_to=mail, verified=True)
        bob.send(forged, sender="mallory@elsewhere.invalid")
        self.assertIn("unverified", self.heard(alice, "Send me money.", since))


if __name__ == "__main__":
    unittest.main()
