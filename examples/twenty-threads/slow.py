"""A function that waits in Python, as for a database: the wait needs neither the GIL nor a core."""

import json
import time


def dumps(value: object) -> str:
    time.sleep(0.001)
    return json.dumps(value)
