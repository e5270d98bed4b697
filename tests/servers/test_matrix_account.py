"""An XMPP user logs in to a Matrix account of their own, and speaks as it."""

import sqlite3
import threading
import time
import urllib.parse

from harness import xep
from harness.matrix_servers import NAME, PASSWORD
from harness.matrix_stage import DOMAIN, MatrixCase, core, ghost, jid, on_all_servers

COMMANDS, FORM = "http://jabber.org/protocol/commands", "jabber:x:data"
BOOKMARKS, CARBONS, FORWARD = "urn:xmpp:bookmarks:1", "urn:xmpp:carbons:2", "urn:xmpp:forward:0"
DEVICE = "dragoman (XMPP)"  # as the homeserver lists it


class Wishes:
    """What all these scenarios do."""

    def command_form(self, user, words):
        """The form of the gateway's command whose name has these words: (node, session, the answer)."""
        listed = user.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}' node='{COMMANDS}'/>")
        nodes = {item.get("name"): item.get("node") for item in listed.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")}
        node = next((node for name, node in nodes.items() if words in name), None)
        self.assertIsNotNone(node, f"{words!r} in {nodes}")
        shown = user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='execute'/>", "set")
        self.assertEqual("result", shown.type, str(shown))
        return node, shown.find(f"{{{COMMANDS}}}command").get("sessionid"), shown

    def command(self, user, words, /, **answers):
        """Runs the gateway's command whose name has these words; its last word."""
        node, session, _ = self.command_form(user, words)
        fields = "".join(f"<field var='{name.replace('_', '-')}'><value>{xep.escape(value)}</value></field>"
                         for name, value in answers.items())
        return user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='complete' sessionid='{session}'>"
                        f"<x xmlns='{FORM}' type='submit'>{fields}</x></command>", "set", 30)

    def told(self, user, words, since=0, seconds=30):
        """What the gateway itself said with these words in it."""
        return user.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(DOMAIN)
                                  and words in (s.text("body") or ""), f"the word of {words!r}", since, seconds)

    def log_in(self, user, account, **credentials):
        since = user.seen.mark()
        answer = self.command(user, "Log in", user=account.id, **(credentials or {"password": PASSWORD}))
        self.assertEqual("result", answer.type, str(answer))
        self.addCleanup(self.command, user, "Log out")
        self.told(user, f"You are logged in as {account.id}", since)

    def logged_in(self):
        """Alice in an account that was in a room and a chat with Mary before: (alice, the account on another device, mary,
        the room's JID and id, the chat's id)."""
        alice, account, mary = self.stage.xmpp_user("alice"), self.stage.stranger(), self.stage.stranger()
        room = mary.create(self.alias(), name="The account's room")
        account.join(room)
        chat = mary.create(public=False, invite=[account.id], direct=True)
        account.join(chat)
        self.log_in(alice, account)
        return alice, account, mary, jid(f"#{self.alias()}:{NAME}"), room, chat

    def eventually(self, what, is_so, seconds=20):
        end = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), end, what)
            threading.Event().wait(0.1)

    def account_data(self, account, kind, room=None):
        where = f"rooms/{urllib.parse.quote(room)}/" if room else ""
        try:
            return account.call("GET", f"user/{account.id}/{where}account_data/{kind}")
        except OSError:
            return {}

    def devices(self, account):
        return [device.get("display_name") for device in account.call("GET", "devices")["devices"]]

    def chats_with(self, account, other):
        return self.account_data(account, "m.direct").get(other.id, [])

    def heard(self, user, body, sender=""):
        """How often; what a join repeats is known by its id."""
        return len({s.stanza_id or s.id for s in user.seen.all if s.kind == "message" and s.text("body") == body
                    and s.sender.startswith(sender)})


