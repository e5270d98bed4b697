"""Ports of 127.0.0.1 for the tests' servers."""

import random
import socket

# Below those that the system gives to outgoing connections (ip_local_port_range): a server that is down for a while
# comes back to its own.
FIRST, LAST = 12000, 32000

_reserved = {}


def free_port(wanted=0):
    """The wanted port where it is free, else another. It belongs to this process until it is given back: nobody else who
    asks here, in whatever process, is given it."""
    candidates = random.SystemRandom()
    while True:
        port = wanted or candidates.randrange(FIRST, LAST)
        if _reserve(port):
            try:
                with socket.create_server(("127.0.0.1", port)):
                    return port
            except OSError:
                _reserved.pop(port).close()  # somebody's whom we don't know
        wanted = 0


def give_back():
    """All that this process was given, which ends with it at the latest."""
    while _reserved:
        _reserved.popitem()[1].close()


def _reserve(port):
    """A name in Linux's abstract namespace is one process's, and is gone with it."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0dragoman-test-port-{port}")
    except OSError:
        mark.close()
        return False
    _reserved[port] = mark
    return True
