"""What `types.MappingProxyType` shows: a dict that cannot be changed by it."""

from __future__ import annotations

from gc import get_referents
from types import MappingProxyType

TYPE_CHECKING = False  # importing typing takes 2 ms
if TYPE_CHECKING:
    from typing import Any


def shown(proxy: Any) -> Any:
    """Return the mapping that a `MappingProxyType` shows, however many proxies stand before it.

    The garbage collector names it without a copy, and runs no method of the mapping, which may be of the user's.
    """
    while type(proxy) is MappingProxyType:
        (proxy,) = get_referents(proxy)
    return proxy


def shown_dict(proxy: Any) -> Any:
    """Return the dict that a proxy shows; `None` where it shows another mapping, also one of a subclass."""
    mapping = shown(proxy)
    return mapping if type(mapping) is dict else None
