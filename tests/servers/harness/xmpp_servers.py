"""Prosody and ejabberd with a component for each network and a few users."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

from ports import free_port

from .process import Process, answers

HOST, DOMAIN, MATRIX_DOMAIN, EMAIL_DOMAIN = "localhost", "irc.localhost", "matrix.localhost", "mail.localhost"
SECRET, PASSWORD = secrets.token_hex(16), secrets.token_hex(6)
USERS = ("alice", "bob")


class XmppServer(Process):
    def __init__(self, folder):
        super().__init__(folder)
        self.c2s_port, self.component_port = free_port(), free_port()


class Prosody(XmppServer):
    name = "prosody"
    offers_tls = False  # with a certificate of its own making
    more_modules = of_all = of_host = of_component = more_components = ""  # of the configuration

    @staticmethod
    def installed():
        return shutil.which("prosody") is not None

    def command(self):
        data = self.folder / "prosody-data"
        accounts = data / HOST / "accounts"
        if not accounts.exists():
            accounts.mkdir(parents=True)
            for user in USERS:
                (accounts / f"{user}.dat").write_text(f'return {{ ["password"] = "{PASSWORD}"; }};\n')
        tls = 'modules_disabled = { "s2s", "tls" }'
        if self.offers_tls:
            key, certificate = self.folder / "localhost.key", self.folder / "localhost.crt"
            if not key.exists():
                subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                                f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
            tls = f'modules_disabled = {{ "s2s" }} ssl = {{ key = "{key}", certificate = "{certificate}" }}'
        config = self.folder / "prosody.cfg.lua"
        config.write_text(f"""
            run_as_root = true
            pidfile = "{self.folder}/prosody.pid"
            data_path = "{data}"
            log = {{ info = "*console" }}
            interfaces = {{ "127.0.0.1" }}
            c2s_ports = {{ {self.c2s_port} }}
            c2s_direct_tls_ports = {{}}
            s2s_ports = {{}}
            component_ports = {{ {self.component_port} }}
            component_interfaces = {{ "127.0.0.1" }}
            modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "carbons", "vcard"{self.more_modules} }}
            {tls}
            c2s_require_encryption = false
            authentication = "internal_plain"
            {self.of_all}
            VirtualHost "{HOST}"
              {self.of_host}
            Component "{DOMAIN}"
              component_secret = "{SECRET}"
            Component "{MATRIX_DOMAIN}"
              component_secret = "{SECRET}"
              {self.of_component}
            Component "{EMAIL_DOMAIN}"
              component_secret = "{SECRET}"
              {self.of_component}
            {self.more_components}
        """)
        return ["prosody", "--config", str(config), "-F"]

    def ready(self):
        return answers(self.c2s_port) and answers(self.component_port)


class PrivilegedProsody(Prosody):
    """Lets the gateways to Matrix and mail do what XEP-0356 allows for."""

    more_modules = ', "pep", "privilege"'
    rights = '{ roster = "both", message = "outgoing", iq = { ["http://jabber.org/protocol/pubsub"] = "set" } }'
    of_host = f'privileged_entities = {{ ["{MATRIX_DOMAIN}"] = {rights}, ["{EMAIL_DOMAIN}"] = {rights} }}'
    of_component = 'modules_enabled = { "privilege" }'

    @staticmethod
    def installed():
        return Prosody.installed() and Path("/usr/lib/prosody/modules/mod_privilege").exists()


class Ejabberd(XmppServer):
    name = "ejabberd"
    more_modules = more_listeners = more_rules = ""

    def __init__(self, folder):
        super().__init__(folder)
        self.api_port, self.distribution_port = free_port(), free_port()
        self.registered = False

    @staticmethod
    def installed():
        return shutil.which("ejabberdctl") is not None

    def command(self):
        home = self.folder / "ejabberd"
        for part in ("config", "spool", "logs"):
            (home / part).mkdir(parents=True, exist_ok=True)
        (home / "config/ejabberd.yml").write_text(f"""
hosts: [{HOST}]
loglevel: info
listen:
  - {{port: {self.c2s_port}, ip: 127.0.0.1, module: ejabberd_c2s, access: all}}
  - {{port: {self.api_port}, ip: 127.0.0.1, module: ejabberd_http, request_handlers: {{/api: mod_http_api}}}}{self.more_listeners}
  - port: {self.component_port}
    ip: 127.0.0.1
    module: ejabberd_service
    hosts:
      "{DOMAIN}": {{password: "{SECRET}"}}
      "{MATRIX_DOMAIN}": {{password: "{SECRET}"}}
      "{EMAIL_DOMAIN}": {{password: "{SECRET}"}}
