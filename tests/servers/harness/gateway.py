"""The binary with a config for one XMPP server and one IRC server."""

import signal
import sqlite3
import threading
import time

from . import irc_servers, xmpp_servers
from .process import Process

CONFIG = """\
xmpp: {{server: 127.0.0.1, port: {component_port}, admins: [alice@localhost]}}
store: {{path: {folder}/dragoman.db, key_file: {folder}/key}}
log: {{level: debug, format: text}}
bridges:
  - network: irc
    domain: {domain}
    secret: {secret}
    tls: off
    servers:
      {irc_name}: {{address: 127.0.0.1, ports: [{irc_port}], tls_ports: []}}
"""


class Gateway(Process):
    name = "dragoman"

    def __init__(self, folder, binary, xmpp, irc):
        super().__init__(folder)
        self.binary, self.xmpp, self.irc = binary, xmpp, irc

    def command(self):
        config = self.folder / "dragoman.yaml"
        config.write_text(CONFIG.format(component_port=self.xmpp.component_port, folder=self.folder,
                                        domain=xmpp_servers.DOMAIN, secret=xmpp_servers.SECRET,
                                        irc_name=irc_servers.NAME, irc_port=self.irc.port))
        return [self.binary, "--config", str(config)]

    def kept(self, words):
        """Whether an archived line with these words is on the disk, seen with another program's eyes."""
        database = sqlite3.connect(f"file:{self.folder}/dragoman.db?mode=ro", uri=True)
        try:
            return database.execute("SELECT count(*) FROM archive WHERE payload LIKE ?", (f"%{words}%",)).fetchone()[0] > 0
        finally:
            database.close()

    def expect_kept(self, words, seconds=10):
        end = time.monotonic() + seconds
        while not self.kept(words):
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} is not on the disk after {seconds} s")
            threading.Event().wait(0.02)

    def ready(self):
        return True  # who needs it asks through the XMPP server

    def stop(self, sign=signal.SIGTERM, seconds=6):
        return super().stop(sign, seconds)
