"""What to do about a module that is missing: install it, or name its file."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The package of a module, where its name is not the module's.
_PACKAGES = {
    "attr": "attrs",
    "Bio": "biopython",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "cairo": "pycairo",
    "community": "python-louvain",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "discord": "discord.py",
    "distutils": "setuptools",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "editor": "python-editor",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "flask_cors": "flask-cors",
    "gi": "pygobject",
    "git": "gitpython",
    "github": "pygithub",
    "google": "google-api-python-client",
    "grpc": "grpcio",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "Levenshtein": "levenshtein",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "OpenGL": "pyopengl",
    "OpenSSL": "pyopenssl",
    "osgeo": "gdal",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
    "pythoncom": "pywin32",
    "rest_framework": "djangorestframework",
    "ruamel": "ruamel.yaml",
    "sentence_transformers": "sentence-transformers",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "socks": "pysocks",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32api": "pywin32",
    "wx": "wxpython",
    "xdg": "pyxdg",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# Modules of the standard library that Debian's and self-built Pythons may lack, and Debian's
# packages that have them.
_PARTS = {"tkinter": "python3-tk", "_tkinter": "python3-tk", "ensurepip": "python3-venv"}


def advice(error: ImportError, target: str | None, folders: Sequence[str]) -> str:
    """The advice after Python's own sentence about a missing module: which Python lacks it, and
    what to do.

    `target`: the module that a call named, where it is a call's. `folders`: where its file may be,
    the current folder first.
    """
    name = error.name
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        return ""
    where = f" in Python {sys.version.split()[0]} ({sys.executable})"
    top = name.partition(".")[0]
    for wanted in (target, name):
        path = (
            None
            if wanted is None or not f"{wanted}.".startswith(f"{name}.")
            else _file(wanted, folders)
        )
        if path is not None and wanted is not None:
            return where + _by_file(path, folders[0], wanted, is_target=wanted == target)
    if _is_there(top) or (top[:1] == "_" and top not in sys.stdlib_module_names):
        return where
    if top in sys.stdlib_module_names:
        return f"{where}: it is a part of Python that this one was built or packaged without"
    return f"{where}: install it by `{command((top,))}`"


class Installer:
    """How packages get into a Python."""

    def __init__(self) -> None:
        """Look at this one."""
        self.executable = sys.executable
        self.prefix = sys.prefix
        self.has_pip = _is_there("pip")
        self.by_uv = _is_made_by_uv()
        self.by_conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
        # A system's own, into which pip refuses to install.
        self.is_managed = sys.prefix == sys.base_prefix and os.path.isfile(
            os.path.join(os.path.dirname(os.__file__), "EXTERNALLY-MANAGED")
        )

    def install(self, packages: str) -> str:
        """The command that installs packages; their names are quoted."""
        python = _quoted(self.executable)
        if self.by_conda:
            return f"conda install --prefix {_quoted(self.prefix)} {packages}"
        if self.is_managed:
            return f"{python} -m venv .venv && {os.path.join('.venv', 'bin', 'python')} -m pip install {packages}"
        if self.has_pip:
            return f"{python} -m pip install {packages}"
        if self.by_uv:
            return f"uv pip install --python {python} {packages}"
        return f"{python} -m ensurepip && {python} -m pip install {packages}"


def command(modules: Sequence[str], installer: Installer | None = None) -> str:
    """The command that installs the packages of modules, for this Python."""
    parts = _once(_PARTS[module] for module in modules if module in _PARTS)
    packages = _once(
        _quoted(_PACKAGES.get(module, module)) for module in modules if module not in _PARTS
    )
    commands = [f"apt install {parts}"] if parts else []
    if packages:
        commands.append((installer or Installer()).install(packages))
    return " && ".join(commands)


def _once(names: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(names))


def _is_made_by_uv() -> bool:
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8") as file:
            return "uv =" in file.read()
    except OSError:
        return False


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
        for path in (
            f"{os.path.join(folder, relative)}.py",
            os.path.join(folder, relative, "__init__.py"),
        ):
            if os.path.isfile(path):
                return path
    return None


def _is_there(name: str) -> bool:
    try:
        return name in sys.modules or find_spec(name) is not None
    except Exception:  # a finder may be the user's
        return False


def _quoted(text: str) -> str:
    if os.name == "nt":
        return f'"{text}"' if " " in text else text
    import shlex

    return shlex.quote(text)
