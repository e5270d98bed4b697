"""OpenDMARC in front of Postfix, as root alone: it judges senders, and asks a name server that knows one domain."""

import contextlib
import os
import shutil
import socket
import struct
import threading

from ports import free_port

from .mail_servers import HOST, MX
from .process import Process, answers

RECORDS = {  # who sends for the domain, and what to think of whoever else says so
    HOST: "v=spf1 ip4:127.0.0.1 -all",
    f"_dmarc.{HOST}": "v=DMARC1; p=none",
}
TXT, NO_SUCH_NAME = 16, 3


class NameServer:
    """Answers as RFC 1035 has it, at a loopback address of its own: a resolver asks port 53 and no other."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self._take_one()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):  # nobody is at its other end; who waits there is woken
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _take_one(self):
        for last in range(1, 255):
            with contextlib.suppress(OSError):
                self.socket.bind((f"127.53.0.{last}", 53))
                return f"127.53.0.{last}"
        raise AssertionError("no loopback address has its port 53 free")

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                question, client = self.socket.recvfrom(512)
                if not question:
                    return
                self.socket.sendto(self._answer(question), client)

    @staticmethod
    def _answer(packet):
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace"))
            at += 1 + packet[at]
        kind, = struct.unpack_from("!H", packet, at + 1)
        question, text = packet[12:at + 5], RECORDS.get(".".join(labels).lower())
        record = b""
        if text is not None and kind == TXT:
            words = bytes([len(text)]) + text.encode()
            record = struct.pack("!HHHIH", 0xC00C, TXT, 1, 60, len(words)) + words
        flags = 0x8580 | (NO_SUCH_NAME if text is None else 0)
        return packet[:2] + struct.pack("!HHHHH", flags, 1, 1 if record else 0, 0, 0) + question + record


class OpenDmarc(Process):
    name = "opendmarc"

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()
        self.names = None

    @staticmethod
    def missing():
        """Why it can't be had; None: it can."""
        if shutil.which("opendmarc", path=os.environ["PATH"] + ":/usr/sbin") is None:
            return "OpenDMARC is not installed"
        return None if os.geteuid() == 0 else "OpenDMARC is given its name server as root alone"

    def command(self):
        self.names = self.names or NameServer()
        (self.folder / "resolv.conf").write_text(f"nameserver {self.names.address}\n")
        (self.folder / "ignored").write_text("192.0.2.1\n")  # by itself it would trust this machine
        (self.folder / "opendmarc.conf").write_text(f"""
AuthservID {MX}
Background false
IgnoreHosts {self.folder}/ignored
SPFIgnoreResults true
SPFSelfValidate true
Syslog false
Socket inet:{self.port}@127.0.0.1
UserID root
""")
        return ["unshare", "--mount", "sh", "-c", f"mount --bind {self.folder}/resolv.conf /etc/resolv.conf && "
                f"exec /usr/sbin/opendmarc -f -c {self.folder}/opendmarc.conf"]

    def ready(self):
        return answers(self.port)

    def stop(self, *how, **more):
        if self.names is not None:
            self.names.close()
            self.names = None
        return super().stop(*how, **more)