auth_method: internal
auth_password_format: scram
disable_sasl_mechanisms: [digest-md5]
api_permissions:
  loopback: {{from: [mod_http_api], who: [{{ip: 127.0.0.1/8}}], what: [register]}}
{self.more_rules}
modules: {{mod_disco: {{}}, mod_roster: {{}}, mod_ping: {{}}, mod_carboncopy: {{}}, mod_adhoc: {{}}, mod_vcard: {{}}{self.more_modules}}}
""")
        (home / "config/inetrc").write_text('{lookup,["file","native"]}.\n')
        if os.geteuid() == 0:
            for path in (home, *home.rglob("*")):
                shutil.chown(path, "ejabberd", "ejabberd")
            self.folder.chmod(0o755)
        return ["ejabberdctl", "--config-dir", str(home / "config"), "--spool", str(home / "spool"), "--logs",
                str(home / "logs"), "--node", f"dragoman{self.distribution_port}@localhost", "foreground"]

    def user(self):
        return "ejabberd" if os.geteuid() == 0 else None  # ejabberdctl runs as nobody else

    def environment(self):
        # A distribution port of its own: no epmd is started, none is needed.
        return {**os.environ, "HOME": str(self.folder / "ejabberd/spool"), "ERL_DIST_PORT": str(self.distribution_port), "INET_DIST_INTERFACE": "127.0.0.1"}

    def ready(self):
        if not (answers(self.c2s_port) and answers(self.component_port) and answers(self.api_port)):
            return False
        if not self.registered:
            for user in USERS:
                body = json.dumps({"user": user, "host": HOST, "password": PASSWORD}).encode()
                urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}/api/register", body, 10).close()
            self.registered = True
        return True

    def stop(self, sign=signal.SIGTERM, seconds=10):
        return super().stop(sign, seconds)


class PrivilegedEjabberd(Ejabberd):
    """The same; of XEP-0356 it knows what was in it before IQs."""

    more_modules = (", mod_caps: {}, mod_pubsub: {plugins: [pep]}, "
                    "mod_privilege: {roster: {both: all}, message: {outgoing: all}}")


UPLOAD_DOMAIN, LARGEST_UPLOAD = "upload.localhost", 300_000


class UploadProsody(Prosody):
    """Takes files (XEP-0363), from its own components as well."""

    def __init__(self, folder):
        super().__init__(folder)
        self.http_port = free_port()
        self.upload_url = f"http://127.0.0.1:{self.http_port}/"
        self.of_all = (f'http_ports = {{ {self.http_port} }} http_interfaces = {{ "127.0.0.1" }} https_ports = {{}} '
                       f'http_default_host = "{UPLOAD_DOMAIN}"')
        self.more_components = (f'Component "{UPLOAD_DOMAIN}" "http_file_share"\n http_external_url = "{self.upload_url}"\n'
                                f" http_file_share_size_limit = {LARGEST_UPLOAD}")


class UploadEjabberd(Ejabberd):
    """Takes files of whom its access rules name: the gateway to email where `lets_gateway`."""

    lets_gateway = True

    def __init__(self, folder):
        super().__init__(folder)
        self.http_port = free_port()
        self.upload_url = f"http://127.0.0.1:{self.http_port}/"
        self.more_listeners = (f"\n  - {{port: {self.http_port}, ip: 127.0.0.1, module: ejabberd_http, "
                               "request_handlers: {/upload: mod_http_upload}}")
        self.more_rules = f"""
acl: {{gateway: {{server: {EMAIL_DOMAIN}}}}}
access_rules: {{uploaders: {{allow: {"gateway" if self.lets_gateway else "none"}}}}}
"""
        self.more_modules = (f', mod_http_upload: {{host: {UPLOAD_DOMAIN}, put_url: "{self.upload_url}upload", '
                             f'docroot: "{folder}/ejabberd/uploads", max_size: {LARGEST_UPLOAD}, access: uploaders}}')


class StrictEjabberd(UploadEjabberd):
    lets_gateway = False


ALL = {"upload prosody": UploadProsody, "upload ejabberd": UploadEjabberd, "strict ejabberd": StrictEjabberd, "prosody": Prosody, "ejabberd": Ejabberd, "privileged prosody": PrivilegedProsody,
       "privileged ejabberd": PrivilegedEjabberd}
