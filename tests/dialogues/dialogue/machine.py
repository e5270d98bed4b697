"""The machine that the binary runs on, where a dialogue has a say in it: its clock, and its disk."""

import mmap
import re
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

from .wire import Failure, Skipped

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def build_clock(folder):
    """The library that puts a clock forward, or why there is none."""
    library = folder / "clock.so"
    try:
        built = subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, Path(__file__).parent / "clock.c"],
                               capture_output=True, text=True)
    except FileNotFoundError as lack:
        return str(lack)
    return library if built.returncode == 0 else built.stderr


def parts_of_time(text):
    """In which steps, of so many seconds each, it is passed."""
    found = re.fullmatch(r"(\d+) ?(s|min|h|d)", text.strip())
    if not found:
        raise Failure(f"this is no time: {text}")
    seconds = int(found[1]) * UNITS[found[2]]
    step = max(1, -(-seconds // Clock.steps))
    return [min(step, seconds - begin) for begin in range(0, seconds, step)]


def seconds_to_pass(text):
    return len(parts_of_time(text)) * Clock.look


class Clock:
    """The binary's clocks go as ever, and are put forward by what the dialogue lets pass; it is killed where the dialogue says
    (clock.c)."""

    steps = 200  # so many at most, that all that follows from one is done before the next
    look = 0.02  # the binary looks at its clock every few milliseconds
    library = None  # see build_clock

    def __init__(self, stage):
        self.stage = stage
        shared = stage.dir / "clock"
        if not isinstance(self.library, Path):
            raise Skipped(f"there is no C compiler for the clock: {self.library}")
        shared.write_bytes(bytes(16))
        with open(shared, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(self.library), "DIALOGUE_CLOCK": str(shared)}

    def passes(self, text):
        self.stage.note("D", f"{text} pass")
        for step in parts_of_time(text):
            struct.pack_into("q", self.shared, 0, struct.unpack_from("q", self.shared)[0] + step)
            end = time.monotonic() + self.look
            while time.monotonic() < end:
                self.stage.wire.poll(end - time.monotonic())

    def dies(self, steps):
        """At the so many-th write to disk or wire from here on; 0: no more."""
        struct.pack_into("q", self.shared, 8, steps)


class Disk:
    """A file system in memory, which the binary's store has for itself."""

    def __init__(self, stage, size):
        self.place = stage.dir / "disk"
        self.place.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "dialogue", self.place],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skipped(f"no file system can be mounted for it (root may): {mounted.stderr.strip()}")
        stage.store_dir, stage.disk = self.place, self

    def now(self, text):
        ballast = self.place / "ballast"
        if text == "full":
            with open(ballast, "ab", buffering=0) as file:
                for size in (65536, 1):
                    try:
                        while file.write(bytes(size)) == size:
                            pass
                    except OSError:
                        continue
        elif text == "free":
            ballast.unlink()
        else:
            raise Failure(f"the disk can't be {text}")

    def close(self):
        subprocess.run(["umount", "-l", self.place], capture_output=True)


class StoreLock:
    """Another process at the binary's database: it holds it for itself."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=5, isolation_level=None)

    def now(self, text):
        if text not in ("locked", "free"):
            raise Failure(f"the store can't be {text}")
        self.connection.execute("BEGIN EXCLUSIVE" if text == "locked" else "ROLLBACK")

    def close(self):
        self.connection.close()
