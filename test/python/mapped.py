"""Functions that the tests of map use."""

import os
import time


def double(item, *, plus=0):
    return item * 2 + plus


def fails_at(item, *, bad):
    if item == bad:
        raise ValueError(f"item {item}")
    return item


def odd_at(item, *, bad):
    """Return something that stays in Python for one item."""
    return object() if item == bad else item


def sleeps(seconds):
    time.sleep(seconds)
    return seconds


def dies_at(item, *, bad):
    if item == bad:
        os._exit(3)
    return item
