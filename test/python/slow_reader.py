"""Runs a command whose stdout is a pipe, a socket, a terminal or a file, and reads what it prints
late and slowly.

`slow_reader.py KIND RECEIVED COMMAND...`: what came is written to the file RECEIVED. Its status is
that of the command. It begins to read when nothing more fits into the pipe, or the command has
ended.
"""

import os
import select
import socket
import subprocess
import sys
import tty

PIECE = 3000


def main() -> int:
    kind, received, *command = sys.argv[1:]
    if kind == "file":
        with open(received, "wb") as file:
            return subprocess.call(command, stdout=file)
    if kind == "pipe":
        ours, theirs = os.pipe()
    elif kind == "socket":
        one, other = socket.socketpair()
        ours, theirs = one.detach(), other.detach()
    else:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
    child = subprocess.Popen(command, stdout=theirs)
    ended = os.pidfd_open(child.pid)
    # What is full is not writable.
    full = select.poll()
    full.register(theirs, select.POLLOUT)
    while full.poll(0) and not select.select((ended,), (), (), 0.001)[0]:
        pass
    os.close(theirs)
    with open(received, "wb") as file:
        while True:
            select.select((ours,), (), ())
            try:
                piece = os.read(ours, PIECE)
            except OSError:  # nobody has the terminal any more
                break
            if not piece:
                break
            file.write(piece)
    return child.wait()


sys.exit(main())
