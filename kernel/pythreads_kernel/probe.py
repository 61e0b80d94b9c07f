"""What one installation of Python is and can do, as one line of JSON. Runs as a script, isolated
from the environment.

It runs before the first start, so it also compiles the kernel. In each interpreter that would take
four times as long as everything else that the kernel does at its start, and again at each start
where PYTHONDONTWRITEBYTECODE is set.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import sysconfig

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def facts() -> dict[str, Any]:
    """Describe the running interpreter."""
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "release": sys.version.split()[0],
        "implementation": sys.implementation.name,
        "prefix": sys.prefix,
        "basePrefix": sys.base_prefix,
        "bits": struct.calcsize("P") * 8,
        "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "ctypes": _has("ctypes"),
        "libpython": _libpython(),
        "libpythonName": str(sysconfig.get_config_var("INSTSONAME") or ""),
        "debian": os.path.exists("/etc/debian_version") and sys.base_prefix == "/usr",
    }


def _libpython() -> str | None:
    """Find the real file of the shared library: the loaded one, else where this installation has
    it.
    """
    tag = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for path in _mapped():
        if os.path.basename(path).startswith(f"libpython{tag}"):
            return path
    name = sysconfig.get_config_var("INSTSONAME") or ""
    if sys.platform == "win32":
        return _first(
            [os.path.join(sys.base_prefix, f"python{sys.version_info[0]}{sys.version_info[1]}.dll")]
        )
    if sysconfig.get_config_var("PYTHONFRAMEWORK"):
        return _first([os.path.join(sys.base_prefix, "Python")])
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    if suffix not in name:
        flags = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
        name = (
            f"libpython{tag}{flags}.dylib"
            if suffix == ".dylib"
            else f"libpython{tag}{flags}.so.1.0"
        )
    libdir, multiarch = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("MULTIARCH")
    folders = [
        libdir,
        os.path.join(libdir, multiarch) if libdir and multiarch else None,
        os.path.join(sys.base_prefix, "lib"),
        sysconfig.get_config_var("LIBPL"),
    ]
    return _first([os.path.join(folder, name) for folder in folders if folder])


def _mapped() -> list[str]:
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            return [
                line[line.index("/") :].rstrip("\n")
                for line in maps
                if "libpython" in line and "/" in line
            ]
    except OSError:
        return []


def _first(paths: list[str]) -> str | None:
    return next((os.path.realpath(path) for path in paths if os.path.exists(path)), None)


def _has(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def compile_kernel() -> None:
    """Compile the modules beside this one that are new or have changed. Does nothing where the
    folder is read-only.
    """
    from importlib.machinery import SourceFileLoader

    folder = os.path.dirname(os.path.abspath(__file__))
    own = os.path.basename(__file__)
    names = [name for name in os.listdir(folder) if name.endswith(".py") and name != own]
    # Compiled last: where it is compiled, all others are.
    mark = os.path.join(folder, "__pycache__", f"{own[:-3]}.{sys.implementation.cache_tag}.pyc")
    if os.path.exists(mark) and os.path.getmtime(mark) >= max(
        os.path.getmtime(os.path.join(folder, name)) for name in names
    ):
        return
    for name in [*names, own]:
        module = f"pythreads_kernel.{name[:-3]}"
        SourceFileLoader(module, os.path.join(folder, name)).get_code(module)


if __name__ == "__main__":
    # Modules of the site may print something before this line.
    print("\npythreads " + json.dumps(facts()))
    try:
        compile_kernel()
    except Exception:  # it is only to save time, and Python may be too old for the kernel
        sys.exit()
