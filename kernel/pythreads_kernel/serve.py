"""The main function of a worker: on a thread, in a sub-interpreter and in a child process."""

from __future__ import annotations

import marshal
import os
import sys
import threading

from . import borrow, frames, gil, lend, refusals, start_failures
from .channel import MainChannel
from .current import current
from .forking import descriptors
from .frames import read_frames, write_frame
from .limits import limit
from .output import finish_call, finish_worker
from .plain import loads
from .process_titles import name_worker, title_of
from .requests import describe_bytes
from .scope import scope_of
from .side_channel import SideChannel
from .streams import connect, flush_replaced
from .targets import TargetError, folders, load

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .status_page import StatusPage


def serve(
    fd: int,
    side_fd: int,
    status_page: StatusPage | None,
    facts: dict[str, Any] | None = None,
    *,
    alone: bool = True,
    own_process: bool = False,
    side_writes: int | None = None,
    hung_up: Callable[[], None] | None = None,
) -> bool:
    """Serve one channel until it ends. Return whether it was closed politely rather than dropped.

    The first frame is START with the pool's settings; the reply is READY with `facts`, or ERROR
    where a module that was to be loaded raised. The descriptors are the caller's to close. `alone`
    says that no other worker uses this interpreter. `own_process`: nothing else happens in this
    process. `side_writes`: where the side channel writes, if that is another descriptor. `hung_up`
    is called when the host has closed the side channel.
    """
    requests = read_frames(fd, None if status_page is None else status_page.reads)
    side = SideChannel(side_fd, side_writes, hung_up)
    channel: MainChannel | None = None
    descriptors.update((fd, side_fd, side.writes))
    try:
        first = next(requests, None)
        if first is None:
            return False
        try:
            settings = loads(first[2])
            if _is_for_another(settings["python"], facts):
                # The facts are for the host's error message. No code of the user has run.
                write_frame(
                    fd,
                    frames.READY,
                    0,
                    marshal.dumps({**_facts(own_process=own_process), **(facts or {})}, 2),
                )
                return False
            if own_process:
                limit(settings["limits"])
            if not gil.is_enabled():
                gil.watch()
            scope = scope_of(settings["scope"])
            scope.owner = settings["owner"]
            scope.errors = settings["errors"]
            scope.flags = settings["flags"]
            sync = settings["sync"]
            channel = MainChannel(
                fd,
                side,
                status_page,
                scope,
                requests,
                is_sync=sync,
                own_process=own_process,
                after=flush_replaced,
            )
            if refusals.is_watching:
                refusals.report_to(channel.send)
            current.channel = channel  # what is printed while modules load is the channel's, too
            connect(channel, settings["output"], alone=alone, own_process=own_process)
            channel.title = title_of(settings["name"], settings["worker"])
            name_worker(settings["name"], settings["worker"], own_process=own_process)
            _connect_records(channel, settings, alone=alone)
            _prepare(settings)
            finish_call(channel, None)
            memory = lend.offer(settings["memory"])
            ready = marshal.dumps(
                {**_facts(own_process=own_process), "memory": memory, **(facts or {})}, 2
            )
            if alone:
                borrow.fetch = side.fetch
            if not sync:
                side.listen()  # before READY: there may be no thread for it
        except (
            BaseException
        ) as error:  # a module may do anything while it loads: report it to the host
            write_frame(fd, frames.ERROR, 0, describe_bytes(_start_error(error)))
            return False
        write_frame(fd, frames.READY, 0, ready)
        return _serve(channel, status_page, alone=alone, own_process=own_process)
    except ConnectionError:
        return False
    finally:
        descriptors.discard(fd)
        if channel is not None:
            _disconnect_records(channel, alone=alone)
        side.close()
        if status_page is not None:
            status_page.close()


def _connect_records(channel: MainChannel, settings: dict[str, Any], *, alone: bool) -> None:
    """Send warnings and records of logging over a channel, where the pool wants them."""
    if settings["warnings"]:
        from . import warning_frames  # is not needed where the pool wants no warnings

        channel.emits = True
        warning_frames.connect(channel, alone=alone)
    if settings["logging"] is not None:
        from . import log_records  # `logging` takes 5 ms to import

        channel.emits = True
        log_records.connect(channel, settings["logging"], alone=alone)


def _disconnect_records(channel: MainChannel, *, alone: bool) -> None:
    """Send no more warnings and records over a channel."""
    if not channel.emits:
        return
    for name in ("warning_frames", "log_records"):
        module = sys.modules.get(f"pythreads_kernel.{name}")
        if module is not None:
            module.disconnect(channel)
    later = sys.modules.get("pythreads_kernel.deferred_frames")
    if later is not None and alone:  # else other workers may have something to send
        later.end()


def _is_for_another(expected: Any, facts: dict[str, Any] | None) -> bool:
    """Whether the host wants another Python than the one that is in its process already."""
    if expected is None or facts is None:
        return False
    return bool(expected != [facts["libpython"], sys.prefix])


def _start_error(error: BaseException) -> TargetError:
    """The error that the host gets for a failure before the first call. Errors of modules in
    `preload` have codes of their own.
    """
    if isinstance(error, TargetError):
        result = TargetError(error.code, "\n".join((str(error), *start_failures.shadows(error))))
        result.__cause__ = error.__cause__
        return result
    result = TargetError("WORKER_START", f"a worker did not start: {start_failures.because(error)}")
    result.__cause__ = error
    return result


def _serve(
    channel: MainChannel, status_page: StatusPage | None, *, alone: bool, own_process: bool
) -> bool:
    """Serve, and note the error that ends the loop. In a process of its own, raise it."""
    if not alone:
        channel.scope.join()
    try:
        return channel.serve()
    except ConnectionError:
        return False
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
        if status_page is not None:
            status_page.printed(why.encode("utf-8", "replace"))
        if own_process:
            raise
        # The host reads that the channel is closed.
        print(f"pythreads: a worker's loop ended with an error: {why}", file=sys.stderr)
        return False
    finally:
        finish_worker(channel)
        lend.end(channel)
        if not alone:
            channel.scope.leave()


def _prepare(settings: dict[str, Any]) -> None:
    folders[:] = settings["folders"]
    for folder in reversed(settings["path"]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    for name in settings["preload"]:
        load(name)


def _facts(*, own_process: bool) -> dict[str, Any]:
    return {
        "borrows": borrow.is_possible(own_process=own_process),
        "pid": os.getpid(),
        "version": sys.version.split()[0],
        "executable": sys.executable or "",
        "prefix": sys.prefix,
        "thread": threading.get_native_id(),
        "gil": gil.is_enabled(),
        "gil_culprit": gil.culprit(),
    }
