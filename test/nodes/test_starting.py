"""A node that starts takes no processor from those that drive."""
import os
import subprocess
import sys

from nodes.harness import environment, next_domain

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
    run = subprocess.run([sys.executable, '-c', FIRST], env=environment(next_domain()), text=True,
                         capture_output=True, timeout=60, check=True)
    made, spun = map(int, run.stdout.split())
    assert made == os.SCHED_OTHER
    assert spun == os.SCHED_FIFO or 'no real-time priority' in run.stderr
