"""The conversation of scripts/quickstart."""

import importlib.util
import signal
import sys

from harness import irc_servers, xmpp_servers
from harness.gateway import EmailBridge, MatrixBridge
from harness.mail_servers import HOST as MAIL_HOST, PASSWORD as MAIL_PASSWORD, Dovecot, Postfix
from harness.matrix_servers import PASSWORD, Synapse
from harness.process import end_all
from harness.stage import Stage
from ports import free_port

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


def add_mail(stage):
    """Before the start: a mail server and mailboxes, which know of dragoman, and dragoman of them."""
    bridge, mailboxes = EmailBridge(), Dovecot(stage.folder)
    postfix = Postfix(stage.folder, xmpp_servers.EMAIL_DOMAIN, bridge.lmtp_port, mailboxes)
    bridge.smtp_port = postfix.submission_port
    stage.gateway.bridges.append(bridge)
    mailboxes.start()
    postfix.start()
    say("Postfix and Dovecot are up")
    return postfix, mailboxes


def greet_by_mail(stage, postfix, mailboxes):
    from harness.email_stage import REGISTER, address, jid, said
    from harness.mail_user import MailUser

    alice = stage.xmpp_user("alice")
    alice.wait_for_gateway(xmpp_servers.EMAIL_DOMAIN)
    bob = MailUser("bob", mailboxes, postfix)
    stage.people.append(bob)
    where = jid(bob.address)
    answer = alice.ask(xmpp_servers.EMAIL_DOMAIN, REGISTER, "set")
    if answer.type != "result":
        raise AssertionError(f"alice may not register: {answer}")
    say(f"alice registers with {xmpp_servers.EMAIL_DOMAIN}: her mail address is {address('alice')}\n")
    mark = bob.mark()
    alice.message(where, "Good morning, mailbox!", "chat", "<subject>A greeting</subject>")
    mail = bob.expect("Good morning, mailbox!", mark)
    say(f"mail    <alice> Good morning, mailbox!             XMPP -> {bob.address}, \"{mail['Subject']}\"")
    since = alice.seen.mark()
    bob.write(address("alice"), "Good morning, XMPP!\n\n> Good morning, mailbox!\n", answer_to=mail)
    alice.seen.wait_for(lambda stanza: stanza.kind == "message" and stanza.sender == where
                        and said(stanza) == "Good morning, XMPP!", "Bob's answer", since)
    say("chat    <bob> Good morning, XMPP!                  mail -> XMPP, without what it quotes\n")
    for person in (bob, alice):
        person.close()
        stage.people.remove(person)
    return f"""   mail      {where} has a mailbox: {bob.address}
             or from that side: IMAP 127.0.0.1, port {mailboxes.imap_port}, SMTP port {postfix.port}, no TLS, password {MAIL_PASSWORD};
             alice is {address('alice')}, other mailboxes are carol, dave and erin@{MAIL_HOST}
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
    once, wants_matrix, wants_mail = (flag in sys.argv[1:] for flag in ("--once", "--matrix", "--email"))
    stage = Stage("prosody", "ngircd")
    homeserver, mail, more = None, (), ""
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
        no_mail = Postfix.missing() or Dovecot.missing()
        if not no_mail:
            mail = add_mail(stage)
        elif wants_mail:
            raise AssertionError(f"email takes no part: {no_mail}")
        start(stage)
        carol = greet(stage)
        if homeserver:
            more = greet_on_matrix(stage, homeserver)
        if mail:
            more += greet_by_mail(stage, *mail)
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
        for server in (*mail, homeserver):
            if server:
                server.stop()
        end_all()
    if once:
        say("it works" if status == 0 else "it does not work")
    return status


if __name__ == "__main__":
    sys.exit(main())
