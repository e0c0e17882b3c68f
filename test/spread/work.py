"""What the tests have done elsewhere: other processes find it by its name."""
import os
from pathlib import Path
import signal

from il_ros.errors import DatasetError


def square(item, ask):
    ask()
    return item * item


def where(item, ask):
    return os.getpid()


def killed_once(item, ask):
    """Die like a process that the kernel kills for want of memory, at the first try."""
    number, marks = item
    mark = Path(marks, str(number))
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def killed_always(item, ask):
    os.kill(os.getpid(), signal.SIGKILL)


def refuses(item, ask):
    if item == 2:
        raise DatasetError('the second is odd; leave it out')
    return item


def breaks(item, ask):
    return 1 // item
