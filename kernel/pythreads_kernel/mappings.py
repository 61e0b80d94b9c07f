"""Immutable dicts: `frozendict` of Python 3.15, and the dict behind a `types.MappingProxyType`."""

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
    """Return the mapping behind a `MappingProxyType`, also behind several proxies.

    The garbage collector names it without a copy, and runs no method of the mapping, which may be
    the user's.
    """
    while type(proxy) is MappingProxyType:
        (proxy,) = get_referents(proxy)
    return proxy


def shown_dict(proxy: Any) -> Any:
    """Return the dict or frozendict behind a proxy; `None` for another mapping, subclasses
    included.
    """
    mapping = shown(proxy)
    return mapping if type(mapping) in _DICTS else None
