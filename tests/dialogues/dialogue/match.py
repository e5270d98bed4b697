"""What is expected against what came: strings with holes, and XML where order of attributes means nothing."""

import re
import xml.etree.ElementTree as ET

from .wire import COMPONENT

NO = "urn:dialogue:no"
PREFIXES = {
    "no": NO,
    "muc": "http://jabber.org/protocol/muc",
    "user": "http://jabber.org/protocol/muc#user",
    "admin": "http://jabber.org/protocol/muc#admin",
    "owner": "http://jabber.org/protocol/muc#owner",
    "info": "http://jabber.org/protocol/disco#info",
    "items": "http://jabber.org/protocol/disco#items",
    "cmd": "http://jabber.org/protocol/commands",
    "data": "jabber:x:data",
    "err": "urn:ietf:params:xml:ns:xmpp-stanzas",
    "strm": "urn:ietf:params:xml:ns:xmpp-streams",
    "stream": "http://etherx.jabber.org/streams",
    "ping": "urn:xmpp:ping",
    "ver": "jabber:iq:version",
    "time": "urn:xmpp:time",
    "vcard": "vcard-temp",
    "reg": "jabber:iq:register",
    "gw": "jabber:iq:gateway",
    "mam": "urn:xmpp:mam:2",
    "rsm": "http://jabber.org/protocol/rsm",
    "fwd": "urn:xmpp:forward:0",
    "delay": "urn:xmpp:delay",
    "sid": "urn:xmpp:sid:0",
    "occ": "urn:xmpp:occupant-id:0",
    "replace": "urn:xmpp:message-correct:0",
    "retract": "urn:xmpp:message-retract:1",
    "react": "urn:xmpp:reactions:0",
    "reply": "urn:xmpp:reply:0",
    "fb": "urn:xmpp:fallback:0",
    "state": "http://jabber.org/protocol/chatstates",
    "oob": "jabber:x:oob",
    "conf": "jabber:x:conference",
    "xhtml": "http://jabber.org/protocol/xhtml-im",
    "nick": "http://jabber.org/protocol/nick",
    "receipts": "urn:xmpp:receipts",
    "marker": "urn:xmpp:chat-markers:0",
    "file": "urn:xmpp:file:metadata:0",
    "sfs": "urn:xmpp:sfs:0",
    "upload": "urn:xmpp:http:upload:0",
    "client": "jabber:client",
}
DECLARATIONS = " ".join(f"xmlns:{prefix}='{name}'" for prefix, name in PREFIXES.items())
HOLE = re.compile(r"…|\{([a-z][a-z0-9_]*)\}")


def parse(text):
    """One element of a dialogue; the prefixes above need no declaration."""
    return ET.fromstring(f"<d xmlns='{COMPONENT}' {DECLARATIONS}>{text}</d>")[0]


def fill(text, names):
    """The captured names put in; a hole that is still open is an error of the dialogue."""
    return HOLE.sub(lambda hole: names[hole[1]] if hole[1] in names else hole[0], text)


def string_matches(pattern, value, names):
    """'…' stands for anything, {name} for what it was at first."""
    if value is None:
        return pattern == "∅"
    if "…" not in pattern and "{" not in pattern:
        return pattern == value
    regex, at, fresh = "", 0, set()
    for hole in HOLE.finditer(pattern):
        regex += re.escape(pattern[at:hole.start()])
        at, name = hole.end(), hole[1]
        if name is None:
            regex += "(?:.*)"
        elif name in names:
            regex += re.escape(names[name])
        elif name in fresh:
            regex += f"(?P={name})"
        else:
            regex += f"(?P<{name}>.+?)"
            fresh.add(name)
    found = re.fullmatch(regex + re.escape(pattern[at:]), value, re.DOTALL)
    if found:
        names.update(found.groupdict())
    return bool(found)


def line_matches(pattern, line, names):
    """An IRC line; its last parameter is the same with and without a colon (RFC 1459 2.3.1)."""
    return string_matches(pattern, line, names) or string_matches(_with_colon(pattern), _with_colon(line), names)


def _with_colon(line):
    head, colon, last = line.partition(" :")
    if not colon:
        head, _, last = line.rpartition(" ")
    return f"{head} :{last}"


def element_matches(want, got, names):
    """Why not, or None. What is not asked for may be there too; names are captured only from a whole match."""
    mine = dict(names)
    why = _differs(want, got, mine, want.tag.rpartition("}")[2])
    if why is None:
        names.update(mine)
    return why


def _differs(want, got, names, path):
    if want.tag != got.tag:
        return f"{path}: the element is {got.tag}"
    for name, pattern in want.attrib.items():
        if not string_matches(pattern, got.get(name), names):
            return f"{path}: {name} is {got.get(name)!r}, not {fill(pattern, names)!r}"
    text = (want.text or "").strip()
    if text and not string_matches(text, (got.text or "").strip(), names):
        return f"{path}: the text is {(got.text or '').strip()!r}, not {fill(text, names)!r}"
    taken = []
    for child in want:
        local = child.tag.rpartition("}")[2]
        if child.tag.startswith(f"{{{NO}}}"):
            if any(other.tag.rpartition("}")[2] == local for other in got):
                return f"{path}: there is a <{local}/>"
            continue
        whys = []
        for at, other in enumerate(got):
            if at in taken:
                continue
            trial = dict(names)
            why = _differs(child, other, trial, f"{path}/{local}")
            if why is None:
                names.update(trial)
                taken.append(at)
                break
            if child.tag == other.tag:
                whys.append(why)
        else:
            return whys[0] if len(whys) == 1 else f"{path}: no such child: {pretty(child)}"
    return None


def json_differs(want, got, names, path):
    """Why not, or None. What is not asked for may be there too; "∅" says that a member is not there."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return f"{path} is {got!r}"
        for key, value in want.items():
            if value == "∅":
                if key in got:
                    return f"{path} has {key}: {got[key]!r}"
            elif key not in got:
                return f"{path} has no {key}: {got!r}"
            elif why := json_differs(value, got[key], names, f"{path}/{key}"):
                return why
        return None
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return f"{path} is {got!r}"
        for at, (one, other) in enumerate(zip(want, got)):
            if why := json_differs(one, other, names, f"{path}/{at}"):
                return why
        return None
    if isinstance(want, str):
        return None if isinstance(got, str) and string_matches(want, got, names) else f"{path} is {got!r}, not {want!r}"
    return None if want == got and type(want) is type(got) else f"{path} is {got!r}, not {want!r}"


def fill_json(value, names):
    """The captured names put into every string."""
    if isinstance(value, dict):
        return {fill(key, names): fill_json(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [fill_json(one, names) for one in value]
    return fill(value, names) if isinstance(value, str) else value


def pretty(element):
    """XML for people: default namespaces as a stanza has them, nothing declared twice."""

    def write(node, inherited):
        namespace, _, local = node.tag.rpartition("}")
        namespace = namespace.lstrip("{")
        out = f"<{local}"
        if namespace != inherited:
            out += f" xmlns='{namespace}'"
        for name, value in node.attrib.items():
            name = name.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
            out += f" {name}={_quote(value)}"
        inner = _escape(node.text or "") + "".join(write(child, namespace) + _escape(child.tail or "") for child in node)
        return out + (f">{inner}</{local}>" if inner else "/>")

    return write(element, COMPONENT)


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quote(text):
    return "'" + _escape(text).replace("'", "&apos;").replace("\n", "&#10;") + "'"
