"""A node that starts takes no processor from those that drive."""
import os

from nodes.harness import next_domain, run_python

FIRST = """
import os
from il_ros.nodes import shell
from rclpy.node import Node
def make():
    print(os.sched_getscheduler(0))
    return Node('first')
shell.main(make, lambda node: print(os.sched_getscheduler(0)), first=True)
"""


def test_a_node_runs_first_once_it_was_made():
    run = run_python(FIRST, next_domain())
    assert run.returncode == 0, run.stderr
    made, spun = map(int, run.stdout.split())
    assert made == os.SCHED_OTHER
    assert spun == os.SCHED_FIFO or 'no real-time priority' in run.stderr
