"""Dicts that cannot be changed: `frozendict` of Python 3.15, and what `types.MappingProxyType`
shows.
"""

from __future__ import annotations

import builtins
from gc import get_referents
from types import MappingProxyType

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any

# The type itself; `None` before Python 3.15.
FROZEN_DICT: Any = getattr(builtins, "frozendict", None)
_DICTS = frozenset({dict, FROZEN_DICT})


def shown(proxy: Any) -> Any:
    """Return the mapping that a `MappingProxyType` shows, however many proxies stand before it.

    The garbage collector names it without a copy, and runs no method of the mapping, which may be
    of the user's.
    """
    while type(proxy) is MappingProxyType:
        (proxy,) = get_referents(proxy)
    return proxy


def shown_dict(proxy: Any) -> Any:
    """Return the dict or frozendict that a proxy shows; `None` where it shows another mapping, also
    one of a subclass.
    """
    mapping = shown(proxy)
    return mapping if type(mapping) in _DICTS else None
