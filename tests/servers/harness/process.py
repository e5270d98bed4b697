"""Processes that a test starts: each in a session of its own, all ended with the test whatever happens."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

_running, _folders = [], []


def temporary_folder():
    """Gone with the test, or with us."""
    folder = Path(tempfile.mkdtemp(prefix="dragoman-servers-"))
    _folders.append(folder)
    return folder


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    if folder in _folders:
        _folders.remove(folder)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Waiting:
    """Things that happened, in order; whoever waits for one is woken by it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.all = []

    def add(self, item):
        with self.changed:
            self.all.append(item)
            self.changed.notify_all()

    def mark(self):
        with self.changed:
            return len(self.all)

    def wait_for(self, predicate, what, since=0, seconds=20):
        end = time.monotonic() + seconds
        seen = since
        with self.changed:
            while True:
                for item in self.all[seen:]:
                    seen += 1
                    if predicate(item):
                        return item
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    came = "\n    ".join(str(item)[:400] for item in self.all[since:][-12:])
                    raise AssertionError(f"{what} did not come in {seconds} s; what came:\n    {came}")


class Process:
    """One program; `command()` is asked anew for each start."""

    name = "process"

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def user(self):
        return None  # ours

    def ready(self):
        raise NotImplementedError

    def start(self, seconds=40):
        self.output = open(self.folder / f"{self.name}.out", "ab")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, cwd=self.folder, env=self.environment(),
                                        user=self.user(), group=self.user(), start_new_session=True)
        _running.append(self.process)
        end = time.monotonic() + seconds
        # The one place that polls: a foreign program tells nobody when it listens.
        while not self.ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.last_words()}")
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} is not ready after {seconds} s:\n{self.last_words()}")
            threading.Event().wait(0.05)
        return self

    def stop(self, sign=signal.SIGTERM, seconds=15):
        """Its exit status; killed when it does not go."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        return _end(process, sign, seconds)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def last_words(self, lines=25):
        path = self.folder / f"{self.name}.out"
        words = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(line[:400] for line in words[-lines:])


def _end(process, sign, seconds):
    _signal_group(process, sign)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    _signal_group(process, signal.SIGKILL)  # and whatever it has started
    process.wait()
    if process in _running:
        _running.remove(process)
    return process.returncode


def _signal_group(process, sign):
    try:
        os.killpg(process.pid, sign)
    except ProcessLookupError:
        pass


def end_all():
    for process in list(_running):
        _end(process, signal.SIGTERM, 3)
    for folder in list(_folders):
        remove_folder(folder)


atexit.register(end_all)


def _on_signal(*_):
    raise KeyboardInterrupt  # the one thing that a test runner does not take for a failed test


signal.signal(signal.SIGTERM, _on_signal)
signal.signal(signal.SIGHUP, _on_signal)
