"""Forks when it is imported; how the child ends says the environment."""

import os

pid = os.fork()
if pid == 0 and os.environ["CHILD"] == "exit":
    raise SystemExit(3)
if pid == 0 and os.environ["CHILD"] == "raise":
    raise ValueError("in the child")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else None


def what():
    return status
