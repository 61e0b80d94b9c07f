"""What to do about a module that is missing: install it, or name its file."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Sequence

# What a module's package is called, where that is not the module's own name.
_PACKAGES = {
    **{"sklearn": "scikit-learn", "skimage": "scikit-image", "skopt": "scikit-optimize", "PIL": "pillow", "cv2": "opencv-python"},
    **{
        "yaml": "pyyaml",
        "bs4": "beautifulsoup4",
        "dateutil": "python-dateutil",
        "dotenv": "python-dotenv",
        "docx": "python-docx",
    },
    **{
        "pptx": "python-pptx",
        "jose": "python-jose",
        "multipart": "python-multipart",
        "magic": "python-magic",
        "slugify": "python-slugify",
    },
    **{"Levenshtein": "levenshtein", "Crypto": "pycryptodome", "OpenSSL": "pyopenssl", "jwt": "pyjwt", "nacl": "pynacl"},
    **{"serial": "pyserial", "usb": "pyusb", "zmq": "pyzmq", "fitz": "pymupdf", "pymupdf": "pymupdf", "git": "gitpython"},
    **{
        "MySQLdb": "mysqlclient",
        "psycopg2": "psycopg2-binary",
        "psycopg": "psycopg[binary]",
        "ldap": "python-ldap",
        "bson": "pymongo",
    },
    **{
        "attr": "attrs",
        "pkg_resources": "setuptools",
        "distutils": "setuptools",
        "markdown": "markdown",
        "mpl_toolkits": "matplotlib",
    },
    **{"sentence_transformers": "sentence-transformers", "faiss": "faiss-cpu", "grpc": "grpcio", "flask_cors": "flask-cors"},
    **{"rest_framework": "djangorestframework", "google": "google-api-python-client", "win32api": "pywin32", "wx": "wxpython"},
    **{"dns": "dnspython", "websocket": "websocket-client", "ruamel": "ruamel.yaml", "umap": "umap-learn", "Bio": "biopython"},
    **{"osgeo": "gdal", "tables": "tables", "telegram": "python-telegram-bot", "discord": "discord.py", "kafka": "kafka-python"},
    **{"cairo": "pycairo", "gi": "pygobject", "OpenGL": "pyopengl", "pythoncom": "pywin32", "snappy": "python-snappy"},
    **{"socks": "pysocks", "editor": "python-editor", "xdg": "pyxdg", "igraph": "igraph", "community": "python-louvain"},
}


def advice(error: ImportError, target: str | None, folders: Sequence[str]) -> str:
    """What stands behind Python's own sentence about a module that was not found: in which Python, and what to do.

    `target`: the module that was asked for, where it was one. `folders`: where its file may lie, the current folder first.
    """
    name = error.name
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        return ""
    where = f" in Python {sys.version.split()[0]} ({sys.executable})"
    top = name.partition(".")[0]
    for wanted in (target, name):
        path = None if wanted is None or not f"{wanted}.".startswith(f"{name}.") else _file(wanted, folders)
        if path is not None and wanted is not None:
            return where + _by_file(path, folders[0], wanted, is_target=wanted == target)
    if _is_there(top) or (top[:1] == "_" and top not in sys.stdlib_module_names):
        return where
    if top in sys.stdlib_module_names:
        return f"{where}: it is a part of Python that this one was built or packaged without"
    return f"{where}: install it by `{command(top)}`"


def command(module: str) -> str:
    """The command that installs a module's package in this Python."""
    python = _shown(sys.executable)
    first = "" if _is_there("pip") else f"{python} -m ensurepip && "
    if _is_managed():
        return (
            f"{python} -m venv .venv && {os.path.join('.venv', 'bin', 'python')} -m pip install {_PACKAGES.get(module, module)}"
        )
    return f"{first}{python} -m pip install {_PACKAGES.get(module, module)}"


def _by_file(path: str, current: str, name: str, *, is_target: bool) -> str:
    base = os.path.basename(path)
    shown = os.path.relpath(path, current)
    shown = path if shown.startswith("..") else f"./{shown}"
    if is_target and base != "__init__.py":
        return f", but {shown} is there: name a file by its path, '{shown}', or by `new URL('./{base}', import.meta.url)`"
    folder = path
    for _ in range(name.count(".") + 1 + (base == "__init__.py")):
        folder = os.path.dirname(folder)
    return f", but {shown} is there: add its folder by the option `path: ['{folder}']`"


def _file(name: str, folders: Sequence[str]) -> str | None:
    relative = os.path.join(*name.split("."))
    for folder in folders:
        for path in (f"{os.path.join(folder, relative)}.py", os.path.join(folder, relative, "__init__.py")):
            if os.path.isfile(path):
                return path
    return None


def _is_there(name: str) -> bool:
    try:
        return name in sys.modules or find_spec(name) is not None
    except Exception:  # a finder may be the user's
        return False


def _is_managed() -> bool:
    """Whether pip refuses to install into this Python, as the system's packages do that."""
    if sys.prefix != sys.base_prefix:
        return False
    return os.path.isfile(os.path.join(os.path.dirname(os.__file__), "EXTERNALLY-MANAGED"))


def _shown(path: str) -> str:
    return f'"{path}"' if " " in path else path
