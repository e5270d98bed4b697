"""The HTTP end of an upload service (XEP-0363): U takes what the binary puts there. Its XMPP end is the dialogue's."""

from . import match
from .http import Homeserver
from .wire import Failure


class UploadServer(Homeserver):
    def __init__(self, stage):
        super().__init__(stage)
        stage.names["upload_port"] = str(self.port)

    def check(self, request):
        pass  # whatever the slot says is for the dialogue to see

    def step(self, mark, what):
        """`U< PUT /path [Header: value]`, the file in the lines below, where they matter; `U> 201`."""
        if mark == "<":
            head, _, body = what.partition("\n")
            request, _, header = head.partition(" Header ")
            got = self.next(head)
            method, path = request.split()
            name, _, value = header.partition(": ")
            if (got.method != method or not match.string_matches(path, got.path, self.stage.names)
                    or (name and got.headers.get(name.lower()) != value)
                    or (body and got.body.decode("utf-8", "replace") != body.strip())):
                raise Failure(f"expected\n    U< {what}\n  but came\n    U< {got}\n       {got.headers}")
        elif mark == ">":
            self.answer(int(what), [], b"")
        elif mark == ":" and what in ("down", "up", "closes"):
            self.stage.note("U", what)
            {"down": self.down, "up": self.up, "closes": self.hang_up}[what]()
        else:
            raise Failure(f"U can't {what}")
