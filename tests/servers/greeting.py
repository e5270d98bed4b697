"""The conversation of scripts/quickstart."""

import signal
import sys

from harness import irc_servers, xmpp_servers
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


def stay(stage, carol):
    print(f"""Try it with any XMPP client, for example profanity:

   /connect alice@localhost server 127.0.0.1 port {stage.xmpp.c2s_port} tls trust
   JID       alice@localhost
   password  {xmpp_servers.PASSWORD}
   server    127.0.0.1, port {stage.xmpp.c2s_port} (a certificate of its own making: trust it, or go without TLS)
   room      {ROOM}
   carol     {CAROL}

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
    once = "--once" in sys.argv[1:]
    stage = Stage("prosody", "ngircd")
    stage.xmpp.offers_tls = not once
    if not once:
        stage.xmpp.c2s_port, stage.irc.port = free_port(5222), free_port(6667)
    status = 1
    try:
        start(stage)
        carol = greet(stage)
        status = 0
        if not once:
            stay(stage, carol)
    except AssertionError as error:
        print(f"\nIt did not work: {error}\n{stage.words()}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\n   ending")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one Ctrl-C is enough
        stage.close()
        end_all()
    if once:
        say("it works" if status == 0 else "it does not work")
    return status


if __name__ == "__main__":
    sys.exit(main())
