"""A mail account that is entered by access tokens: Dovecot asks the provider's token server whether they are good."""

import unittest

from harness import account_servers
from harness.account_stage import ACCOUNT, AccountPeople, Stage
from harness.email_stage import DOMAIN, EmailCase, jid
from harness.token_server import CLIENT, SECRET, TokenServer


class TokenStage(Stage):
    def make_servers(self):
        super().make_servers()
        self.tokens = TokenServer(*account_servers.make_certificate(self.folder), ACCOUNT)
        self.mailboxes.introspection = self.tokens.introspection

    def close(self):
        super().close()
        self.tokens.close()


class ByToken(AccountPeople):
    stage_kind = TokenStage

    def signed_in(self):
        tokens = self.stage.tokens
        return self.logged_in(**{"password": "", "refresh-token": tokens.refresh, "token-url": tokens.url, "client-id": CLIENT,
                                 "client-secret": SECRET})

    def test_she_reads_and_writes_by_tokens_that_are_had_anew(self):
        alice, bob = self.signed_in()
        since = bob.mark()
        alice.message(jid(bob.address), "By a token.", "chat")
        mail = bob.expect("By a token.", since)
        self.assertEqual(ACCOUNT, mail["From"].addresses[0].addr_spec)
        since = alice.seen.mark()
        bob.write(ACCOUNT, "It came.", answer_to=mail)
        self.expect_chat(alice, bob, "It came.", since)
        # The old one is none any more: nobody hears of it.
        self.stage.tokens.access.clear()
        self.stage.gateway.kill()
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        since = alice.seen.mark()
        bob.write(ACCOUNT, "And after a restart.", answer_to=mail)
        self.expect_chat(alice, bob, "And after a restart.", since, 60)
        self.assertGreaterEqual(self.stage.tokens.given, 2)
        self.assertFalse([s for s in alice.seen.all[since:] if "does not come here" in (s.text("body") or "")])
        self.assertIn("OAUTHBEARER", self.stage.mailboxes.last_words(200))

    def test_whose_sign_in_has_ended_is_told_and_logs_in_anew(self):
        alice, bob = self.signed_in()
        since = alice.seen.mark()
        self.stage.tokens.end_sign_in()
        bob.close()
        self.stage.gateway.kill()
        self.stage.gateway.start()
        self.told(alice, "This sign-in has ended", since, 60)
        self.signed_in()
        log = self.stage.gateway.last_words(1000)
        for secret in (self.stage.tokens.refresh, SECRET, *self.stage.tokens.access):
            self.assertNotIn(secret, log)


class ByTokenOnProsody(ByToken, EmailCase):
    xmpp_kind = "prosody"


class ByTokenOnEjabberd(ByToken, EmailCase):
    xmpp_kind = "ejabberd"


if __name__ == "__main__":
    unittest.main()
