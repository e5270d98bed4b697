"""What messages carry beside their body, by XEP."""

from xml.sax.saxutils import escape, quoteattr

REACTIONS, RETRACT, MODERATE = "urn:xmpp:reactions:0", "urn:xmpp:message-retract:1", "urn:xmpp:message-moderate:1"
CORRECT, REPLY, FALLBACK = "urn:xmpp:message-correct:0", "urn:xmpp:reply:0", "urn:xmpp:fallback:0"
MARKERS, RECEIPTS, CHAT_STATES = "urn:xmpp:chat-markers:0", "urn:xmpp:receipts", "http://jabber.org/protocol/chatstates"
OOB, MUC_USER, ADMIN = "jabber:x:oob", "http://jabber.org/protocol/muc#user", "http://jabber.org/protocol/muc#admin"
DELAY, DISCO_INFO, DISCO_ITEMS = "urn:xmpp:delay", "http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items"


def replace(target):
    return f"<replace xmlns='{CORRECT}' id={quoteattr(target)}/>"


def reply(target, author, quoted=0):
    """`quoted`: how many code points of the body are the fallback."""
    fallback = f"<fallback xmlns='{FALLBACK}' for='{REPLY}'><body start='0' end='{quoted}'/></fallback>" if quoted else ""
    return f"<reply xmlns='{REPLY}' to={quoteattr(author)} id={quoteattr(target)}/>{fallback}"


def reactions(target, *emoji):
    inner = "".join(f"<reaction>{one}</reaction>" for one in emoji)
    return f"<reactions xmlns='{REACTIONS}' id={quoteattr(target)}>{inner}</reactions>"


def retract(target):
    return f"<retract xmlns='{RETRACT}' id={quoteattr(target)}/>"


def moderate(target, reason):
    return (f"<moderate xmlns='{MODERATE}' id={quoteattr(target)}><retract xmlns='{RETRACT}'/>"
            f"<reason>{escape(reason)}</reason></moderate>")


def displayed(target):
    return f"<displayed xmlns='{MARKERS}' id={quoteattr(target)}/>"


def chat_state(name):
    return f"<{name} xmlns='{CHAT_STATES}'/>"


def oob(url):
    return f"<x xmlns='{OOB}'><url>{escape(url)}</url></x>"


def mediated_invitation(whom, reason=""):
    return f"<x xmlns='{MUC_USER}'><invite to={quoteattr(whom)}><reason>{escape(reason)}</reason></invite></x>"


def admin_item(reason="", **attributes):
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<query xmlns='{ADMIN}'><item {written}><reason>{escape(reason)}</reason></item></query>"


def all_reactions(seen):
    """The set in a message; None where it has none."""
    found = seen.find(f"{{{REACTIONS}}}reactions")
    return None if found is None else (found.get("id"), {child.text for child in found})


def child(seen, namespace, name):
    return seen.find(f"{{{namespace}}}{name}")
