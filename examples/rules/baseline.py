"""The rules over a file of events as plain Python does it, one after the other: what `pythreads
map` is compared with.
"""

from __future__ import annotations

import argparse
import json

from rules import evaluate


def main() -> None:
    """Write a line of JSON for every line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    with (
        open(options.input, encoding="utf-8") as events,
        open(options.output, "w", encoding="utf-8", newline="\n") as output,
    ):
        output.writelines(json.dumps(evaluate(json.loads(line))) + "\n" for line in events)


if __name__ == "__main__":
    main()
