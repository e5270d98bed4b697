"""The conversation of scripts/quickstart."""

import importlib.util
import signal
import sys

from harness import irc_servers, xmpp_servers
from harness.gateway import MatrixBridge
from harness.matrix_servers import PASSWORD, Synapse
from harness.process import end_all, free_port
from harness.stage import Stage

ROOM = f"#lobby%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"
CAROL = f"carol%{irc_servers.NAME}@{xmpp_servers.DOMAIN}"


def say(words):
    print(f"   {words}", flush=True)


def start(stage):
    for what, server in (("Prosody", stage.xmpp), ("ngIRCd", stage.irc), ("dragoman", stage.gateway)):
        server.start()
        say(f"{what} is up")


def greet(stage):
    alice, carol = stage.xmpp_user("alice"), stage.irc_user("carol")
    alice.wait_for_gateway()
    say("dragoman is connected to Prosody as irc.localhost")
    carol.join("#lobby")
    say("carol joins #lobby on IRC")
    alice.join(ROOM, "alice")
    carol.expect("join", "alice")
    alice.expect_presence(f"{ROOM}/carol")
    say(f"alice joins {ROOM} on XMPP, and they see each other\n")

    alice.message(ROOM, "Good morning, IRC!")
    carol.expect("pubmsg", "alice", "Good morning, IRC!", "#lobby")
    say("#lobby  <alice> Good morning, IRC!                 XMPP -> IRC")
    carol.say("#lobby", "Good morning, XMPP!")
    alice.expect_message(f"{ROOM}/carol", "Good morning, XMPP!")
    say("#lobby  <carol> Good morning, XMPP!                IRC -> XMPP")
    alice.message(ROOM, "/me waves across the wire")
    carol.expect("action", "alice", "waves across the wire")
    say("#lobby  * alice waves across the wire              XMPP -> IRC")
    carol.say("alice", "And between the two of us: hello.")
    alice.expect_message(CAROL, "And between the two of us: hello.", kind="chat")
    say("private <carol> And between the two of us: hello.  IRC -> XMPP")
    alice.message(CAROL, "Hello to you, carol.", "chat")
    carol.expect("privmsg", "alice", "Hello to you, carol.")
    say("private <alice> Hello to you, carol.               XMPP -> IRC\n")
    alice.close()
    stage.people.remove(alice)
    return carol


def matrix_is_missing():
    """Why Matrix takes no part; empty: it does."""
    if not importlib.util.find_spec("nio"):
        return "python3-matrix-nio is not installed"
    return Synapse.missing()


def add_matrix(stage, is_wanted):
    """Before the start: the homeserver knows of dragoman and dragoman of the homeserver. A Synapse that does not start here
    takes no part, unless it is asked for."""
    homeserver = Synapse(stage.folder)
    bridge = MatrixBridge(homeserver)
    stage.gateway.bridges.append(bridge)
    stage.gateway.register_with(homeserver)
    try:
        homeserver.start()
    except AssertionError as error:
        if is_wanted:
            raise
        say(f"Matrix takes no part: {error}")
        stage.gateway.bridges.remove(bridge)
        return None
    say("Synapse is up, with the registration that dragoman made")
    return homeserver


def greet_on_matrix(stage, homeserver):
    from harness.matrix_stage import DOMAIN, ghost, jid
    from harness.matrix_user import MatrixUser

    alice = stage.xmpp_user("alice")
    alice.wait_for_gateway(DOMAIN)
    mary = MatrixUser("mary", homeserver)
    stage.people.append(mary)
    lobby = mary.create("lobby", name="Lobby")
    where = jid(f"#lobby:{homeserver.server_name}")
    alice.join(where, "alice")
    mary.expect_member(lobby, ghost("alice"), "join")
    say(f"mary makes #lobby on Matrix, alice joins {where}\n")
    alice.message(where, "Good morning, Matrix!")
    mary.expect_message(lobby, ghost("alice"), "Good morning, Matrix!")
    say("#lobby  <alice> Good morning, Matrix!              XMPP -> Matrix")
    mary.say(lobby, "Good morning, XMPP!")
    alice.expect_message(f"{where}/mary", "Good morning, XMPP!")
    say("#lobby  <mary> Good morning, XMPP!                 Matrix -> XMPP")
    alice.message(jid(mary.id), "And between the two of us: hello.", "chat")
    chat = mary.expect_invite(ghost("alice"))
    mary.join(chat)
    mary.expect_message(chat, ghost("alice"), "And between the two of us: hello.")
    say("private <alice> And between the two of us: hello.  XMPP -> Matrix")
    mary.say(chat, "Hello to you, alice.")
    alice.expect_message(jid(mary.id), "Hello to you, alice.", kind="chat")
    say("private <mary> Hello to you, alice.                Matrix -> XMPP\n")
    for person in (mary, alice):
        person.close()
        stage.people.remove(person)
    return f"""   Matrix    {where}, mary {jid(mary.id)}
             or from that side: homeserver {homeserver.url}, {mary.id}, password {PASSWORD}, room #lobby:{homeserver.server_name}
"""


def stay(stage, carol, more):
    print(f"""Try it with any XMPP client, for example profanity:

   /connect alice@localhost server 127.0.0.1 port {stage.xmpp.c2s_port} tls trust
   JID       alice@localhost
   password  {xmpp_servers.PASSWORD}
   server    127.0.0.1, port {stage.xmpp.c2s_port} (a certificate of its own making: trust it, or go without TLS)
   room      {ROOM}
   carol     {CAROL}
{more}
and from IRC: 127.0.0.1, port {stage.irc.port}, no TLS, channel #lobby.
The servers' logs are in {stage.folder}. What carol hears is shown here. Ctrl-C ends it all.
""", flush=True)
    heard = carol.heard.mark()
    while True:
        with carol.heard.changed:
            carol.heard.changed.wait(1)
            news, heard = carol.heard.all[heard:], len(carol.heard.all)
        for kind, who, where, words in news:
            if kind in ("pubmsg", "privmsg", "action"):
                say(f"{where:7} <{who}> {words}")
            elif kind in ("join", "part", "quit"):
                say(f"{where or '':7} {who} {kind}s")


def main():
    once, wants_matrix = "--once" in sys.argv[1:], "--matrix" in sys.argv[1:]
    stage = Stage("prosody", "ngircd")
    homeserver, more = None, ""
    stage.xmpp.offers_tls = not once
    if not once:
        stage.xmpp.c2s_port, stage.irc.port = free_port(5222), free_port(6667)
    status = 1
    try:
        missing = matrix_is_missing()
        if not missing:
            homeserver = add_matrix(stage, wants_matrix)
        elif wants_matrix:
            raise AssertionError(f"Matrix takes no part: {missing}")
        start(stage)
        carol = greet(stage)
        if homeserver:
            more = greet_on_matrix(stage, homeserver)
        status = 0
        if not once:
            stay(stage, carol, more)
    except AssertionError as error:
        print(f"\nIt did not work: {error}\n{stage.words()}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\n   ending")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one Ctrl-C is enough
        stage.close()
        if homeserver:
            homeserver.stop()
        end_all()
    if once:
        say("it works" if status == 0 else "it does not work")
    return status


if __name__ == "__main__":
    sys.exit(main())
