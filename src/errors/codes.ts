/**
 * Every error code of pythreads, with the sentence that documents it. Codes are stable; messages
 * may change.
 */
export const ERROR_CODES = {
  ERR_PYTHREADS_PYTHON: 'Python code raised an exception.',
  ERR_PYTHREADS_MODULE_NOT_FOUND: 'The module or file that a target names does not exist.',
  ERR_PYTHREADS_IMPORT_FAILED: 'The module exists, but importing it raised.',
  ERR_PYTHREADS_MODULE_REFUSED: 'An extension module refuses to load in a subinterpreter.',
  ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND: 'The module has no attribute of that name.',
  ERR_PYTHREADS_NOT_CALLABLE: 'The attribute that a target names cannot be called.',
  ERR_PYTHREADS_VALUE: 'A value cannot cross between JavaScript and Python; `path` says which.',
  ERR_PYTHREADS_JSON:
    'A value cannot be written as JSON: it stays in Python, or it is a Map whose keys are not texts; `path` is its key.',
  ERR_PYTHREADS_OBJECT_RELEASED:
    'A remote object was used after it was released, or after its worker ended.',
  ERR_PYTHREADS_OTHER_WORKER:
    'A remote object was used in a call that cannot go to the worker it lives in.',
  ERR_PYTHREADS_DEADLOCK: 'The call could never return, so it was refused.',
  ERR_PYTHREADS_ABORTED: 'The call was aborted by its `signal`.',
  ERR_PYTHREADS_TIMEOUT: 'The call took longer than its `timeoutMs`.',
  ERR_PYTHREADS_QUEUE_TIMEOUT: 'The call waited for a worker for longer than its `queueTimeoutMs`.',
  ERR_PYTHREADS_ARGUMENT: 'An argument of a pythreads function has the wrong type or value.',
  ERR_PYTHREADS_UNKNOWN_OPTION: 'An option of that name does not exist (perhaps misspelled).',
  ERR_PYTHREADS_OPTION: 'An option has the wrong type or is out of range.',
  ERR_PYTHREADS_PYTHON_NOT_FOUND: 'No Python was found, or there is none where an option points.',
  ERR_PYTHREADS_PYTHON_BROKEN:
    'The Python that was found does not start, or its reply cannot be read.',
  ERR_PYTHREADS_PYTHON_TOO_OLD: 'The Python that was found is older than 3.10.',
  ERR_PYTHREADS_ENVIRONMENT: 'The environment for `dependencies` could not be made.',
  ERR_PYTHREADS_LOCK: '`frozen` is set, and no lock file fits `dependencies`.',
  ERR_PYTHREADS_PERMISSION:
    "Node's permission model forbids what is needed; the message names the flag that allows it.",
  ERR_PYTHREADS_LIBPYTHON_NOT_FOUND:
    'The Python has no shared libpython, which in-process isolation needs.',
  ERR_PYTHREADS_ISOLATION_UNAVAILABLE:
    'This Python cannot provide the isolation that was asked for.',
  ERR_PYTHREADS_OTHER_PYTHON: 'This process already runs another Python in-process.',
  ERR_PYTHREADS_RUNTIME: 'The in-process Python could not be initialised.',
  ERR_PYTHREADS_WORKER_START: 'A worker did not start.',
  ERR_PYTHREADS_WORKER_DIED: 'A worker ended while it had a call.',
  ERR_PYTHREADS_MEMORY: 'There is no room for an array in the memory that Python shares.',
  ERR_PYTHREADS_WEDGED:
    'No worker can take the call: their threads do not return from cancelled calls.',
  ERR_PYTHREADS_PROTOCOL: 'A worker sent bytes that are not a valid frame; it was ended.',
  ERR_PYTHREADS_QUEUE_FULL: 'The queue of waiting calls is full.',
  ERR_PYTHREADS_CLOSED: 'The pool is closed, or closing.',
  ERR_PYTHREADS_DESTROYED: 'The pool was destroyed while the call was pending.',
  ERR_PYTHREADS_USAGE: 'The command line is not valid.',
  ERR_PYTHREADS_FILE: 'A file that the command line names cannot be opened, read or written.',
  ERR_PYTHREADS_INPUT: 'A record of the input does not match its format.',
} as const

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_CODES
