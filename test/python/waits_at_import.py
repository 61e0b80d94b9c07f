"""A module whose import does not end."""

import time

print("begun", flush=True)
while True:
    time.sleep(60)
