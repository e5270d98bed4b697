"""A person on Matrix: a matrix-nio client on a thread of its own, driven from the test's."""

import asyncio
import io
import json
import logging
import threading
import urllib.parse
import urllib.request

import nio

from .matrix_servers import PASSWORD
from .process import Waiting

logging.getLogger("nio").setLevel(logging.CRITICAL)


class Seen:
    """What /sync told: an event of a timeline, of a state, an invitation, typing, receipts, presence."""

    def __init__(self, kind, room, event):
        self.kind, self.room, self.event = kind, room, event
        self.type, self.sender, self.id = event.get("type", ""), event.get("sender", ""), event.get("event_id", "")
        self.content = event.get("content", {})

    @property
    def body(self):
        return self.content.get("body")

    def __str__(self):
        return f"{self.kind} {self.room} {json.dumps(self.event, ensure_ascii=False)}"


class MatrixUser:
    def __init__(self, localpart, homeserver):
        homeserver.register(localpart)
        self.localpart, self.id, self.homeserver = localpart, f"@{localpart}:{homeserver.server_name}", homeserver
        self.seen = Waiting()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.client = self._await(self._login())
        self.presence = None  # None: whatever being there makes of it
        self.first_sync = threading.Event()
        self.syncing = asyncio.run_coroutine_threadsafe(self._sync(), self.loop)
        if not self.first_sync.wait(30):
            raise AssertionError(f"{self.id} gets no /sync")

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _await(self, coroutine, seconds=60):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def _do(self, coroutine):
        """The answer of a call; a refusal is an error of the test."""
        answer = self._await(coroutine)
        if isinstance(answer, nio.ErrorResponse):
            raise AssertionError(f"{self.id}: the homeserver says {answer.status_code} {answer.message}")
        return answer

    async def _login(self):
        client = nio.AsyncClient(self.homeserver.url, self.id, config=nio.AsyncClientConfig(
            encryption_enabled=False, max_timeout_retry_wait_time=0.5))
        answer = await client.login(PASSWORD)
        if isinstance(answer, nio.ErrorResponse):
            raise AssertionError(f"{self.id} can't log in: {answer}")
        return client

    async def _sync(self):
        """For ever; nio tries again by itself while the homeserver is away. What it does not parse is told too."""
        since = None
        while True:
            answer = await self.client.sync(timeout=20000 if since else 0, since=since, set_presence=self.presence)
            raw = json.loads(await answer.transport_response.read())
            if "next_batch" not in raw:
                await asyncio.sleep(0.2)
                continue
            since = raw["next_batch"]
            self._hear(raw)
            self.first_sync.set()

    def _hear(self, raw):
        for event in raw.get("presence", {}).get("events", []):
            self.seen.add(Seen("presence", "", event))
        rooms = raw.get("rooms", {})
        for room, part in rooms.get("invite", {}).items():
            for event in part["invite_state"]["events"]:
                self.seen.add(Seen("invite", room, event))
        for kind in ("join", "leave"):
            for room, part in rooms.get(kind, {}).items():
                for event in part.get("state", {}).get("events", []):
                    self.seen.add(Seen("state", room, event))
                for event in part.get("timeline", {}).get("events", []):
                    self.seen.add(Seen("timeline", room, event))
                for event in part.get("ephemeral", {}).get("events", []):
                    self.seen.add(Seen("ephemeral", room, event))

    def close(self):
        async def end():
            await self.client.close()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self._await(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    # ------------------------------------------------------------------------------------------------------- rooms

    def create(self, alias=None, name=None, version=None, invite=(), public=True, topic=None, encrypted=False,
               direct=False, levels=None):
        state = []
        if encrypted:
            state.append({"type": "m.room.encryption", "state_key": "",
                          "content": {"algorithm": "m.megolm.v1.aes-sha2"}})
        return self._do(self.client.room_create(
            visibility=nio.RoomVisibility.public if public else nio.RoomVisibility.private, alias=alias, name=name,
            topic=topic, room_version=version, is_direct=direct, invite=list(invite), initial_state=state,
            preset=nio.RoomPreset.public_chat if public else nio.RoomPreset.private_chat,
            power_level_override=levels)).room_id

    def join(self, room):
        return self._do(self.client.join(room)).room_id

    def leave(self, room):
        self._do(self.client.room_leave(room))

    def invite(self, room, user):
        self._do(self.client.room_invite(room, user))

    def kick(self, room, user, reason=None):
        self._do(self.client.room_kick(room, user, reason))

    def ban(self, room, user, reason=None):
        self._do(self.client.room_ban(room, user, reason))

    def unban(self, room, user):
        self._do(self.client.room_unban(room, user))

    def set_state(self, room, kind, content, key=""):
        return self._do(self.client.room_put_state(room, kind, content, key)).event_id

    def state(self, room, kind, key=""):
        return self._do(self.client.room_get_state_event(room, kind, key)).content

    def set_level(self, room, user, level):
        levels = self.state(room, "m.room.power_levels")
        levels.setdefault("users", {})[user] = level
        self.set_state(room, "m.room.power_levels", levels)

    def members(self, room):
        return {member.user_id for member in self._do(self.client.joined_members(room)).members}

    def upgrade(self, room, version):
        """The new room's id."""
        return self.call("POST", f"rooms/{urllib.parse.quote(room)}/upgrade", {"new_version": version})["replacement_room"]

    # ---------------------------------------------------------------------------------------------------- speaking

    def send(self, room, content, kind="m.room.message"):
        return self._do(self.client.room_send(room, kind, content)).event_id

    def say(self, room, body, **more):
        return self.send(room, {"msgtype": "m.text", "body": body, **more})

    def edit(self, room, target, body):
        return self.say(room, f"* {body}", **{"m.new_content": {"msgtype": "m.text", "body": body},
                                              "m.relates_to": {"rel_type": "m.replace", "event_id": target}})

    def reply(self, room, target, body):
        return self.say(room, body, **{"m.relates_to": {"m.in_reply_to": {"event_id": target}}})

    def say_in_thread(self, room, root, body):
        return self.say(room, body, **{"m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": True,
                                                        "m.in_reply_to": {"event_id": root}}})

    def react(self, room, target, key):
        return self.send(room, {"m.relates_to": {"rel_type": "m.annotation", "event_id": target, "key": key}},
                         "m.reaction")

    def redact(self, room, target, reason=None):
        return self._do(self.client.room_redact(room, target, reason)).event_id

    def upload(self, data, media_type, name):
        """Its mxc."""
        answer, _ = self._await(self.client.upload(lambda *_: io.BytesIO(data), media_type, name, filesize=len(data)))
        if isinstance(answer, nio.ErrorResponse):
            raise AssertionError(f"{self.id} can't upload: {answer}")
        return answer.content_uri

    def send_file(self, room, data, media_type, name, msgtype="m.file", body=None, info=(), kind="m.room.message", **more):
        mxc = self.upload(data, media_type, name)
        return self.send(room, {"msgtype": msgtype, "body": body or name, "filename": name, "url": mxc,
                                "info": {"mimetype": media_type, "size": len(data), **dict(info)}, **more}, kind)

    def download(self, mxc):
        server, _, identity = mxc.removeprefix("mxc://").partition("/")
        return self.fetch(f"/_matrix/client/v1/media/download/{server}/{identity}")

    def type(self, room, going=True):
        self._do(self.client.room_typing(room, going, 20000))

    def read(self, room, event):
        self._do(self.client.room_read_markers(room, event, event))

    def set_name(self, name):
        self._do(self.client.set_displayname(name))

    def set_picture(self, mxc):
        self._do(self.client.set_avatar(mxc))

    def set_presence(self, presence, status=""):
        self.presence = presence
        self._do(self.client.set_presence(presence, status))

    def fetch(self, path, method="GET", body=None):
        request = urllib.request.Request(self.homeserver.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.client.access_token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def call(self, method, path, body=None):
        """What nio has no function for."""
        return json.loads(self.fetch(f"/_matrix/client/v3/{path}", method, body))

    # ----------------------------------------------------------------------------------------------------- hearing

    def expect(self, what, predicate, since=0, seconds=20):
        return self.seen.wait_for(predicate, f"{self.localpart}: {what}", since, seconds)

    def expect_message(self, room, sender, body, since=0, seconds=20):
        return self.expect(f"{body!r} of {sender} in {room}", lambda s: s.kind == "timeline" and s.room == room
                           and s.type == "m.room.message" and s.sender == sender and s.body == body, since, seconds)

    def expect_event(self, room, kind, sender=None, where=lambda s: True, since=0, seconds=20):
        return self.expect(f"{kind} of {sender} in {room}", lambda s: s.kind == "timeline" and s.room == room
                           and s.type == kind and (sender is None or s.sender == sender) and where(s), since, seconds)

    def expect_member(self, room, user, membership, since=0, seconds=20):
        return self.expect(f"{user}: {membership} in {room}", lambda s: s.kind in ("timeline", "state")
                           and s.room == room and s.type == "m.room.member" and s.event.get("state_key") == user
                           and s.content.get("membership") == membership, since, seconds)

    def expect_invite(self, by, since=0, seconds=20):
        """The room's id."""
        return self.expect(f"an invitation of {by}", lambda s: s.kind == "invite" and s.type == "m.room.member"
                           and s.event.get("state_key") == self.id and s.sender == by, since, seconds).room

    def expect_typing(self, room, user, going=True, since=0, seconds=20):
        return self.expect(f"{user} types: {going}", lambda s: s.kind == "ephemeral" and s.room == room
                           and s.type == "m.typing" and (user in s.content["user_ids"]) == going, since, seconds)

    def expect_receipt(self, room, user, event, since=0, seconds=20):
        return self.expect(f"{user} has read {event}", lambda s: s.kind == "ephemeral" and s.room == room
                           and s.type == "m.receipt" and user in s.content.get(event, {}).get("m.read", {}),
                           since, seconds)

    def bodies(self, room):
        """All that was said, the oldest first, as the homeserver has it now."""
        found, start = [], ""
        while True:
            page = self.call("GET", f"rooms/{urllib.parse.quote(room)}/messages?dir=b&limit=200"
                             + (f"&from={start}" if start else ""))
            found += [event["content"]["body"] for event in page["chunk"] if event["type"] == "m.room.message"
                      and "body" in event["content"]]
            start = page.get("end")
            if not start:
                return found[::-1]
