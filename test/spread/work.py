"""What the tests have done elsewhere: other processes find it by its name."""
import os
from pathlib import Path
import signal
import time

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


def fails_beside_work(item, ask):
    """Fail at the first item once the second is begun, which goes on until nobody wants it."""
    number, marks = item
    begun, ended = Path(marks, 'begun'), Path(marks, 'ended')
    if number == 0:
        while not begun.exists():
            time.sleep(0.01)
        raise DatasetError('the first')
    begun.touch()
    try:
        for _ in range(2000):
            ask()
            time.sleep(0.01)
    finally:
        time.sleep(0.2)
        ended.touch()


def breaks(item, ask):
    return 1 // item
