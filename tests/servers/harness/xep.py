"""What messages carry beside their body, by XEP."""

from xml.sax.saxutils import escape, quoteattr

REACTIONS, RETRACT, MODERATE = "urn:xmpp:reactions:0", "urn:xmpp:message-retract:1", "urn:xmpp:message-moderate:1"
CORRECT, REPLY, FALLBACK = "urn:xmpp:message-correct:0", "urn:xmpp:reply:0", "urn:xmpp:fallback:0"
MARKERS, RECEIPTS, CHAT_STATES = "urn:xmpp:chat-markers:0", "urn:xmpp:receipts", "http://jabber.org/protocol/chatstates"
OWNER = "http://jabber.org/protocol/muc#owner"
OOB, MUC_USER, ADMIN = "jabber:x:oob", "http://jabber.org/protocol/muc#user", "http://jabber.org/protocol/muc#admin"
VCARD, VCARD_UPDATE, PUBSUB = "vcard-temp", "vcard-temp:x:update", "http://jabber.org/protocol/pubsub"
AVATAR_DATA, AVATAR_METADATA = "urn:xmpp:avatar:data", "urn:xmpp:avatar:metadata"
SHARING, METADATA, STICKERS = "urn:xmpp:sfs:0", "urn:xmpp:file:metadata:0", "urn:xmpp:stickers:0"
THUMBS, REFERENCE, OCCUPANT_ID = "urn:xmpp:thumbs:1", "urn:xmpp:reference:0", "urn:xmpp:occupant-id:0"
SEARCH, CHANNEL_SEARCH, FORM, RSM = ("jabber:iq:search", "urn:xmpp:channel-search:0:search", "jabber:x:data",
                                     "http://jabber.org/protocol/rsm")
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


def admin_list(affiliation):
    return f"<query xmlns='{ADMIN}'><item affiliation='{affiliation}'/></query>"


def declined(inviter, reason=""):
    return f"<x xmlns='{MUC_USER}'><decline to={quoteattr(inviter)}><reason>{escape(reason)}</reason></decline></x>"


def room_form(**answers):
    """The owner's form, submitted; without answers: asked for."""
    inner = form("http://jabber.org/protocol/muc#roomconfig",
                 **{f"muc#roomconfig_{name}": value for name, value in answers.items()}) if answers else ""
    return f"<query xmlns='{OWNER}'>{inner}</query>"


def form_values(seen):
    """Of a form that is shown: each field's value by its name."""
    return {field.get("var"): field.findtext(f"{{{FORM}}}value") for field in seen.xml.iter(f"{{{FORM}}}field")}


def all_reactions(seen):
    """The set in a message; None where it has none."""
    found = seen.find(f"{{{REACTIONS}}}reactions")
    return None if found is None else (found.get("id"), {child.text for child in found})


def child(seen, namespace, name):
    return seen.find(f"{{{namespace}}}{name}")


def form(kind, /, **answers):
    """A submitted form."""
    fields = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>" for name, value in answers.items())
    return (f"<x xmlns='{FORM}' type='submit'><field var='FORM_TYPE' type='hidden'><value>{kind}</value></field>{fields}</x>")


def file_sharing(url, name, media_type, size, more=""):
    return (f"<file-sharing xmlns='{SHARING}' disposition='inline'><file xmlns='{METADATA}'><media-type>{media_type}</media-type>"
            f"<name>{escape(name)}</name><size>{size}</size>{more}</file><sources><url-data "
            f"xmlns='http://jabber.org/protocol/url-data' target={quoteattr(url)}/></sources></file-sharing>")


def shared_file(seen):
    """What is said of a file: a dictionary of its metadata, with its "url" and its "thumbnail"; None: it has none."""
    found = seen.find(f"{{{SHARING}}}file-sharing")
    if found is None:
        return None
    told = {child.tag.partition("}")[2]: child.text for child in found.find(f"{{{METADATA}}}file")}
    thumbnail = found.find(f"{{{METADATA}}}file/{{{THUMBS}}}thumbnail")
    told["thumbnail"] = None if thumbnail is None else thumbnail.get("uri")
    told["url"] = found.find(".//{http://jabber.org/protocol/url-data}url-data").get("target")
    return told


def occupant_id(seen):
    found = seen.find(f"{{{OCCUPANT_ID}}}occupant-id")
    return None if found is None else found.get("id")


def item_of(seen):
    """(affiliation, role) in a presence of a room."""
    item = seen.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
    return (None, None) if item is None else (item.get("affiliation"), item.get("role"))
