"""Ports of 127.0.0.1 for the tests' servers."""

import random
import socket

# Below those that the system gives to outgoing connections (ip_local_port_range): a server that is down for a while
# comes back to its own. A block belongs to one process.
FIRST, LAST, BLOCK = 12000, 32000, 100

_blocks, _ports = [], []


def free_port(wanted=0):
    """The wanted port where it is free, else another: nobody else who asks here, in whatever process, is given it, nor is it
    given twice, until it is given back."""
    if wanted and _is_free(wanted):
        return wanted
    while True:
        if not _ports:
            _take_block()
        port = _ports.pop()
        if _is_free(port):
            return port


def give_back():
    """All that this process was given, which ends with it at the latest."""
    _ports.clear()
    while _blocks:
        _blocks.pop().close()


def _take_block():
    """By a name in Linux's abstract namespace: it is one process's, and gone with it."""
    for first in random.SystemRandom().sample(range(FIRST, LAST, BLOCK), (LAST - FIRST) // BLOCK):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0dragoman-test-ports-{first}")
        except OSError:
            mark.close()
            continue
        _blocks.append(mark)
        _ports.extend(range(first, first + BLOCK))
        return
    raise OSError("other tests have all the ports that there are for tests")


def _is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
