"""What plain Python needs for the same work: the floor under every bridge. Prints what it measured
as JSON.

floors.py <scenario> <ms>; `busy` waits for a line on stdin, so that several processes begin
together.
"""

import contextlib
import itertools
import json
import mmap
import os
import socket
import sys
import time

import work

clock = time.perf_counter


def rate(call, seconds, batch=100):
    end = clock() + seconds
    start, calls = clock(), 0
    while clock() < end:
        for i in range(batch):
            call(i)
        calls += batch
    return calls / (clock() - start)


def median_ms(call, seconds):
    call()
    end, taken = clock() + seconds, []
    while clock() < end or len(taken) < 3:
        start = clock()
        call()
        taken.append((clock() - start) * 1000)
    return sorted(taken)[len(taken) // 2]


def dumps(seconds):
    return rate(lambda i: work.dumps({"id": i}), seconds)


def fail(seconds):
    def call(_):
        try:
            work.fail()
        except ValueError:
            pass

    return rate(call, seconds)


def total(seconds):
    import numpy

    values = numpy.arange(1_000_000, dtype=numpy.float64)
    return median_ms(lambda: work.total(values), seconds)


def memcpy(seconds):
    import numpy

    source = numpy.arange(1_000_000, dtype=numpy.float64)
    target = numpy.empty_like(source)
    return median_ms(lambda: numpy.copyto(target, source), seconds)


def handed_over(seconds):
    """Copy an array into memory that another process maps too, and have it summed there."""
    with _shared(1) as (slots, source, ask):

        def call():
            slots[0][:] = source
            ask(0)

        return median_ms(call, seconds)


def asked(seconds):
    """Have an array summed in another process, in memory that it has read before."""
    with _shared(1) as (slots, source, ask):
        slots[0][:] = source
        return median_ms(lambda: ask(0), seconds)


def handed_back(seconds):
    """Have another process copy an array into memory that is mapped here too, each time into
    what was not used for longest.

    There are as many places as V8 lets arrays of this size pile up before it has looked for
    garbage.
    """
    turns = itertools.cycle(range(1, 21))
    with _shared(20) as (_slots, _source, ask):
        return median_ms(lambda: ask(next(turns)), seconds)


@contextlib.contextmanager
def _shared(count):
    """Memory for arrays that another process maps, which sums the first when it gets a 0, and fills
    the nth when it gets n.
    """
    import numpy

    size = 8_000_000
    memory = mmap.mmap(-1, count * size)
    slots = [numpy.frombuffer(memory, numpy.float64, 1_000_000, index * size) for index in range(count)]
    source = numpy.arange(1_000_000, dtype=numpy.float64)
    ours, theirs = socket.socketpair()

    def ask(number):
        ours.send(bytes([number]))
        ours.recv(1)

    child = os.fork()
    if child == 0:
        ours.close()
        while order := theirs.recv(1):
            if order[0] == 0:
                slots[0].sum()
            else:
                slots[order[0] - 1][:] = source
            theirs.send(b"x")
        os._exit(0)
    theirs.close()
    try:
        yield slots, source, ask
    finally:
        ours.close()
        os.waitpid(child, 0)


def tolist(seconds):
    import numpy

    values = numpy.arange(1_000_000, dtype=numpy.float64)
    return median_ms(values.tolist, seconds)


def small(seconds):
    def chunk(_):
        for x in range(10_000):
            work.small(x)

    return rate(chunk, seconds, 1) * 10_000


def callback(seconds):
    return rate(lambda _: work.times(lambda x: x + 1, 1000), seconds, 1) * 1000


def generator(seconds):
    def loop(_):
        for _ in work.numbers(1000):
            pass

    return rate(loop, seconds, 1) * 1000


def gather(_seconds):
    import asyncio

    async def all_of_them():
        await asyncio.gather(*(work.later(i) for i in range(10_000)))

    start = clock()
    asyncio.run(all_of_them())
    return (clock() - start) * 1000


def busy(seconds):
    work.busy(160_000)
    print("ready", flush=True)
    sys.stdin.readline()
    return rate(lambda _: work.busy(160_000), seconds, 1)


def main():
    name, ms = sys.argv[1], float(sys.argv[2])
    print(json.dumps(globals()[name](ms / 1000)))


main()
