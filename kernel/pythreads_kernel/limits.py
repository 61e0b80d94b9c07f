"""Limits of a worker process, kept by the operating system."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Mapping

_MB = 1 << 20


def limit(limits: Mapping[str, int | None]) -> None:
    """Set the limits that are not None. Raises `OSError` or `ValueError` where the system refuses
    one.
    """
    if all(value is None for value in limits.values()):
        return
    try:
        import resource
    except ImportError:  # Windows, where the host refuses the limits of a user
        raise OSError("this system keeps no limits of a process") from None
    memory, cpu, files = limits["memoryMb"], limits["cpuSeconds"], limits["openFiles"]
    if memory is not None:
        # Beyond the memory that is mapped already: interpreter, libraries, stacks of the worker's
        # threads.
        _set(resource.RLIMIT_DATA, _data_bytes() + memory * _MB)
    if cpu is not None:
        _set(resource.RLIMIT_CPU, cpu)  # SIGXCPU ends the process
    if files is not None:
        _set(resource.RLIMIT_NOFILE, files)


def _set(kind: int, value: int) -> None:
    import resource

    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def _data_bytes() -> int:
    """The size of private writable mappings; only Linux reports it."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
    except (OSError, StopIteration):
        return 0