class Accounts(Wishes):
    @core
    def test_she_speaks_as_her_own_account(self):
        alice, account, mary, where, room, _ = self.logged_in()
        alice.join(where, account.localpart)
        alice.expect_presence(f"{where}/{mary.localpart}")
        alice.message(where, "as myself")
        said = mary.expect_message(room, account.id, "as myself")
        self.assertEqual(said.id, alice.expect_message(f"{where}/{account.localpart}", "as myself").stanza_id)
        self.assertNotIn(ghost("alice"), mary.members(room))
        mary.say(room, "I see")
        alice.expect_message(f"{where}/{mary.localpart}", "I see")
        # What she says from another device is hers, too.
        event = account.say(room, "from elsewhere")
        self.assertEqual(event, alice.expect_message(f"{where}/{account.localpart}", "from elsewhere").stanza_id)
        self.assertEqual(1, mary.bodies(room).count("as myself"))

    @core
    def test_a_chat_of_her_account_is_hers(self):
        alice, account, mary, _, _, chat = self.logged_in()
        mary.say(chat, "just us")
        alice.expect_message(jid(mary.id), "just us", kind="chat")
        alice.message(jid(mary.id), "indeed", "chat")
        mary.expect_message(chat, account.id, "indeed")
        # From another device: here her server does not let the gateway copy it, so it is a note.
        account.say(chat, "from my phone")
        alice.expect_message(jid(mary.id), "(you, from elsewhere) from my phone", kind="chat")

    def test_a_chat_that_she_begins_is_one_on_her_other_devices(self):
        alice, account, *_ = self.logged_in()
        other = self.stage.stranger()
        alice.message(jid(other.id), "Hello?", "chat")
        room = other.expect_invite(account.id)
        other.join(room)
        other.expect_message(room, account.id, "Hello?")
        self.eventually("it is listed as a chat", lambda: room in self.chats_with(account, other))

    def test_an_invitation_to_a_chat_is_a_chat(self):
        alice, account, *_ = self.logged_in()
        other = self.stage.stranger()
        since = alice.seen.mark()
        room = other.create(public=False, invite=[account.id], direct=True)
        other.say(room, "Before you came")
        other.expect_member(room, account.id, "join")
        other.say(room, "And after")
        alice.expect_message(jid(other.id), "And after", since, "chat")
        self.assertEqual(1, self.heard(alice, "Before you came", jid(other.id)))
        alice.expect_presence(jid(other.id), "subscribe", since)
        self.eventually("it is listed as a chat", lambda: room in self.chats_with(account, other))
        self.assertFalse([str(s) for s in alice.seen.all[since:] if xep.child(s, xep.MUC_USER, "x") is not None])
        alice.message(jid(other.id), "Here I am", "chat")
        other.expect_message(room, account.id, "Here I am")

    def test_an_invitation_to_a_room_is_one(self):
        alice, account, *_ = self.logged_in()
        other = self.stage.stranger()
        where = jid(f"#{self.alias('party')}:{NAME}")
        since = alice.seen.mark()
        other.create(self.alias("party"), invite=[account.id], public=False)
        alice.seen.wait_for(lambda s: s.sender == where and s.find(f"{{{xep.MUC_USER}}}x/{{{xep.MUC_USER}}}invite") is not None,
                            "the invitation", since)
        alice.join(where, account.localpart)
        alice.expect_presence(f"{where}/{other.localpart}", since=since)

    def test_a_room_that_she_joins_has_a_past_and_it_is_told_once(self):
        alice, account, mary, *_ = self.logged_in()
        name = self.alias("old")
        room = mary.create(name)
        for number in range(3):
            mary.say(room, f"long ago {number}")
        where = jid(f"#{name}:{NAME}")
        alice.join(where, account.localpart)
        mary.say(room, "and now")
        alice.expect_message(f"{where}/{mary.localpart}", "and now")
        for number in range(3):
            self.assertEqual(1, self.heard(alice, f"long ago {number}", where))

    def test_read_state_goes_both_ways(self):
        alice, account, mary, where, room, chat = self.logged_in()
        event = mary.say(chat, "Read this")
        told = alice.expect_message(jid(mary.id), "Read this", kind="chat")
        alice.message(jid(mary.id), None, "chat", xep.displayed(told.id))
        mary.expect_receipt(chat, account.id, event)
        self.eventually("it is marked as read", lambda: event == self.account_data(account, "m.fully_read", chat).get("event_id"))
        alice.join(where, account.localpart)
        event = mary.say(room, "And this")
        alice.expect_message(f"{where}/{mary.localpart}", "And this")
        alice.message(where, None, more=xep.displayed(event))
        mary.expect_receipt(room, account.id, event)
        # Read on another device.
        event = mary.say(room, "Read elsewhere")
        alice.expect_message(f"{where}/{mary.localpart}", "Read elsewhere")
        account.read(room, event)
        alice.seen.wait_for(lambda s: s.sender == f"{where}/{account.localpart}" and (
            mark := xep.child(s, xep.MARKERS, "displayed")) is not None and mark.get("id") == event, "that it was read")

    def test_her_presence_is_her_account_s(self):
        alice, account, mary, *_ = self.logged_in()
        account.set_presence("offline")
        since = alice.seen.mark()
        alice.send(f"<presence to='{jid(mary.id)}' type='subscribe'/>")
        alice.expect_presence(jid(mary.id), "subscribed", since)
        # She is asked to be seen, and her client (as slixmpp does by itself) says yes.
        alice.expect_presence(jid(mary.id), "subscribe", since)
        heard = mary.seen.mark()
        alice.send("<presence><show>dnd</show><status>at work</status></presence>")
        mary.expect("her presence", lambda s: s.kind == "presence" and s.sender == account.id
                    and s.content.get("status_msg") == "at work", heard, 40)
        heard = mary.seen.mark()
        alice.send("<presence type='unavailable'/>")
        mary.expect("that she has gone", lambda s: s.kind == "presence" and s.sender == account.id
                    and s.content.get("presence") == "offline", heard, 40)

    @core
    def test_the_login_outlives_dragoman(self):
        alice, account, mary, where, room, chat = self.logged_in()
        alice.join(where, account.localpart)
        alice.message(where, "before")
        alice.expect_message(f"{where}/{account.localpart}", "before")
        self.stage.gateway.kill()
        mary.say(room, "while it is away")
        account.say(room, "of my own, while it is away")
        mary.say(chat, "in private, while it is away")
        account.say(chat, "of my own in private, while it is away")
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        if alice.ask(f"{where}/{account.localpart}", "<ping xmlns='urn:xmpp:ping'/>").type == "error":
            alice.join(where, account.localpart, seconds=60)
        alice.expect_message(f"{where}/{mary.localpart}", "while it is away", seconds=60)
        alice.expect_message(f"{where}/{account.localpart}", "of my own, while it is away", seconds=60)
        alice.expect_message(jid(mary.id), "in private, while it is away", kind="chat", seconds=60)
        alice.expect_message(jid(mary.id), "(you, from elsewhere) of my own in private, while it is away", kind="chat",
                             seconds=60)
        alice.message(where, "back as myself")
        mary.expect_message(room, account.id, "back as myself", seconds=60)
        alice.expect_message(f"{where}/{account.localpart}", "back as myself", seconds=60)
        for body in ("while it is away", "in private, while it is away", "before", "back as myself",
                     "(you, from elsewhere) of my own in private, while it is away", "of my own, while it is away"):
            self.assertEqual(1, self.heard(alice, body, ""), body)

    def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(self):
        alice, account, mary, where, room, chat = self.logged_in()
        alice.join(where, account.localpart)
        talk = threading.Thread(target=lambda: [mary.say(room, f"mary {number}") for number in range(20)])
        talk.start()
        for number in range(20):
            alice.message(where, f"alice {number}")
        alice.expect_message(f"{where}/{account.localpart}", "alice 5")
        self.stage.gateway.kill()
        talk.join()
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        if alice.ask(f"{where}/{account.localpart}", "<ping xmlns='urn:xmpp:ping'/>").type == "error":
            alice.join(where, account.localpart, seconds=60)
        alice.message(where, "the end")
        alice.expect_message(f"{where}/{account.localpart}", "the end", seconds=60)
        said = mary.bodies(room)
        for number in range(20):
            self.assertEqual(1, said.count(f"mary {number}"))
            self.assertLessEqual(said.count(f"alice {number}"), 1)
            if self.heard(alice, f"alice {number}", where):
                self.assertEqual(1, said.count(f"alice {number}"), number)
        archived = [body for _, body in alice.archive(where, 50)]
        for body in said:
            self.assertEqual(1, archived.count(body), f"{body} in {archived}")

    def test_a_wrong_password_is_told(self):
        alice, account = self.stage.xmpp_user("alice"), self.stage.stranger()
        since = alice.seen.mark()
        self.command(alice, "Log in", user=account.id, password="not this")
        self.assertIn("password", self.told(alice, "You could not be logged in", since).text("body"))

    def test_a_homeserver_in_a_private_network_is_not_talked_to(self):
        alice = self.stage.xmpp_user("alice")
        for homeserver in ("https://127.0.0.1:8448", "http://localhost:8008", "localhost", "[::1]"):
            since = alice.seen.mark()
            self.command(alice, "Log in", homeserver=homeserver, token="mine")
            self.told(alice, "You could not be logged in", since)

    def test_an_access_token_logs_in(self):
        alice, account = self.stage.xmpp_user("alice"), self.stage.stranger()
        login = account.call("POST", "login", {"type": "m.login.password", "password": PASSWORD,
                                               "identifier": {"type": "m.id.user", "user": account.localpart}})
        self.log_in(alice, account, token=login["access_token"])

    def test_a_single_sign_on_logs_in(self):
        alice, account = self.stage.xmpp_user("alice"), self.stage.stranger()
        *_, form = self.command_form(alice, "Log in")
        words = " ".join(value.text or "" for value in form.xml.iter(f"{{{FORM}}}value"))
        self.assertIn("/_matrix/client/v3/login/sso/redirect?redirectUrl=", words)
        link = next(word for word in words.split() if "/login/sso/redirect" in word)
        # Who gives neither a password nor a token is told the same.
        since = alice.seen.mark()
        self.command(alice, "Log in", user=account.id)
        self.assertIn(link, self.told(alice, "single sign-on", since).text("body"))
        end = self.stage.sign_on.browse(link, account.localpart)
        self.log_in(alice, account, login_token=end)

    def test_logged_out_she_is_a_guest_again_and_the_token_is_worth_nothing(self):
        alice, account, mary, where, room, _ = self.logged_in()
        self.assertEqual(1, self.devices(account).count(DEVICE))
        self.assertEqual("result", self.command(alice, "Log out").type)
        self.eventually("the device is gone", lambda: DEVICE not in self.devices(account))
        alice.join(where, "alice", seconds=60)
        alice.message(where, "as a guest")
        mary.expect_message(room, ghost("alice"), "as a guest")
        items = alice.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}'/>")
        self.assertNotIn(jid(mary.id), {item.get("jid") for item in items.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")})

        def kept():
            with sqlite3.connect(f"file:{self.stage.folder}/dragoman.db?mode=ro", uri=True) as store:
                tables = [name for name, in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                return [row for table in tables if "setting" in table or "note" in table or "outbox" in table
                        for row in store.execute(f"SELECT * FROM {table}")
                        if account.id in str(row) or "access_token" in str(row)]
        self.eventually("nothing is kept of it", lambda: not kept())

    def test_who_may_not_log_in_any_more_is_logged_out(self):
        alice, account, mary, where, room, _ = self.logged_in()
        since = alice.seen.mark()
        bridge = self.stage.gateway.bridges[0]
        self.addCleanup(self.stage.gateway.reload)
        self.addCleanup(setattr, bridge, "allow_login", bridge.allow_login)
        bridge.allow_login = ["bob@localhost"]
        self.stage.gateway.reload()
        self.told(alice, f"you are logged out of {account.id}", since)
        self.eventually("the device is gone", lambda: DEVICE not in self.devices(account))
        self.assertEqual("error", self.shown(alice, "Log in").type)
        alice.join(where, "alice", seconds=60)
        alice.message(where, "as a guest")
        mary.expect_message(room, ghost("alice"), "as a guest")

    def shown(self, user, words):
        """What the gateway's command whose name has these words answers first."""
        listed = user.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}' node='{COMMANDS}'/>")
        node = next(item.get("node") for item in listed.xml.iter(f"{{{xep.DISCO_ITEMS}}}item") if words in item.get("name"))
        return user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='execute'/>", "set")

    def test_a_login_that_ends_elsewhere_is_told(self):
        alice, account, *_ = self.logged_in()
        since = alice.seen.mark()
        account.call("POST", "logout/all", {})
        self.told(alice, f"has logged out {account.id}", since)

    def test_her_rooms_and_chats_are_listed_and_nothing_is_written_where_nothing_is_granted(self):
        alice, account, mary, where, *_ = self.logged_in()

        def listed():
            items = alice.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}'/>")
            return {item.get("jid") for item in items.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")}
        self.eventually("room and chat are listed", lambda: {where, jid(mary.id)} <= listed())
        self.assertNotIn(jid(mary.id), roster(alice))


class Granted(Wishes):
    """With servers that grant the gateway privileges (XEP-0356)."""

    def test_what_she_says_and_reads_elsewhere_is_copied_to_her_clients(self):
        alice, account, mary, _, _, chat = self.logged_in()
        since = alice.seen.mark()
        alice.send(f"<iq type='set' id='carbons'><enable xmlns='{CARBONS}'/></iq>")
        event = mary.say(chat, "just us")
        told = alice.expect_message(jid(mary.id), "just us", since, kind="chat")
        account.say(chat, "from my phone")
        copy = self.expect_copy(alice, lambda m: m.findtext("{jabber:client}body") == "from my phone", since)
        self.assertEqual(jid(mary.id), copy.get("to"))
        account.read(chat, event)
        self.expect_copy(alice, lambda m: (mark := m.find(f"{{{xep.MARKERS}}}displayed")) is not None
                         and mark.get("id") == told.id, since)

    def expect_copy(self, user, where, since):
        """A message of her own that a carbon copies (XEP-0280)."""
        def copied(seen):
            return seen.find(f"{{{CARBONS}}}sent/{{{FORWARD}}}forwarded/{{jabber:client}}message")
        found = user.seen.wait_for(lambda s: s.kind == "message" and s.sender == user.bare and copied(s) is not None
                                   and where(copied(s)), "the copy", since)
        return copied(found)



class GrantedMore(Granted):
    """What ejabberd 23.01 does not know: IQs; and contacts, which it grants and then fails to take."""

    def test_rooms_and_chats_appear_by_themselves(self):
        alice, _, mary, where, *_ = self.logged_in()
        self.eventually("Mary is a contact", lambda: roster(alice).get(jid(mary.id)) == "both")
        self.eventually("the room is a bookmark", lambda: where in bookmarks(alice))
        self.assertEqual("true", bookmarks(alice)[where].get("autojoin"))
        self.assertEqual("The account's room", bookmarks(alice)[where].get("name"))

    def test_what_she_has_read_elsewhere_is_marked_for_her_clients(self):
        alice, account, mary, where, room, _ = self.logged_in()
        alice.join(where, account.localpart)
        event = mary.say(room, "Read elsewhere")
        alice.expect_message(f"{where}/{mary.localpart}", "Read elsewhere")
        account.read(room, event)

        def marked():
            answer = alice.ask(alice.bare, f"<pubsub xmlns='{xep.PUBSUB}'><items node='urn:xmpp:mds:displayed:0'/></pubsub>")
            return [(item.get("id"), mark.get("id")) for item in answer.xml.iter(f"{{{xep.PUBSUB}}}item")
                    for mark in item.iter("{urn:xmpp:sid:0}stanza-id")]
        self.eventually("it is marked", lambda: (where, event) in marked())

    def test_what_she_removes_stays_removed(self):
        alice, account, mary, *_ = self.logged_in()
        self.eventually("Mary is a contact", lambda: jid(mary.id) in roster(alice))
        alice.ask(alice.bare, f"<query xmlns='jabber:iq:roster'><item jid='{jid(mary.id)}' subscription='remove'/></query>", "set")
        self.stage.gateway.stop()
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        other = self.stage.stranger()
        other.create(public=False, invite=[account.id], direct=True)
        self.eventually("the new one is a contact", lambda: jid(other.id) in roster(alice))
        self.assertNotIn(jid(mary.id), roster(alice))


def roster(user):
    """Subscriptions by JID."""
    answer = user.ask(user.bare, "<query xmlns='jabber:iq:roster'/>")
    return {item.get("jid"): item.get("subscription") for item in answer.xml.iter("{jabber:iq:roster}item")}


def bookmarks(user):
    """Conferences by JID."""
    answer = user.ask(user.bare, f"<pubsub xmlns='{xep.PUBSUB}'><items node='{BOOKMARKS}'/></pubsub>")
    return {item.get("id"): item.find(f"{{{BOOKMARKS}}}conference") for item in answer.xml.iter(f"{{{xep.PUBSUB}}}item")}


class GrantedOn_prosody_v11(GrantedMore, MatrixCase):
    xmpp_kind, room_version = "privileged prosody", "11"

    @classmethod
    def place(cls):
        return 100, cls.xmpp_kind


class GrantedOn_ejabberd_v12(Granted, MatrixCase):
    xmpp_kind, room_version = "privileged ejabberd", "12"

    @classmethod
    def place(cls):
        return 101, cls.xmpp_kind


def load_tests(loader, _, __):
    suite = on_all_servers(__name__, Accounts)
    for case in (GrantedOn_prosody_v11, GrantedOn_ejabberd_v12):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
