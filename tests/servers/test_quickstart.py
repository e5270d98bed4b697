"""scripts/quickstart --once is what a newcomer sees first."""

import os
import subprocess
import unittest

from harness.irc_servers import TOP
from harness.stage import BINARY
from harness import irc_servers, xmpp_servers
from harness.mail_servers import Dovecot, Postfix
from harness.matrix_servers import Synapse


class Quickstart(unittest.TestCase):
    def setUp(self):
        if not (xmpp_servers.Prosody.installed() and irc_servers.Ngircd.installed()):
            self.skipTest("prosody or ngircd is not installed")

    def test_once_greets_and_ends(self):
        done = subprocess.run([TOP / "scripts/quickstart", "--once"], env={**os.environ, "DRAGOMAN": BINARY},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        lines = ["<alice> Good morning, IRC!", "<carol> Good morning, XMPP!", "private <carol>", "private <alice>"]
        if not Synapse.missing():
            lines += ["<alice> Good morning, Matrix!", "<mary> Good morning, XMPP!", "private <mary>"]
        if not (Postfix.missing() or Dovecot.missing()):
            lines += ["<alice> Good morning, mailbox!", "<bob> Good morning, XMPP!"]
        for line in lines:
            self.assertIn(line, done.stdout)
