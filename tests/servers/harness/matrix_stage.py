"""What a Matrix scenario stands on: an XMPP server, a Synapse, the gateway between them, and the people."""

import re
import unittest

from . import xmpp_servers
from .clients import XmppUser
from .files import FileServer
from .gateway import Gateway, MatrixBridge
from .matrix_servers import NAME, Synapse
from .matrix_user import MatrixUser
from .process import remove_folder, temporary_folder
from .sign_on import SignOnServer
from .stage import BINARY

DOMAIN = xmpp_servers.MATRIX_DOMAIN


def jid(matrix_id):
    """The address of "#lobby:hs.test", "!Abc:hs.test", "@mary:hs.test" or "hs.test" here."""
    node = re.sub(r"[A-Z^]", lambda letter: "^" + letter[0].lower(), matrix_id.removeprefix("@")).replace(":", "%")
    return f"{node}@{DOMAIN}"


def ghost(name):
    """The user id of an XMPP user's stand-in."""
    return f"@_xmpp_{name}=40{xmpp_servers.HOST}:{NAME}"


class MatrixStage:
    def __init__(self, xmpp_kind, room_version):
        self.folder = temporary_folder()
        self.files = FileServer()
        self.xmpp = xmpp_servers.ALL[xmpp_kind](self.folder)
        self.homeserver = Synapse(self.folder, room_version)
        self.sign_on = SignOnServer()
        self.homeserver.sign_on = self.sign_on.url
        self.gateway = Gateway(self.folder, BINARY, self.xmpp, MatrixBridge(self.homeserver))
        self.people, self.strangers = [], 0

    def start(self):
        self.gateway.register_with(self.homeserver)
        self.xmpp.start()
        self.homeserver.start()
        self.gateway.start()

    def xmpp_user(self, name):
        user = XmppUser(name, self.xmpp.c2s_port)
        self.people.append(user)
        user.wait_for_gateway(DOMAIN)
        return user

    def matrix_user(self, localpart):
        self.people.append(MatrixUser(localpart, self.homeserver))
        return self.people[-1]

    def stranger(self):
        """A Matrix user whom nobody knows yet."""
        self.strangers += 1
        return self.matrix_user(f"stranger{self.strangers}")

    def send_home(self):
        while self.people:
            self.people.pop().close()

    def close(self):
        self.send_home()
        for server in (self.gateway, self.homeserver, self.xmpp):
            server.stop()
        self.files.close()
        self.sign_on.close()
        remove_folder(self.folder)

    def alive(self):
        return all(server.process and server.process.poll() is None
                   for server in (self.xmpp, self.homeserver, self.gateway))

    def words(self):
        return "".join(f"--- {server.name}'s last words\n{server.last_words(25)}\n"
                       for server in (self.xmpp, self.homeserver, self.gateway))


class _Shared:
    """The stage that scenarios share, one after the other: three servers take longer to start than a scenario to play. Each
    scenario has rooms of its own."""

    key = stage = None

    @classmethod
    def take(cls, key):
        if cls.key != key or not cls.stage.alive():
            cls.drop()
            stage = MatrixStage(*key)
            try:
                stage.start()
            except BaseException:
                print(stage.words())
                stage.close()
                raise
            cls.key, cls.stage = key, stage
        return cls.stage

    @classmethod
    def drop(cls):
        if cls.stage:
            cls.stage.close()
        cls.key = cls.stage = None


class MatrixCase(unittest.TestCase):
    """Skips where a server can't be had; shows the servers' last words when it fails."""

    xmpp_kind, room_version = "prosody", "11"
    own_stage = False  # for what leaves the servers another than it found them

    @classmethod
    def place(cls):
        """Scenarios are played in this order: who shares a stage follow one another."""
        return FULL.index(cls.pair()) if cls.pair() in FULL else len(FULL) + OTHERS.index(cls.pair()), cls.own_stage

    @classmethod
    def pair(cls):
        return cls.xmpp_kind, cls.room_version

    def setUp(self):
        if not xmpp_servers.ALL[self.xmpp_kind].installed():
            self.skipTest(f"{self.xmpp_kind} is not installed")
        if why := Synapse.missing():
            self.skipTest(why)
        if self.own_stage:
            _Shared.drop()
        self.stage = _Shared.take(self.pair())
        self.addCleanup(_Shared.drop if self.own_stage else self.stage.send_home)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        outcome = super().run(result)
        if len(result.failures) + len(result.errors) > before:
            if hasattr(self, "words"):
                print(self.words)
            _Shared.drop()  # the next one gets a clean one
        return outcome

    def tearDown(self):
        self.words = self.stage.words()

    # ----------------------------------------------------------------------------------------------- what many need

    def alias(self, name=None):
        """A name that no other scenario on this stage uses; without "#" and server."""
        return f"{name or 'room'}-{self._testMethodName.removeprefix('test_')[:40].replace('_', '-')}"

    def people_in_a_room(self, mary=None, **room):
        """Alice of XMPP and Mary of Matrix are in a new room: (alice, mary, the room's JID, its id)."""
        alice, mary = self.stage.xmpp_user("alice"), mary or self.stage.matrix_user("mary")
        name = self.alias()
        identity = mary.create(name, **room)
        where = jid(f"#{name}:{NAME}")
        alice.join(where, "alice")
        mary.expect_member(identity, ghost("alice"), "join")
        return alice, mary, where, identity


# All scenarios are played on these, so that each XMPP server and each room version takes part; on the others the core.
FULL, OTHERS = (("prosody", "12"), ("ejabberd", "11")), (("prosody", "11"), ("ejabberd", "12"))


def core(test):
    """Marks what is played on each XMPP server with each room version."""
    test.is_core = True
    return test


def on_all_servers(module, *scenarios):
    """For a module's load_tests(): a class for each XMPP server with each room version."""
    suite = unittest.TestSuite()
    for xmpp, version in FULL + OTHERS:
        for scenario in scenarios:
            case = type(f"{scenario.__name__}On_{xmpp}_v{version}", (scenario, MatrixCase),
                        {"xmpp_kind": xmpp, "room_version": version, "__module__": module})
            suite.addTests(test for test in unittest.defaultTestLoader.loadTestsFromTestCase(case)
                           if (xmpp, version) in FULL or hasattr(getattr(test, test._testMethodName), "is_core"))
    return suite
