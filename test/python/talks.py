"""Prints while it is loaded, and makes a handler of logging then."""

import logging
import sys

print("loading")
_logger = logging.getLogger("talks")
_logger.addHandler(logging.StreamHandler(sys.stdout))


def log(text):
    _logger.warning(text)
