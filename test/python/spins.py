"""Takes processor time, when it is imported and in calls."""

import time


def spin(seconds):
    """Compute; answer how many milliseconds of this thread's processor time that took."""
    began = time.thread_time_ns()
    while time.thread_time_ns() < began + seconds * 1e9:
        pass
    return (time.thread_time_ns() - began) / 1e6


spin(0.05)
