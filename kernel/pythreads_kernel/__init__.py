"""The part of pythreads that runs inside Python: standard library only, Python 3.10 and newer.

The same loop (`serve`) runs on a thread, in a sub-interpreter and in a child process. `frames`,
`escapes`, `encode` and `decode` are the Python half of the wire, `requests` handles what arrives,
`targets` finds what a request names, `exceptions` describes errors.
"""
