"""Postfix and Dovecot as somebody's mail provider: IMAP with TLS and a Sent folder, submission with TLS and a password."""

import subprocess

from ports import free_port

from . import mail_servers
from .process import answers

SERVER = "localhost"  # the name in the certificate


def make_certificate(folder):
    """(certificate, key): it signs itself, and is to be trusted."""
    certificate, key = folder / "provider.pem", folder / "provider.key"
    if not certificate.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={SERVER}", "-addext", f"subjectAltName=DNS:{SERVER}", "-keyout", str(key),
                        "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


class Dovecot(mail_servers.Dovecot):
    """`imap_port` has STARTTLS, `imaps_port` TLS from the beginning; Postfix asks for passwords at `sasl_port`."""

    introspection = None  # where to ask about access tokens (RFC 7662); None: passwords alone

    def __init__(self, folder):
        super().__init__(folder)
        self.imaps_port, self.sasl_port = free_port(), free_port()

    def command(self):
        command = super().command()
        certificate, key = make_certificate(self.folder)
        config = self.home / "dovecot.conf"
        config.write_text(config.read_text().replace("ssl = no", "ssl = yes") + f"""
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login{" oauthbearer xoauth2" if self.introspection else ""}
auth_failure_delay = 0
auth_cache_size = 0
namespace inbox {{
  inbox = yes
  mailbox "Sent Items" {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  inet_listener imaps {{
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {self.sasl_port}
  }}
}}
""")
        if self.introspection:
            tokens = self.home / "oauth2.conf"
            tokens.write_text(f"""
introspection_url = {self.introspection}
introspection_mode = post
force_introspection = yes
active_attribute = active
active_value = true
username_attribute = username
""")
            config.write_text(config.read_text() + f"""
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {tokens}
}}
""")
        return command

    def ready(self):
        return super().ready() and answers(self.imaps_port) and answers(self.sasl_port)


class Postfix(mail_servers.Postfix):
    """With a door for people who log in: `login_port`, TLS from the beginning."""

    def __init__(self, folder, domain, lmtp, mailboxes):
        super().__init__(folder, domain, lmtp, mailboxes)
        self.login_port = free_port()

    def command(self):
        command = super().command()
        certificate, key = make_certificate(self.folder)
        options = "\n".join(f"  -o {option}" for option in (
            "syslog_name=postfix/login", "smtpd_tls_wrappermode=yes", "smtpd_tls_security_level=encrypt",
            f"smtpd_tls_cert_file={certificate}", f"smtpd_tls_key_file={key}", "smtpd_sasl_auth_enable=yes",
            "smtpd_sasl_type=dovecot", f"smtpd_sasl_path=inet:127.0.0.1:{self.mailboxes.sasl_port}", "mynetworks=192.0.2.1",
            "smtpd_relay_restrictions=permit_sasl_authenticated,reject", "smtpd_error_sleep_time=0"))
        master = self.home / "config" / "master.cf"
        master.write_text(master.read_text() + f"127.0.0.1:{self.login_port} inet n - n - - smtpd\n{options}\n")
        return command

    def ready(self):
        return super().ready() and answers(self.login_port)
