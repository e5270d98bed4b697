"""Pictures, made here."""

import base64
import hashlib
import struct
import zlib

from . import xep


def png(width=4, height=4, colour=(200, 30, 30)):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def size_of(data):
    """(width, height) of a PNG; None: it is none."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return struct.unpack(">II", data[16:24])


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def hash_in(seen):
    """The picture that a presence names (XEP-0153); None: it names none."""
    return seen.xml.findtext(f"{{{xep.VCARD_UPDATE}}}x/{{{xep.VCARD_UPDATE}}}photo")


def in_card(answer):
    """The bytes of the picture in an answer with a card (XEP-0054)."""
    text = answer.xml.findtext(f"{{{xep.VCARD}}}vCard/{{{xep.VCARD}}}PHOTO/{{{xep.VCARD}}}BINVAL")
    return None if text is None else base64.b64decode(text)
