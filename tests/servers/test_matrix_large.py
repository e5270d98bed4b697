"""What is large: rooms of many people, and files."""

import json
import re
from pathlib import Path
from urllib.parse import quote

from harness import pictures, xep
from harness.files import fetch
from harness.gateway import MAX_FILE_BYTES
from harness.matrix_servers import NAME
from harness.matrix_stage import ghost, jid, on_all_servers

ALICE = ghost("alice")
MANY = 120  # dragoman shows everybody in a room of a hundred
FIFTY_MEGABYTES = 50_000_000


def url_in(seen):
    found = seen.find(f"{{{xep.OOB}}}x/{{{xep.OOB}}}url")
    return None if found is None else found.text


class Large:
    # --------------------------------------------------------------------------------------------------------- rooms

    def crowd(self, room, admin):
        """The user ids of many who are in a room from here on; none of them has a client."""
        names = [f"quiet{number}" for number in range(MANY)]
        for name in names:
            self.stage.homeserver.register(name)
            admin.fetch(f"/_synapse/admin/v1/join/{quote(room)}", "POST", {"user_id": f"@{name}:{NAME}"})
        return names

    def test_a_room_of_many_shows_moderators_and_who_speaks_and_counts_all(self):
        self.stage.homeserver.register("registrar", admin=True)
        alice, registrar = self.stage.xmpp_user("alice"), self.stage.matrix_user("registrar")
        john, speaker = self.stage.matrix_user("john"), self.stage.matrix_user("speaker")
        name = self.alias()
        room = registrar.create(name, name="The Square")
        where = jid(f"#{name}:{NAME}")
        quiet = self.crowd(room, registrar)
        for person in (john, speaker):
            person.join(room)
        registrar.set_level(room, john.id, 50)
        speaker.say(room, "Is anybody here?")

        since = alice.seen.mark()
        alice.join(where, "alice", since)
        shown = {s.sender.removeprefix(f"{where}/"): s for s in alice.seen.all[since:] if s.kind == "presence"
                 and s.sender.startswith(where) and s.type == ""}
        self.assertEqual({"alice", "registrar", "john", "speaker"}, set(shown))
        self.assertEqual("owner", xep.item_of(shown["registrar"])[0])
        self.assertEqual("admin", xep.item_of(shown["john"])[0])
        self.assertEqual(MANY + 4, self.count(alice, where))

        # One of the many speaks: there first, then heard. Nick and words go out with the clients that they have.
        one = self.stage.matrix_user(quiet[7])
        since = alice.seen.mark()
        one.say(room, "I am")
        alice.expect_message(f"{where}/{quiet[7]}", "I am", since)
        said = [s.kind for s in alice.seen.all[since:] if s.sender == f"{where}/{quiet[7]}"]
        self.assertEqual(["presence", "message"], said)
        # Who is spoken to by name is found, shown or not; who goes is gone, and counted no longer.
        alice.message(where, f"@{quiet[8]}:{NAME}: and you?")
        heard = registrar.expect("the words", lambda s: s.room == room and s.sender == ALICE and s.type == "m.room.message")
        self.assertIn(f"@{quiet[8]}:{NAME}", str(heard.content))
        one.leave(room)
        alice.expect_presence(f"{where}/{quiet[7]}", "unavailable", since)

    def count(self, user, where):
        info = user.ask(where, f"<query xmlns='{xep.DISCO_INFO}'/>")
        return int(re.search(r'var="muc#roominfo_occupants".*?value>(\d+)<', str(info).replace("'", '"')).group(1))

    # --------------------------------------------------------------------------------------------------------- files

    def test_a_file_of_matrix_that_is_too_large_is_told_to_both_sides(self):
        alice, mary, where, room = self.people_in_a_room()
        mxc = mary.upload(bytes(FIFTY_MEGABYTES), "video/mp4", "film.mp4")
        content = {"msgtype": "m.video", "body": "film.mp4", "filename": "film.mp4", "url": mxc}
        mary.send(room, {**content, "info": {"mimetype": "video/mp4", "size": FIFTY_MEGABYTES}})
        told = alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and "film.mp4" in (s.text("body") or ""), "its name")
        self.assertIsNone(url_in(told))
        self.assertIn("50.0 MB", told.text("body"))
        notice = mary.expect_event(room, "m.room.message", ALICE)
        self.assertEqual("m.notice", notice.content["msgtype"])
        self.assertIn("larger than", notice.body)
        # Who says nothing of its size gets a link to it, which leads to no file.
        since = alice.seen.mark()
        mary.send(room, {**content, "info": {"mimetype": "video/mp4"}})
        url = url_in(alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and url_in(s), "the link", since))
        status, _, answer = fetch(url)
        self.assertEqual((502, "M_TOO_LARGE"), (status, json.loads(answer)["errcode"]))

    def test_a_file_of_xmpp_that_is_too_large_stays_a_link_and_both_sides_are_told(self):
        alice, mary, where, room = self.people_in_a_room()
        url = self.stage.files.put("film.mp4", "video/mp4", bytes(FIFTY_MEGABYTES))
        alice.message(where, url, more=xep.oob(url))
        heard = mary.expect_event(room, "m.room.message", ALICE)
        self.assertEqual("m.text", heard.content["msgtype"])
        self.assertTrue(heard.body.startswith(url), heard.body)
        self.assertIn("larger than", heard.body)
        alice.expect_message(f"{where}/alice", url)
        word = alice.seen.wait_for(lambda s: s.kind == "message" and s.sender == where and s.text("body"), "a word on it")
        self.assertIn("film.mp4 is larger than", word.text("body"))

    def test_a_large_file_is_never_held_in_memory_whole(self):
        alice, mary, where, room = self.people_in_a_room()
        data = bytes(range(256)) * (30_000_000 // 256)
        self.assertLess(len(data), MAX_FILE_BYTES)
        peak = self.peak_begins()
        mary.send_file(room, data, "application/octet-stream", "large.bin")
        url = url_in(alice.seen.wait_for(lambda s: s.sender == f"{where}/mary" and url_in(s), "the file"))
        self.assertEqual((200, data), fetch(url)[::2])
        away = self.stage.files.put("large.bin", "application/octet-stream", data)
        alice.message(where, away, more=xep.oob(away))
        event = mary.expect_event(room, "m.room.message", ALICE)
        self.assertEqual("m.file", event.content["msgtype"])
        self.assertEqual(data, mary.download(event.content["url"]))
        self.assertLess(self.peak() - peak, len(data) // 2)  # most of it what is used here for the first time

    def peak_begins(self):
        """How many bytes dragoman has in memory; its most is counted from here on (proc(5), clear_refs)."""
        Path(f"/proc/{self.stage.gateway.process.pid}/clear_refs").write_text("5")
        return self.peak()

    def peak(self):
        status = Path(f"/proc/{self.stage.gateway.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def test_a_thumbnail_of_xmpp_is_one_on_matrix(self):
        alice, mary, where, room = self.people_in_a_room()
        film, small = b"\0\0\0\x18ftypmp42" + bytes(5000), pictures.png(32, 18)
        url = self.stage.files.put("film.mp4", "video/mp4", film)
        thumbnail = self.stage.files.put("small.png", "image/png", small)
        alice.message(where, url, more=xep.file_sharing(
            url, "film.mp4", "video/mp4", len(film),
            f"<thumbnail xmlns='urn:xmpp:thumbs:1' uri='{thumbnail}' media-type='image/png' width='32' height='18'/>"))
        event = mary.expect_event(room, "m.room.message", ALICE)
        self.assertEqual("m.video", event.content["msgtype"])
        info = event.content["info"]
        self.assertEqual(film, mary.download(event.content["url"]))
        self.assertEqual(small, mary.download(info["thumbnail_url"]))
        self.assertEqual({"mimetype": "image/png", "size": len(small), "w": 32, "h": 18}, info["thumbnail_info"])
        # One that can't be had costs the file nothing.
        since = mary.seen.mark()
        alice.message(where, url, more=xep.file_sharing(
            url, "film.mp4", "video/mp4", len(film),
            f"<thumbnail xmlns='urn:xmpp:thumbs:1' uri='{thumbnail}x' media-type='image/png'/>"))
        event = mary.expect_event(room, "m.room.message", ALICE, since=since)
        self.assertEqual("m.video", event.content["msgtype"])
        self.assertNotIn("thumbnail_url", event.content["info"])


def load_tests(_, __, ___):
    return on_all_servers(__name__, Large)
