"""An account on any homeserver: one at a public address, with a certificate, found by its name alone."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from harness.matrix_servers import Synapse
from harness.process import remove_folder, temporary_folder

FAR, ADDRESS = "far.example", "1.2.3.4"
# What is mounted and set here is seen by these processes alone and goes with them.
SCENE = """
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj /CN=$FAR -keyout far.key -out far.csr
    echo "subjectAltName=DNS:$FAR,DNS:matrix.$FAR" > names
    openssl x509 -req -in far.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out far.crt
    cat /etc/ssl/certs/ca-certificates.crt ca.crt > certificates
    (cat /etc/hosts; echo "$ADDRESS $FAR matrix.$FAR") > hosts
    mount --bind certificates /etc/ssl/certs/ca-certificates.crt
    mount --bind hosts /etc/hosts
    ip link set lo up
    ip address add $ADDRESS/32 dev lo
    cd "$HERE"
    exec /usr/bin/python3 -m unittest -v far_account
"""


class FarHomeserver(unittest.TestCase):
    def test_an_account_of_any_homeserver_is_one_s_own(self):
        why = Synapse.missing() or next((f"{tool} is not installed" for tool in ("prosody", "unshare", "ip", "openssl")
                                         if not shutil.which(tool)), "")
        if why:
            self.skipTest(why)
        folder = temporary_folder()
        self.addCleanup(remove_folder, folder)
        done = subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-ec", SCENE],
                              capture_output=True, text=True, cwd=folder, timeout=300, check=False,
                              env={**os.environ, "FAR": FAR, "ADDRESS": ADDRESS, "FAR_FOLDER": str(folder),
                                   "HERE": str(Path(__file__).parent)})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
