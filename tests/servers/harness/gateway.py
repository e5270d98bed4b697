"""The binary with a config for one XMPP server and one IRC server."""

import signal

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

    def ready(self):
        return True  # who needs it asks through the XMPP server

    def stop(self, sign=signal.SIGTERM, seconds=6):
        return super().stop(sign, seconds)
