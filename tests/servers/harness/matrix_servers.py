"""Synapse, out of the folder where scripts/install-synapse puts it; its own tests' configuration, for one test each."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import shlex
import signal
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from ports import free_port

from .process import Process

NAME = "hs.test"  # what stands behind the colon
SHARED_SECRET, PASSWORD = secrets.token_hex(16), secrets.token_hex(8)
FAST = {"per_second": 10000, "burst_count": 10000}


def synapse_root():
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DRAGOMAN_SYNAPSE_ROOT") or Path(cache) / "dragoman/synapse")


class Synapse(Process):
    name = "synapse"
    server_name = NAME

    def __init__(self, folder, room_version="11"):
        super().__init__(folder)
        self.port = free_port()
        self.room_version = room_version
        self.registrations = []
        self.url = f"http://127.0.0.1:{self.port}"
        self.sign_on = ""  # where a CAS server is, for people to log in by

    @staticmethod
    def missing():
        """Why it can't be had; empty: it can."""
        if not (synapse_root() / "usr/lib/python3/dist-packages/synapse/app/homeserver.py").exists():
            return f"there is no Synapse in {synapse_root()} (scripts/install-synapse puts one there)"
        if os.geteuid() != 0:
            return "Synapse is started by chroot, which needs root"
        if not shutil.which("unshare"):
            return "Synapse is started by unshare, which is not installed"
        return ""

    def take_registration(self, text):
        """Of an application service; read at the start."""
        path = self.folder / f"registration-{len(self.registrations)}.yaml"
        path.write_text(text)
        self.registrations.append(f"/stage/{path.name}")

    def configuration(self):
        limits = {key: FAST for key in ("rc_message", "rc_registration", "rc_joins_per_room", "rc_admin_redaction",
                                        "rc_media_create", "rc_room_creation", "rc_reports", "rc_user_directory")}
        return {
            "server_name": NAME, "public_baseurl": self.url, "report_stats": False, "pid_file": "/stage/synapse.pid",
            "listeners": [{"port": self.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False,
                           "x_forwarded": False, "resources": [{"names": ["client"], "compress": False}]}],
            "database": {"name": "sqlite3", "args": {"database": "/stage/synapse.db"}},
            "media_store_path": "/stage/synapse-media", "signing_key_path": "/stage/synapse.key",
            "log_config": "/stage/synapse.log.yaml", "max_upload_size": "60M",
            "macaroon_secret_key": secrets.token_hex(16), "form_secret": secrets.token_hex(16),
            "registration_shared_secret": SHARED_SECRET, "bcrypt_rounds": 4, "suppress_key_server_warning": True,
            "trusted_key_servers": [], "federation_domain_whitelist": [], "presence": {"enabled": True},
            "default_room_version": self.room_version, "app_service_config_files": self.registrations,
            "allow_public_rooms_without_auth": True, "enable_registration": False,
            "user_directory": {"search_all_users": True}, "room_list_publication_rules": [{"action": "allow"}],
            "rc_login": {"address": FAST, "account": FAST, "failed_attempts": FAST},
            "rc_joins": {"local": FAST, "remote": FAST},
            "rc_invites": {"per_room": FAST, "per_user": FAST, "per_issuer": FAST},
            "rc_presence": {"per_user": FAST}, **limits,
            "cas_config": {"enabled": bool(self.sign_on), "server_url": self.sign_on},
        }

    def command(self):
        (self.folder / "synapse.yaml").write_text(yaml.safe_dump(self.configuration()))
        (self.folder / "synapse.log.yaml").write_text(yaml.safe_dump({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"level": os.environ.get("SYNAPSE_LOG", "WARNING"), "handlers": ["console"]}}))
        key = self.folder / "synapse.key"
        if not key.exists():
            key.write_text(f"ed25519 a_test {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}\n")
        # What is mounted is seen by this process alone and goes with it: nothing to undo. The test's folder is /stage.
        root = shlex.quote(str(synapse_root()))
        return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f"""
            mountpoint -q {root}/proc || mount -t proc proc {root}/proc
            [ -c {root}/dev/urandom ] || mount --rbind /dev {root}/dev
            mkdir -p {root}/stage
            mount --bind {shlex.quote(str(self.folder))} {root}/stage
            exec chroot {root} env LC_ALL=C.UTF-8 TMPDIR=/tmp python3 -m synapse.app.homeserver -c /stage/synapse.yaml
        """]

    def ready(self):
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
            return True
        except OSError:
            return False

    def stop(self, sign=signal.SIGTERM, seconds=15):
        return super().stop(sign, seconds)

    def register(self, localpart, admin=False):
        """A user, by the shared secret. One that is there already is as good."""
        where = f"{self.url}/_synapse/admin/v1/register"
        with urllib.request.urlopen(where, timeout=20) as answer:
            nonce = json.load(answer)["nonce"]
        words = (nonce, localpart, PASSWORD, "admin" if admin else "notadmin")
        mac = hmac.new(SHARED_SECRET.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
        body = json.dumps({"nonce": nonce, "username": localpart, "password": PASSWORD, "admin": admin, "mac": mac})
        try:
            urllib.request.urlopen(where, body.encode(), 20).close()
        except urllib.error.HTTPError as error:
            if json.load(error).get("errcode") != "M_USER_IN_USE":
                raise
