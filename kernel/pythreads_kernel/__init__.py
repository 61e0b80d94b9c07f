"""The part of pythreads that runs inside Python: standard library only, Python 3.10 and newer.

The same serve loop runs on a thread, in a sub-interpreter and in a child process; `frames` and
`codec` are the Python half of the wire, `targets` finds what a request names, `report` describes
exceptions.
"""
