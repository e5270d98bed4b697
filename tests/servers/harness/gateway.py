"""The binary with a config for one XMPP server and a bridge to each of some servers."""

import json
import signal
import subprocess

from ports import free_port

from . import irc_servers, mail_servers, xmpp_servers
from .process import Process

MAX_FILE_BYTES = 40_000_000  # less than Synapse's, so that a file may be too large for dragoman alone
HEAD = """\
xmpp: {{server: 127.0.0.1, port: {component_port}, admins: [alice@localhost]}}
store: {{path: {folder}/dragoman.db, key_file: {folder}/key}}
log: {{level: debug, format: text}}
bridges:
"""
IRC = """\
  - network: irc
    domain: {domain}
    secret: {secret}
    tls: off
    servers:
      {irc_name}: {{address: 127.0.0.1, ports: [{irc_port}], tls_ports: []}}
"""
MATRIX = """\
  - network: matrix
    domain: {domain}
    secret: {secret}
    homeserver: {{url: "{url}", server_name: {server_name}}}
    appservice: {{listen: "127.0.0.1:{port}"}}
    public_url: "http://127.0.0.1:{port}"
    fetch_private_addresses: true
    max_file_bytes: {max_file_bytes}
    allow_login: {allow_login}
    leave_after_seconds: 1
"""
EMAIL = """\
  - network: email
    domain: {domain}
    secret: {secret}
    lmtp: {{listen: "127.0.0.1:{lmtp_port}"}}
    smtp: {{url: "smtp://127.0.0.1:{smtp_port}"}}
    files: {{listen: "127.0.0.1:{files_port}"}}
    public_url: "http://127.0.0.1:{files_port}"
    authserv_id: {authserv_id}
    uploads: [127.0.0.1]
    fetch_private_addresses: true
    coalesce_seconds: {coalesce_seconds}
{more}"""


class IrcBridge:
    def __init__(self, irc):
        self.irc = irc

    def yaml(self):
        return IRC.format(domain=xmpp_servers.DOMAIN, secret=xmpp_servers.SECRET, irc_name=irc_servers.NAME,
                          irc_port=self.irc.port)


class MatrixBridge:
    def __init__(self, homeserver):
        self.homeserver, self.port = homeserver, free_port()
        self.allow_login = ["*"]

    def yaml(self):
        return MATRIX.format(domain=xmpp_servers.MATRIX_DOMAIN, secret=xmpp_servers.SECRET, url=self.homeserver.url,
                             server_name=self.homeserver.server_name, port=self.port, max_file_bytes=MAX_FILE_BYTES,
                             allow_login=json.dumps(self.allow_login))


class EmailBridge:
    coalesce_seconds = 1
    more = {}  # keys and values of the configuration

    def __init__(self):
        self.lmtp_port, self.files_port = free_port(), free_port()
        self.smtp_port = 25  # where the gateway's mail goes

    def yaml(self):
        return EMAIL.format(domain=xmpp_servers.EMAIL_DOMAIN, secret=xmpp_servers.SECRET, lmtp_port=self.lmtp_port,
                            smtp_port=self.smtp_port, files_port=self.files_port, authserv_id=mail_servers.MX,
                            coalesce_seconds=self.coalesce_seconds,
                            more="".join(f"    {key}: {value}\n" for key, value in self.more.items()))


class Gateway(Process):
    name = "dragoman"

    def __init__(self, folder, binary, xmpp, *bridges):
        super().__init__(folder)
        self.binary, self.xmpp, self.bridges = binary, xmpp, list(bridges)

    def write_config(self):
        config = self.folder / "dragoman.yaml"
        config.write_text(HEAD.format(component_port=self.xmpp.component_port, folder=self.folder)
                          + "".join(bridge.yaml() for bridge in self.bridges))
        return str(config)

    def command(self):
        return [self.binary, "--config", self.write_config()]

    def run(self, *arguments):
        """A subcommand to its end: (status, what it printed, what it said is wrong)."""
        done = subprocess.run([self.binary, *arguments, "--config", self.write_config()], capture_output=True, text=True,
                              cwd=self.folder, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def register_with(self, homeserver):
        """As an admin does it: what is printed goes into a file that the homeserver's config names."""
        status, text, errors = self.run("register-matrix")
        if status != 0:
            raise AssertionError(f"dragoman register-matrix ended with {status}: {errors}")
        homeserver.take_registration(text)

    def reload(self):
        """Reads the configuration again, as its bridges have it now."""
        self.write_config()
        self.process.send_signal(signal.SIGHUP)

    def ready(self):
        return True  # who needs it asks through the XMPP server

    def stop(self, sign=signal.SIGTERM, seconds=6):
        return super().stop(sign, seconds)
