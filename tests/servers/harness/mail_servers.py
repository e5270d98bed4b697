"""Postfix in front of the gateway, and Dovecot with the mailboxes of the people outside. Both as root alone."""

import os
import pwd
import shutil
import subprocess

from ports import free_port

from .process import Process, answers

HOST = "example.test"  # where the people outside have their mailboxes
MX = f"mx.{HOST}"  # what Postfix calls itself, in Authentication-Results too
USERS, PASSWORD = ("bob", "carol", "dave", "erin"), "sesame"


class Postfix(Process):
    """Mail comes in at `port` as from anywhere, and out of the gateway at `submission_port`."""

    name = "postfix"

    def __init__(self, folder, domain, lmtp, mailboxes):
        """Mail of `domain` goes to the port `lmtp`, that of HOST to the Dovecot `mailboxes`."""
        super().__init__(folder)
        self.port, self.submission_port = free_port(), free_port()
        self.domain, self.lmtp, self.mailboxes = domain, lmtp, mailboxes
        self.home = folder / "postfix"

    @staticmethod
    def missing():
        """Why it can't be had; None: it can."""
        if shutil.which("postfix", path=os.environ["PATH"] + ":/usr/sbin") is None:
            return "Postfix is not installed"
        return None if os.geteuid() == 0 else "Postfix starts as root alone"

    def command(self):
        config = self.home / "config"
        if not config.exists():
            self.folder.chmod(0o755)
            config.mkdir(parents=True)
            (self.home / "spool").mkdir()
            (self.home / "data").mkdir()
            shutil.chown(self.home / "data", "postfix", "postfix")
        (config / "main.cf").write_text(f"""
compatibility_level = 3.6
maillog_file = /dev/stdout
queue_directory = {self.home}/spool
data_directory = {self.home}/data
myhostname = {MX}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
biff = no
smtpd_forbid_bare_newline = normalize
relay_domains = {self.domain}
transport_maps = inline:{{ {{{self.domain} = lmtp:inet:127.0.0.1:{self.lmtp}}} }}
virtual_mailbox_domains = {HOST}
virtual_transport = lmtp:inet:127.0.0.1:{self.mailboxes.lmtp_port}
message_size_limit = 30000000
unverified_recipient_reject_code = 550
address_verify_map =
address_verify_poll_delay = 1s
address_verify_negative_expire_time = 3s
address_verify_negative_refresh_time = 2s
disable_dns_lookups = yes
smtp_host_lookup = native
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
in_flow_delay = 0
lmtp_connection_cache_on_demand = yes
""")
        outside = "\n".join(f"  -o {option}" for option in (
            "mynetworks=192.0.2.1", "smtpd_relay_restrictions=reject_unauth_destination",
            "smtpd_recipient_restrictions=reject_unverified_recipient", "syslog_name=postfix/mx"))
        services = "\n".join(f"{name} unix {private} - n {wakeup} {limit} {program}" for name, private, wakeup, limit, program in (
            ("pickup", "n", "60", "1", "pickup"), ("cleanup", "n", "-", "0", "cleanup"), ("qmgr", "n", "1", "1", "qmgr"),
            ("rewrite", "-", "-", "-", "trivial-rewrite"), ("bounce", "-", "-", "0", "bounce"), ("defer", "-", "-", "0", "bounce"),
            ("trace", "-", "-", "0", "bounce"), ("verify", "-", "-", "1", "verify"), ("flush", "n", "1000?", "0", "flush"),
            ("proxymap", "-", "-", "-", "proxymap"), ("smtp", "-", "-", "-", "smtp"), ("relay", "-", "-", "-", "smtp"),
            ("error", "-", "-", "-", "error"), ("retry", "-", "-", "-", "error"), ("discard", "-", "-", "-", "discard"),
            ("virtual", "-", "-", "-", "virtual"), ("lmtp", "-", "-", "-", "lmtp"), ("anvil", "-", "-", "1", "anvil"),
            ("scache", "-", "-", "1", "scache"), ("showq", "n", "-", "-", "showq"), ("tlsmgr", "-", "1000?", "1", "tlsmgr")))
        (config / "master.cf").write_text(f"""
127.0.0.1:{self.port} inet n - n - - smtpd
{outside}
127.0.0.1:{self.submission_port} inet n - n - - smtpd
{services}
postlog unix-dgram n - n - 1 postlogd
""")
        subprocess.run(["postfix", "-c", str(config), "check"], env=self.environment(), check=True, capture_output=True)
        # As "postfix start-fg" has it, but in our own session: all of it ends with it.
        return ["/usr/lib/postfix/sbin/master", "-c", str(config), "-d"]

    def environment(self):
        return {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}

    def ready(self):
        return answers(self.port) and answers(self.submission_port)

    def run(self, *command):
        """What a command of Postfix's prints."""
        return subprocess.run([command[0], "-c", str(self.home / "config"), *command[1:]], env=self.environment(), check=True,
                              capture_output=True, text=True, timeout=30).stdout

    def refuse_gateway(self, words):
        """From now on mail of the gateway's domain comes back as undeliverable."""
        self.run("postconf", f"transport_maps = inline:{{ {{{self.domain} = error:{words}}} }}")
        self.run("postfix", "reload")

    def judge_by(self, milter):
        """What comes in at `port` is shown to the filter at the port `milter`; what it says of itself is taken out."""
        self.run("postconf", "header_checks = regexp:{{/^Authentication-Results:/ IGNORE}}")
        self.run("postconf", "-P", f"127.0.0.1:{self.port}/inet/smtpd_milters=inet:127.0.0.1:{milter}")
        self.run("postfix", "reload")

    def deliver_now(self):
        """What was put off is tried again."""
        self.run("postqueue", "-f")

    def waiting(self):
        """What is in its queue."""
        return self.run("postqueue", "-p")


class Dovecot(Process):
    """The mailboxes of USERS@HOST: mail comes by LMTP, and is read by IMAP."""

    name = "dovecot"
    password = PASSWORD  # everybody's; another one counts from the next start

    def __init__(self, folder):
        super().__init__(folder)
        self.imap_port, self.lmtp_port = free_port(), free_port()
        self.home = folder / "dovecot"

    @staticmethod
    def missing():
        """Why it can't be had; None: it can."""
        if shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin") is None:
            return "Dovecot is not installed"
        if not os.path.exists("/usr/lib/dovecot/lmtp") or not os.path.exists("/usr/lib/dovecot/imap"):
            return "Dovecot's IMAP or LMTP is not installed"
        return None if os.geteuid() == 0 else "Dovecot starts as root alone"

    def command(self):
        if not self.home.exists():
            self.folder.chmod(0o755)
            (self.home / "mail").mkdir(parents=True)
            shutil.chown(self.home / "mail", "mail", "mail")
        owner = pwd.getpwnam("mail")
        (self.home / "users").write_text("".join(
            f"{user}@{HOST}:{{PLAIN}}{self.password}:{owner.pw_uid}:{owner.pw_gid}::{self.home}/mail/{user}::\n" for user in USERS))
        config = self.home / "dovecot.conf"
        config.write_text(f"""
base_dir = {self.home}/run
state_dir = {self.home}/state
log_path = /dev/stderr
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %Lu
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = {self.home}/users
}}
userdb {{
  driver = passwd-file
  args = {self.home}/users
}}
protocol lmtp {{
  postmaster_address = postmaster@{HOST}
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
""")
        return ["dovecot", "-F", "-c", str(config)]

    def environment(self):
        return {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}

    def ready(self):
        return answers(self.imap_port) and answers(self.lmtp_port)
