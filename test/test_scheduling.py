import os
import signal
import subprocess
import sys
import threading

from il_ros.scheduling import process_name, when_gone
from nodes.harness import gone, wait_for
import pytest

FIRST = """
import os, subprocess, sys, threading
from il_ros.scheduling import run_first
go, seen = threading.Event(), {}
def look(name):
    go.wait()
    seen[name] = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO
before = threading.Thread(target=look, args=['before'])
before.start()
notice = run_first(7, children=sys.argv[1] == 'heirs')
after = threading.Thread(target=look, args=['after'])
after.start()
go.set()
before.join(), after.join()
child = [sys.executable, '-c', 'import os; print(os.sched_getscheduler(0) == os.SCHED_FIFO)']
seen['child'] = subprocess.run(child, capture_output=True, text=True).stdout.strip() == 'True'
print(notice or sorted(name for name in seen if seen[name]))
"""
OTHERS = """
import os, threading
from il_ros.scheduling import run_as_others, run_first
go, seen = threading.Event(), []
def look():
    go.wait()
    seen.append(os.sched_getscheduler(0))
other = threading.Thread(target=look)
other.start()
run_first()
run_as_others()
go.set()
other.join()
print(seen == [os.SCHED_FIFO], os.sched_getscheduler(0) == os.SCHED_OTHER)
"""
CHILD = """
import time
from il_ros.scheduling import end_with_parent
end_with_parent()
print('ready', flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]).pid, flush=True)
time.sleep(600)
"""


def permitted():
    """Return whether this user may have SCHED_FIFO, found out without il_ros."""
    ask = 'import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(7))'
    return not subprocess.run([sys.executable, '-c', ask], capture_output=True).returncode


@pytest.mark.parametrize(('who', 'first'), [
    ('heirs', ['after', 'before', 'child']), ('alone', ['before'])])
def test_threads_run_first_and_children_as_asked(who, first):
    out = subprocess.run([sys.executable, '-c', FIRST, who], capture_output=True, text=True,
                         check=True).stdout.strip()
    assert (out == str(first)) if permitted() else ('no real-time priority' in out), out


def test_a_thread_gives_way_to_the_others_of_its_process():
    out = subprocess.run([sys.executable, '-c', OTHERS], capture_output=True, text=True,
                         check=True).stdout.strip()
    assert out == f'{permitted()} True'


def test_a_refusal_says_what_to_do():
    out = subprocess.run([sys.executable, '-c', 'from il_ros.scheduling import run_first\n'
                          'print(run_first(1000))'], capture_output=True, text=True, check=True)
    assert out.stdout.startswith('no real-time priority (')
    assert 'grant it with rtprio in /etc/security/limits.conf' in out.stdout


def test_a_child_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, '-c', PARENT, CHILD], stdout=subprocess.PIPE,
                              text=True)
    lines = {parent.stdout.readline().strip() for _ in range(2)}
    pid, = (int(line) for line in lines - {'ready'})
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: gone(pid), 'the end of the child')


def test_a_process_that_hangs_while_it_ends_is_ended():
    program = ('import ctypes, signal\n'
               'from il_ros.scheduling import end_within\n'
               'signal.signal(signal.SIGALRM, lambda *_: None)\n'
               'end_within(1)\n'
               'ctypes.PyDLL(None).pause()\n')   # with the interpreter's lock held, as rclpy does
    assert subprocess.run([sys.executable, '-c', program],
                          check=False).returncode == -signal.SIGALRM


def test_ctrl_c_is_ignored_also_one_that_is_under_way():
    program = """
import ctypes, os, signal, threading
from il_ros.scheduling import ignore_interrupts
ignore_interrupts()
for _ in range(20):
    os.kill(os.getpid(), signal.SIGINT)
    late = threading.Thread(target=ctypes.pythonapi.PyErr_SetInterruptEx, args=(2,))
    late.start()    # as the handler in another thread, that came before
    late.join()
assert callable(signal.getsignal(signal.SIGINT)), 'Python finds one for the late'
"""
    ended = subprocess.run([sys.executable, '-c', program], check=False, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b'')


def test_the_end_of_another_process_is_noticed():
    told = threading.Event()
    with subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']) as other:
        when_gone(process_name(other.pid), told.set)
        assert not told.is_set()
        other.kill()
        assert told.wait(20)


@pytest.mark.parametrize('name', [f'{os.getpid()}:1', '999999999:5', 'nonsense', ''],
                         ids=['another', 'gone', 'nonsense', 'empty'])
def test_who_is_gone_already_or_is_another_by_now_counts_as_gone(name):
    told = threading.Event()
    when_gone(name, told.set)
    assert told.is_set()
