"""Jobs that kill or hold up whoever does them; in a module that processes of a pool can import."""

import os
import signal
import threading


def crash_or_double(job: int) -> int:
    """Twice the job; kills its process at 13, waits at 99."""
    if job == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if job == 99:
        threading.Event().wait(600)
    return job * 2
