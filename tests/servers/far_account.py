"""An account on a homeserver that nobody here configured: found by its well-known file, spoken to by https alone.

Played by test_matrix_far.py where such a server can be: in a network and a view of the files of its own, since no address
is spoken to but public ones.
"""

import os
import shutil
import unittest
from pathlib import Path

from harness import xep
from harness.matrix_servers import Synapse
from harness.matrix_stage import MatrixStage, jid
from harness.matrix_user import MatrixUser
from harness.process import end_all
from test_matrix_account import DEVICE, Wishes
from test_matrix_far import ADDRESS, FAR


class FarSynapse(Synapse):
    server_name = FAR

    def configuration(self):
        plain = super().configuration()
        secure = {"port": 443, "bind_addresses": [ADDRESS], "type": "http", "tls": True,
                  "resources": [{"names": ["client"], "compress": False}]}
        # Since its address is told, it has the well-known file too.
        return {**plain, "server_name": FAR, "public_baseurl": f"https://matrix.{FAR}/",
                "listeners": [*plain["listeners"], secure],
                "tls_certificate_path": "/stage/far.crt", "tls_private_key_path": "/stage/far.key"}


class FarAccount(Wishes, unittest.TestCase):
    def setUp(self):
        self.stage = MatrixStage("prosody", "11")
        self.addCleanup(end_all)
        self.addCleanup(self.stage.close)
        self.stage.start()
        folder = self.stage.folder / "far"
        folder.mkdir()
        self.far = FarSynapse(folder)
        for name in ("far.crt", "far.key"):
            shutil.copy(Path(os.environ["FAR_FOLDER"]) / name, folder)
        self.far.start()
        self.addCleanup(self.far.stop)

    def far_user(self, name):
        self.stage.people.append(MatrixUser(name, self.far))
        return self.stage.people[-1]

    def test_any_homeserver_will_do(self):
        alice, account, mary = self.stage.xmpp_user("alice"), self.far_user("account"), self.far_user("mary")
        room = mary.create("lobby")
        account.join(room)
        self.log_in(alice, account)
        where = jid(f"#lobby:{FAR}")
        alice.join(where, "account")
        alice.message(where, "from afar")
        mary.expect_message(room, account.id, "from afar")
        mary.say(room, "welcome")
        alice.expect_message(f"{where}/mary", "welcome")
        url = self.stage.files.put("notes.txt", "text/plain", b"of a meeting")
        alice.message(where, url, more=xep.oob(url))
        event = mary.expect_event(room, "m.room.message", account.id, lambda s: s.content["msgtype"] == "m.file")
        self.assertEqual(b"of a meeting", mary.download(event.content["url"]))
        self.assertEqual(1, self.devices(account).count(DEVICE))
        self.command(alice, "Log out")
        self.eventually("the device is gone", lambda: DEVICE not in self.devices(account))
