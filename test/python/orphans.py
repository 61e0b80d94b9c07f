"""Processes that nobody ends."""

import concurrent.futures
import multiprocessing
import time

kept = []


def in_c_code(_):
    return sum(range(10**13))


def asleep(_):
    time.sleep(600)


def of_executor(method="spawn"):
    pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method))
    kept.append(pool)
    pool.submit(abs, -1).result()
    return [pool, *pool._processes]


def idle(method="spawn"):
    return of_executor(method)[1:]


def busy(method="spawn"):
    pool, *pids = of_executor(method)
    kept.append(pool.submit(in_c_code, None))
    return pids


def child_of_child(_):
    return of_executor()[1:]


def nested():
    pool, *pids = of_executor()
    return [*pids, *pool.submit(child_of_child, None).result()]


def not_daemon():
    one = multiprocessing.Process(target=asleep, args=(None,), daemon=False)
    kept.append(one)
    one.start()
    return [one.pid]


def loky():
    from joblib.externals.loky import get_reusable_executor

    pool = get_reusable_executor(1)
    pool.submit(abs, -1).result()
    return list(pool._processes)
