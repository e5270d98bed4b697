"""`dragoman doctor matrix`, as an admin runs it: what it finds in a Synapse that is well, and in one that is not."""

import subprocess

from harness.matrix_stage import on_all_servers
from harness.stage import BINARY
from ports import free_port


class Doctor:
    def doctor(self, **changes):
        """(How it ended, what it said), with other words in the configuration."""
        gateway = self.stage.gateway
        text = open(gateway.write_config(), encoding="utf-8").read()
        for before, after in changes.get("instead", ()):
            self.assertIn(before, text)
            text = text.replace(before, after)
        config = self.stage.folder / "examined.yaml"
        config.write_text(text)
        done = subprocess.run([BINARY, "doctor", "matrix", "--config", config], capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def finds(self, words, *instead):
        status, said = self.doctor(instead=instead)
        self.assertNotEqual(0, status, said)
        self.assertIn(words, said)
        self.assertIn("wrong", said)
        self.assertNotIn("all is well", said)

    def test_it_finds_nothing_where_all_is_well_whether_dragoman_runs_or_not(self):
        for running in (True, False):
            status, said = self.doctor()
            self.assertEqual(0, status, said)
            for words in ("is a homeserver and speaks v1.", "the clocks agree", "the registration is loaded; we are @xmpp:hs.test",
                          "user ids that begin with _xmpp_ are the bridge's", "the homeserver reaches us at",
                          "files go to the homeserver and come back", "leads to us",
                          f"new rooms are of version {self.room_version}", "all is well"):
                self.assertIn(words, said)
            self.assertEqual(running, "dragoman itself should be answering" in said, said)
            if running:
                self.stage.gateway.stop()
        self.stage.gateway.start()

    def test_it_names_what_the_configuration_and_the_registration_do_not_agree_on(self):
        port = self.stage.gateway.bridges[0].port
        listen = f'listen: "127.0.0.1:{port}"'
        self.finds("the homeserver's name is hs.test: say so in homeserver.server_name", ("server_name: hs.test", "server_name: a.test"))
        self.finds("it calls us @xmpp:hs.test, the configuration @someone:hs.test",
                   (listen, f"{listen}, sender_localpart: someone"))
        self.finds("the homeserver knows us by another id than other", (listen, f"{listen}, id: other"))
        self.finds("user ids that begin with ghost_ are not the bridge's",
                   ("    allow_login:", "    ghost_prefix: ghost_\n    allow_login:"))
        self.finds("leads to somebody else", (f'public_url: "http://127.0.0.1:{port}"', f'public_url: "{self.stage.homeserver.url}"'))
        # Nobody is where the homeserver was told that we are.
        self.stage.gateway.stop()
        self.finds("the homeserver does not reach us", (f"127.0.0.1:{port}", f"127.0.0.1:{free_port()}"))
        self.stage.gateway.start()

    def test_it_says_how_to_register_where_that_was_not_done(self):
        self.finds("the homeserver does not know our token: save what `dragoman register-matrix",
                   ("/dragoman.db", "/another.db"))

    def test_a_homeserver_that_is_away_is_what_it_says(self):
        self.stage.homeserver.stop()
        self.finds("start the homeserver, or mend homeserver.url")
        self.stage.homeserver.start()


def load_tests(_, __, ___):
    return on_all_servers(__name__, Doctor)
