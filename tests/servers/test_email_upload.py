"""Files of mails on the XMPP server's own upload service (XEP-0363), and by links where that takes them not."""

import unittest
import urllib.request

from harness import xmpp_servers
from harness.email_stage import EmailCase, address

OOB = "{jabber:x:oob}"


class UploadCase(EmailCase):
    more = {"upload_to": f"{{service: {xmpp_servers.UPLOAD_DOMAIN}}}"}

    def file_from(self, alice, bob, mail, data, name, kind=("image", "png")):
        """Bob sends it by mail, and Alice sees it: (its URL, what is there)."""
        since = alice.seen.mark()
        answer = bob.compose(address("alice"), f"A file of {len(data)} bytes.", answer_to=mail)
        answer.add_attachment(data, *kind, filename=name)
        bob.send(answer)
        heard = alice.seen.wait_for(lambda s: s.kind == "message" and s.find(f"{OOB}x") is not None, "the file", since, 40)
        url = heard.find(f"{OOB}x").findtext(f"{OOB}url")
        with urllib.request.urlopen(url, timeout=20) as answered:
            return url, answered.read()


class Uploads:
    def test_a_file_lies_on_the_upload_service_to_the_byte(self):
        alice, bob, mail = self.known_to_each_other()
        for data, name, kind in ((bytes(range(256)) * 400, "a pićture & more.png", ("image", "png")),
                                 (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "invite.ics", ("application", "octet-stream"))):
            url, got = self.file_from(alice, bob, mail, data, name, kind)
            self.assertTrue(url.startswith(self.stage.xmpp.upload_url), url)
            self.assertEqual(data, got)

    def test_a_file_that_is_too_large_for_it_is_a_link(self):
        alice, bob, mail = self.known_to_each_other()
        large = bytes(range(256)) * (xmpp_servers.LARGEST_UPLOAD // 256 + 1)
        url, got = self.file_from(alice, bob, mail, large, "large.png")
        self.assertTrue(url.startswith(f"http://127.0.0.1:{self.stage.bridge.files_port}/mail/"), url)
        self.assertEqual(large, got)

    def test_the_doctor_says_that_files_may_be_put_there(self):
        self.file_from(*self.known_to_each_other(), b"Ours.", "small.txt", ("text", "plain"))
        status, said, errors = self.stage.gateway.run("doctor", "email")
        self.assertEqual(0, status, said + errors)
        self.assertIn(f"upload.localhost takes files of mails, up to {xmpp_servers.LARGEST_UPLOAD} bytes", said)


class UploadsOnProsody(Uploads, UploadCase):
    xmpp_kind = "upload prosody"


class UploadsOnEjabberd(Uploads, UploadCase):
    xmpp_kind = "upload ejabberd"


class UploadsOnStrictEjabberd(UploadCase):
    xmpp_kind = "strict ejabberd"

    def test_where_the_gateway_is_not_let_in_files_are_links_and_the_doctor_says_so(self):
        alice, bob, mail = self.known_to_each_other()
        data = bytes(range(256))
        url, got = self.file_from(alice, bob, mail, data, "small.png")
        self.assertTrue(url.startswith(f"http://127.0.0.1:{self.stage.bridge.files_port}/mail/"), url)
        self.assertEqual(data, got)
        status, said, errors = self.stage.gateway.run("doctor", "email")
        self.assertEqual(1, status, said + errors)
        self.assertIn("Let mail.localhost upload", said)


if __name__ == "__main__":
    unittest.main()
