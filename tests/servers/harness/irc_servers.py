"""ngIRCd (plain, old protocol), InspIRCd (IRCv3) and ergo (IRCv3 with history and accounts)."""

import shutil
import subprocess
from pathlib import Path

import yaml
from ports import free_port

from .process import Process, answers

NAME = "irc.test"  # under this name the gateway knows them
TOP = Path(__file__).resolve().parents[3]


class IrcServer(Process):
    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()

    def ready(self):
        return answers(self.port)


class Ngircd(IrcServer):
    name = "ngircd"

    @staticmethod
    def installed():
        return shutil.which("ngircd") is not None

    def command(self):
        config = self.folder / "ngircd.conf"
        config.write_text(f"""
[Global]
Name = ngircd.test.localhost
Info = A test
Ports = {self.port}
Listen = 127.0.0.1
MotdPhrase = Welcome
[Limits]
ConnectRetry = 60
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
PingTimeout = 30
PongTimeout = 20
[Options]
DNS = no
Ident = no
PAM = no
""")
        self.folder.chmod(0o755)
        return ["ngircd", "-n", "-f", str(config)]


class Inspircd(IrcServer):
    name = "inspircd"

    @staticmethod
    def installed():
        return shutil.which("inspircd") is not None

    def command(self):
        config = self.folder / "inspircd.conf"
        modules = ("cap ircv3 ircv3_accounttag ircv3_batch ircv3_capnotify ircv3_chghost ircv3_ctctags ircv3_echomessage "
                   "ircv3_invitenotify ircv3_labeledresponse ircv3_msgid ircv3_servertime namesx uhnames monitor")
        config.write_text(f"""
<server name="inspircd.test.localhost" description="A test" id="01T" network="Test">
<admin name="Test" nick="test" email="test@localhost">
<bind address="127.0.0.1" port="{self.port}" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="60" maxchans="200" limit="1000" localmax="1000" globalmax="1000"
         threshold="1000" commandrate="100000" fakelag="no" recvq="65536" hardsendq="1M" softsendq="64K" resolvehostnames="no" useident="no">
<class name="none" commands=""><type name="none" classes="none">
<files motd="{self.folder}/motd">
<performance nouserdns="yes">
<options prefixquit="Quit: " syntaxhints="no" hostintopic="no">
<limits maxnick="30">
<pid file="{self.folder}/inspircd.pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{self.folder}/inspircd.log">
""" + "".join(f'<module name="{name}">\n' for name in modules.split()))
        (self.folder / "motd").write_text("Welcome\n")
        return ["inspircd", "--nofork", "--runasroot", "--config", str(config)]


class Ergo(IrcServer):
    name = "ergo"
    home = TOP / "build/tools/ergo"
    binary = home / "usr/bin/ergochat"

    @classmethod
    def installed(cls):
        return cls.binary.exists()

    def command(self):
        config = self.folder / "ergo.yaml"
        # Its own example, on one plain port of the loopback.
        settings = yaml.safe_load((self.home / "usr/share/doc/ergochat/examples/default.yaml").read_text())
        server = settings["server"]
        server.update({"name": "ergo.test.localhost", "listeners": {f"127.0.0.1:{self.port}": {}}, "motd": "",
                       "lookup-hostnames": False, "check-ident": False})
        server["ip-limits"].update({"count": False, "throttle": False})
        server["ip-cloaking"]["enabled"] = False
        settings["datastore"]["path"] = str(self.folder / "ergo.db")
        settings["lock-file"] = str(self.folder / "ergo.lock")
        settings["accounts"]["registration"]["throttling"]["enabled"] = False
        settings["accounts"]["multiclient"]["always-on"] = "disabled"
        settings["languages"]["enabled"] = False
        settings["fakelag"]["enabled"] = False
        settings["history"]["persistent"] = {"enabled": False}
        settings.pop("opers", None)
        config.write_text(yaml.safe_dump(settings))
        if not (self.folder / "ergo.db").exists():
            subprocess.run([self.binary, "initdb", "--quiet", "--conf", config], check=True, capture_output=True)
        return [str(self.binary), "run", "--quiet", "--conf", str(config)]


ALL = {"ngircd": Ngircd, "inspircd": Inspircd, "ergo": Ergo}
