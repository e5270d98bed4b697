"""What is said in many kinds: stickers, voices, places, polls, files and their captions, mentions; both ways."""

import urllib.request

from harness import pictures, xep
from harness.files import fetch
from harness.matrix_stage import ghost, on_all_servers

ALICE = ghost("alice")


class Kinds:
    def hear(self, user, sender, what, where):
        return user.seen.wait_for(lambda s: s.kind == "message" and s.sender == sender and where(s), what)

    # ------------------------------------------------------------------------------------- from Matrix, beyond text

    def test_stickers_are_pictures_with_words(self):
        alice, mary, where, room = self.people_in_a_room()
        mxc = mary.upload(pictures.png(64, 64), "image/png", "cat.png")
        mary.send(room, {"body": "A cat that waves", "url": mxc, "info": {"mimetype": "image/png", "w": 64, "h": 64}}, "m.sticker")
        told = self.hear(alice, f"{where}/mary", "the sticker", xep.shared_file)
        file = xep.shared_file(told)
        self.assertIsNotNone(xep.child(told, xep.STICKERS, "sticker"), str(told))
        self.assertEqual(("A cat that waves", "64"), (file["desc"], file["width"]))
        self.assertEqual((200, "image/png"), fetch(file["url"])[:2])

    def test_a_voice_message_is_a_sound_with_a_length(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.send_file(room, b"OggS" + bytes(200), "audio/ogg", "Voice message.ogg", "m.audio", info={"duration": 4200},
                       **{"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {"duration": 4200, "waveform": [0, 9]}})
        told = self.hear(alice, f"{where}/mary", "the voice", xep.shared_file)
        file = xep.shared_file(told)
        self.assertEqual(("audio/ogg", "4200"), (file["media-type"], file["length"]))
        self.assertIn("oice", file["desc"])
        self.assertEqual(file["url"], told.text("body"))

    def test_places_and_polls_can_be_read(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.send(room, {"msgtype": "m.location", "body": "The old oak", "geo_uri": "geo:51.5,-0.1;u=10"})
        told = self.hear(alice, f"{where}/mary", "the place", lambda s: "The old oak" in (s.text("body") or ""))
        self.assertIn("geo:51.5,-0.1", told.text("body"))
        start = mary.send(room, {"org.matrix.msc3381.poll.start": {
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1,
            "question": {"org.matrix.msc1767.text": "Tea or coffee?"},
            "answers": [{"id": "a", "org.matrix.msc1767.text": "Tea"}, {"id": "b", "org.matrix.msc1767.text": "Coffee"}]},
            "org.matrix.msc1767.text": "Tea or coffee?\n1. Tea\n2. Coffee"}, "org.matrix.msc3381.poll.start")
        told = self.hear(alice, f"{where}/mary", "the poll", lambda s: "Tea or coffee?" in (s.text("body") or ""))
        for answer in ("1. Tea", "2. Coffee"):
            self.assertIn(answer, told.text("body"))
        mary.send(room, {"m.relates_to": {"rel_type": "m.reference", "event_id": start}, "org.matrix.msc3381.poll.end": {},
                         "org.matrix.msc1767.text": "The poll has ended. Top answer: Tea"}, "org.matrix.msc3381.poll.end")
        self.hear(alice, f"{where}/mary", "its end", lambda s: "Top answer: Tea" in (s.text("body") or ""))

    def test_what_is_not_known_is_read_by_its_body(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.send(room, {"nothing": "we know"}, "org.example.unheard.of")
        mary.send(room, {"msgtype": "org.example.confetti", "body": "Hooray!"})
        mary.send(room, {"msgtype": "m.notice", "body": "I am a robot"})
        alice.expect_message(f"{where}/mary", "Hooray!")
        self.hear(alice, f"{where}/mary", "the notice", lambda s: (s.text("body") or "").endswith("I am a robot"))

    # --------------------------------------------------------------------------------------------------------- files

    def test_a_picture_comes_with_its_measures_and_a_small_one(self):
        alice, mary, where, room = self.people_in_a_room()
        data = pictures.png(640, 480)
        small = mary.upload(pictures.png(80, 60), "image/png", "small.png")
        mary.send_file(room, data, "image/png", "a view.png", "m.image", "From the *tower*", {
            "w": 640, "h": 480, "thumbnail_url": small, "thumbnail_info": {"mimetype": "image/png", "w": 80, "h": 60}})
        file = xep.shared_file(self.hear(alice, f"{where}/mary", "the picture", xep.shared_file))
        self.assertEqual(("a view.png", "image/png", str(len(data)), "640", "480"), tuple(
            file[name] for name in ("name", "media-type", "size", "width", "height")))
        self.assertEqual(data, fetch(file["url"])[2])
        status, kind, thumbnail = fetch(file["thumbnail"])
        self.assertEqual((200, "image/png"), (status, kind))
        self.assertLessEqual(pictures.size_of(thumbnail)[0], 640)
        self.hear(alice, f"{where}/mary", "the caption", lambda s: "From the *tower*" in (s.text("body") or ""))

    def test_a_link_to_a_file_can_t_be_made_to_do_harm(self):
        alice, mary, where, room = self.people_in_a_room()
        mary.send_file(room, b"<script>alert(1)</script>", "text/html", "page.html")
        url = xep.shared_file(self.hear(alice, f"{where}/mary", "the page", xep.shared_file))["url"]
        with urllib.request.urlopen(url, timeout=20) as answer:
            headers = answer.headers
            self.assertEqual(b"<script>alert(1)</script>", answer.read())
        self.assertIn("sandbox", headers["Content-Security-Policy"])
        self.assertEqual("nosniff", headers["X-Content-Type-Options"])
        self.assertTrue(headers.get_content_type() != "text/html" or headers["Content-Disposition"].startswith("attachment"),
                        str(headers))
        head = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(head, timeout=20) as answer:
            self.assertEqual(200, answer.status)
        for forged in (f"{url}/../../secret", url[:len(url) // 2], url.replace("/page.html", "x/page.html")):
            self.assertNotEqual(200, fetch(forged)[0], forged)

    def test_a_file_of_xmpp_with_all_that_is_known_of_it(self):
        alice, mary, where, room = self.people_in_a_room()
        data = pictures.png(30, 20)
        url = self.stage.files.put("from-alice.png", "image/png", data)
        caption = "Look at this"
        body = f"{caption}\n{url}"
        alice.message(where, body, more=xep.file_sharing(url, "my view.png", "image/png", len(data),
                                                         "<width>30</width><height>20</height>")
                      + f"<fallback xmlns='{xep.FALLBACK}' for='{xep.SHARING}'><body start='{len(caption) + 1}' "
                      f"end='{len(body)}'/></fallback>")
        event = mary.expect_event(room, "m.room.message", ALICE, lambda s: s.content["msgtype"] == "m.image")
        self.assertEqual(("my view.png", caption), (event.content["filename"], event.content["body"].strip()))
        info = event.content["info"]
        self.assertEqual(("image/png", len(data), 30, 20), (info["mimetype"], info["size"], info["w"], info["h"]))
        self.assertEqual(data, mary.download(event.content["url"]))
        self.assertEqual(event.id, alice.seen.wait_for(lambda s: s.sender == f"{where}/alice" and xep.shared_file(s),
                                                       "the reflection").stanza_id)

    def test_a_file_that_can_t_be_had_is_a_link(self):
        alice, mary, where, room = self.people_in_a_room()
        url = self.stage.files.put("there", "text/plain", b"x").replace("/there", "/not-there.txt")
        alice.message(where, url, more=xep.oob(url))
        mary.expect("the link", lambda s: s.kind == "timeline" and s.room == room and s.sender == ALICE
                    and url in (s.body or ""))
        alice.message(where, "and on we go")
        mary.expect_message(room, ALICE, "and on we go")

    def test_a_redacted_file_of_xmpp_is_gone_on_matrix(self):
        alice, mary, where, room = self.people_in_a_room()
        url = self.stage.files.put("regret.txt", "text/plain", b"regret")
        alice.message(where, url, more=xep.oob(url))
        event = mary.expect_event(room, "m.room.message", ALICE)
        own = alice.seen.wait_for(lambda s: s.sender == f"{where}/alice" and s.stanza_id == event.id, "the reflection")
        alice.message(where, "/me retracted", more=xep.retract(own.stanza_id))
        mary.expect_event(room, "m.room.redaction", ALICE, lambda s: event.id in (s.event.get("redacts"), s.content.get("redacts")))

    # ------------------------------------------------------------------------------------------------------ mentions

    def test_who_is_named_is_told_so_on_both_sides(self):
        alice, mary, where, room = self.people_in_a_room()
        alice.message(where, "mary: come here")
        said = mary.expect_message(room, ALICE, "mary: come here")
        self.assertEqual({"user_ids": [mary.id]}, said.content["m.mentions"])
        self.assertIn(f"https://matrix.to/#/{mary.id.replace('@', '%40').replace(':', '%3A')}", said.content["formatted_body"]
                      .replace("/@", "/%40").replace(":hs", "%3Ahs"))
        uri = f"xmpp:{where.replace('#', '%23').replace('%hs', '%25hs')}/mary"
        alice.message(where, "I mean mary!", more=f"<reference xmlns='{xep.REFERENCE}' type='mention' begin='7' end='11' "
                      f"uri='{uri}'/>")
        said = mary.expect_message(room, ALICE, "I mean mary!")
        self.assertEqual({"user_ids": [mary.id]}, said.content["m.mentions"])

        mary.say(room, "alice: yes?", **{"m.mentions": {"user_ids": [ALICE]}, "format": "org.matrix.custom.html",
                                         "formatted_body": f"<a href='https://matrix.to/#/{ALICE}'>alice</a>: yes?"})
        told = alice.expect_message(f"{where}/mary", "alice: yes?")
        mention = xep.child(told, xep.REFERENCE, "reference")
        self.assertEqual(("mention", "0", "5"), (mention.get("type"), mention.get("begin"), mention.get("end")))
        self.assertTrue(mention.get("uri").endswith("/alice"), mention.get("uri"))

    def test_a_reply_to_a_file_and_an_edit_of_a_reply(self):
        alice, mary, where, room = self.people_in_a_room()
        event = mary.send_file(room, pictures.png(), "image/png", "dot.png", "m.image")
        file = self.hear(alice, f"{where}/mary", "the picture", xep.shared_file)
        spoken = alice.message(where, "Nice", more=xep.reply(file.stanza_id, f"{where}/mary"))
        reply = mary.expect_message(room, ALICE, "Nice")
        self.assertEqual(event, reply.content["m.relates_to"]["m.in_reply_to"]["event_id"])
        alice.expect_message(f"{where}/alice", "Nice")
        alice.message(where, "Very nice", more=xep.reply(file.stanza_id, f"{where}/mary") + xep.replace(spoken))
        edit = mary.expect("the edit", lambda s: s.room == room and s.sender == ALICE and "m.new_content" in s.content)
        self.assertEqual((reply.id, "Very nice"), (edit.content["m.relates_to"]["event_id"], edit.content["m.new_content"]["body"]))

    def test_long_texts_and_odd_letters_cross(self):
        alice, mary, where, room = self.people_in_a_room()
        long = "\n".join(f"line {number} of many, with ümläuts, 漢字 and 🎉" for number in range(300))
        alice.message(where, long)
        mary.expect_message(room, ALICE, long)
        mary.say(room, long + "!")
        alice.expect_message(f"{where}/mary", long + "!")
        mary.say(room, "a\u0000b\u0007c]]>&lt;<x/>\ufffe")
        told = self.hear(alice, f"{where}/mary", "the odd one", lambda s: "]]>&lt;<x/>" in (s.text("body") or ""))
        self.assertNotIn("\u0007", told.text("body"))


def load_tests(_, __, ___):
    return on_all_servers(__name__, Kinds)
