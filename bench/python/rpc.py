"""What one writes oneself: requests as lines of JSON on stdin, replies as lines of JSON on stdout.
"""

import json
import sys

import work


def main():
    write, flush = sys.stdout.write, sys.stdout.flush
    for line in sys.stdin:
        request = json.loads(line)
        try:
            result = getattr(work, request["f"])(*request["a"])
            if hasattr(result, "tolist"):
                result = result.tolist()
            answer = {"i": request["i"], "r": result}
        except Exception as error:
            answer = {"i": request["i"], "e": f"{type(error).__name__}: {error}"}
        write(json.dumps(answer) + "\n")
        flush()


main()
