"""An XMPP user logs in to a Matrix account of their own, and speaks as it."""

from harness import xep
from harness.matrix_servers import NAME, PASSWORD
from harness.matrix_stage import DOMAIN, ghost, jid, on_all_servers

COMMANDS, FORM = "http://jabber.org/protocol/commands", "jabber:x:data"


class Accounts:
    own_stage = True  # who is logged in stays so

    def command(self, user, words, /, **answers):
        """Runs the gateway's command whose name has these words: its last word, and the session's state."""
        listed = user.ask(DOMAIN, f"<query xmlns='{xep.DISCO_ITEMS}' node='{COMMANDS}'/>")
        nodes = {item.get("name"): item.get("node") for item in listed.xml.iter(f"{{{xep.DISCO_ITEMS}}}item")}
        node = next((node for name, node in nodes.items() if words in name), None)
        self.assertIsNotNone(node, f"{words!r} in {nodes}")
        shown = user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='execute'/>", "set")
        self.assertEqual("result", shown.type, str(shown))
        fields = "".join(f"<field var='{name}'><value>{value}</value></field>" for name, value in answers.items())
        return user.ask(DOMAIN, f"<command xmlns='{COMMANDS}' node='{node}' action='complete' sessionid='"
                        f"{shown.find(f'{{{COMMANDS}}}command').get('sessionid')}'><x xmlns='{FORM}' type='submit'>{fields}</x>"
                        "</command>", "set", 30)

    def log_in(self, user, matrix_id, password=PASSWORD):
        since = user.seen.mark()
        answer = self.command(user, "Log in", user=matrix_id, password=password)
        return since, answer

    def logged_in(self):
        """Alice as @carl, who was in a room and a chat with Mary before: (alice, carl, mary, room, chat)."""
        alice = self.stage.xmpp_user("alice")
        mary, carl = self.stage.matrix_user("mary"), self.stage.matrix_user("carl")
        room = mary.create(self.alias(), name="Carl's room")
        carl.join(room)
        chat = mary.create(public=False, invite=[carl.id], direct=True)
        carl.join(chat)
        since, answer = self.log_in(alice, carl.id)
        self.assertEqual("result", answer.type, str(answer))
        alice.seen.wait_for(lambda s: s.sender.startswith(DOMAIN) and carl.id in str(s), "the word that she is in", since, 30)
        return alice, carl, mary, room, chat

    def test_she_speaks_as_her_own_account(self):
        alice, carl, mary, room, chat = self.logged_in()
        where = jid(f"#{self.alias()}:{NAME}")
        alice.join(where, "carl")
        alice.expect_presence(f"{where}/mary")
        alice.message(where, "as myself")
        said = mary.expect_message(room, carl.id, "as myself")
        self.assertEqual(said.id, alice.expect_message(f"{where}/carl", "as myself").stanza_id)
        self.assertNotIn(ghost("alice"), mary.members(room))
        mary.say(room, "I see")
        alice.expect_message(f"{where}/mary", "I see")
        # What she says from another device is hers, too.
        event = carl.say(room, "from elsewhere")
        self.assertEqual(event, alice.expect_message(f"{where}/carl", "from elsewhere").stanza_id)
        self.assertEqual(1, mary.bodies(room).count("as myself"))

    def test_a_chat_of_her_account_is_hers(self):
        alice, carl, mary, room, chat = self.logged_in()
        mary.say(chat, "just us")
        alice.expect_message(jid(mary.id), "just us", kind="chat")
        alice.message(jid(mary.id), "indeed", "chat")
        mary.expect_message(chat, carl.id, "indeed")

    def test_the_login_outlives_dragoman(self):
        alice, carl, mary, room, chat = self.logged_in()
        where = jid(f"#{self.alias()}:{NAME}")
        alice.join(where, "carl")
        self.stage.gateway.kill()
        mary.say(room, "while it is away")
        since = alice.seen.mark()
        self.stage.gateway.start()
        alice.wait_for_gateway(DOMAIN)
        if alice.ask(f"{where}/carl", "<ping xmlns='urn:xmpp:ping'/>").type == "error":
            alice.join(where, "carl", seconds=60)
        alice.expect_message(f"{where}/mary", "while it is away", since, seconds=60)
        alice.message(where, "back as myself")
        mary.expect_message(room, carl.id, "back as myself", seconds=60)

    def test_a_wrong_password_is_told(self):
        alice = self.stage.xmpp_user("alice")
        self.stage.matrix_user("carl")
        since, answer = self.log_in(alice, f"@carl:{NAME}", "not this")
        if answer.type == "error":
            return
        alice.seen.wait_for(lambda s: s.kind == "message" and s.sender.startswith(DOMAIN) and "assword" in str(s),
                            "the word that the password is wrong", since, 30)

    def test_logged_out_she_is_a_guest_again(self):
        alice, carl, mary, room, chat = self.logged_in()
        self.assertEqual("result", self.command(alice, "Log out").type)
        where = jid(f"#{self.alias()}:{NAME}")
        alice.join(where, "alice", seconds=60)
        alice.message(where, "as a guest")
        mary.expect_message(room, ghost("alice"), "as a guest")


def load_tests(_, __, ___):
    return on_all_servers(__name__, Accounts, pairs=(("prosody", "11"), ("ejabberd", "12")))
