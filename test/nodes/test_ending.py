"""How every node ends: Ctrl-C in its start, twice, with its terminal; a bug of a callback."""
from __future__ import annotations

from contextlib import contextmanager, ExitStack, suppress
from pathlib import Path
import signal
import subprocess

from nodes.harness import next_domain, run_python, running, wait_for
from nodes.robot import Robot
import pytest

DOMAIN = next_domain()
NODES = ('sim_robot', 'command_gate', 'dagger_intervention', 'policy_inference', 'monitor',
         'teleop_capture', 'bag_converter', 'teleop')
BUG = """
from il_ros.nodes import shell
from rclpy.node import Node
class Broken(Node):
    def __init__(self):
        super().__init__('broken')
        self.create_timer(0.01, self.tick)
    def tick(self):
        return self.nothing
raise SystemExit(shell.main(Broken))
"""

ENDED = """
from contextlib import suppress
from il_ros.nodes import shell
import rclpy
from rclpy.executors import SingleThreadedExecutor
rclpy.init()
rclpy.shutdown()
with suppress(TypeError):
    SingleThreadedExecutor()
print('quiet')
"""

UNHEARD = """
import os, signal
from il_ros.nodes.shared import ending
import rclpy
from rclpy.signals import uninstall_signal_handlers
signals = ending.expect_signals()
rclpy.init()
node = rclpy.create_node('last')
uninstall_signal_handlers()
os.kill(os.getpid(), signal.{name})
assert rclpy.ok(), 'nobody acts on it'
ending.spin_until_a_signal(node, signals, lambda: print('zeros', rclpy.ok()))
"""

LOCKED = """
import os, signal
from il_ros.nodes.shared import ending
import rclpy
signals = ending.expect_signals()
rclpy.init()
node = rclpy.create_node('last')
context = rclpy.get_default_context()
def tick():
    with context._lock:     # as within Context.ok
        os.kill(os.getpid(), signal.SIGINT)
node.create_timer(0.01, tick)
ending.spin_until_a_signal(node, signals, lambda: print('zeros', rclpy.ok()))
"""


@contextmanager
def all_nodes(folder):
    """Yield every node by its name; none is left behind."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(running(
            name, DOMAIN, folder / f'{name}.txt', whole=True,
            parameters={'device': 'scripted'} if name == 'teleop' else {})) for name in NODES}


def ended(nodes):
    """Assert that all ended well, or by the signal itself."""
    for name, node in nodes.items():
        with suppress(subprocess.TimeoutExpired):
            node.process.wait(30)
        assert node.stop() in (0, -signal.SIGINT), f'{name}: {node.output}'
        assert 'Traceback' not in node.output, f'{name}: {node.output}'


@pytest.mark.parametrize('library', ['_rclpy_pybind11', 'librmw_fastrtps_cpp'])
def test_ctrl_c_while_it_starts(tmp_path, library):
    """Each gets the signal as soon as a library of its start is there: in imports, in `init`."""
    with all_nodes(tmp_path) as nodes:
        waiting = dict(nodes)

        def all_told():
            for name, node in list(waiting.items()):
                if library in Path(f'/proc/{node.process.pid}/maps').read_text():
                    node.send(signal.SIGINT)
                    del waiting[name]
            return not waiting
        wait_for(all_told, library, 60.0)
        ended(nodes)


@pytest.mark.parametrize('numbers', [(signal.SIGINT, signal.SIGINT), (signal.SIGHUP,),
                                     (signal.SIGTERM, signal.SIGINT)],
                         ids=lambda numbers: '-'.join(n.name for n in numbers))
def test_ctrl_c_twice_and_a_terminal_that_is_closed(tmp_path, numbers):
    with Robot(DOMAIN) as robot, all_nodes(tmp_path) as nodes:
        robot.until(lambda: {name for name, _ in robot.node.get_node_names_and_namespaces()}
                    >= set(nodes), 'all nodes', 60.0)
        for number in numbers:
            for node in nodes.values():
                if node.process.poll() is None:
                    node.send(number)
        ended(nodes)
        assert {node.process.returncode for node in nodes.values()} == {0}


@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM'])
def test_a_signal_between_two_handlers_is_not_lost(name):
    """It came when rclpy's handlers had just been taken away: a gate drove on after Ctrl-C."""
    done = run_python(UNHEARD.format(name=name), DOMAIN)
    assert (done.stdout, done.returncode) == ('zeros True\n', 0), done.stderr


def test_a_signal_that_interrupts_the_lock_of_the_context_is_no_deadlock():
    done = run_python(LOCKED, DOMAIN)
    assert (done.stdout, done.returncode) == ('zeros True\n', 0), done.stderr


def test_an_executor_of_a_context_that_has_ended_says_nothing():
    """As when a signal comes just before a node is served."""
    out = run_python(ENDED, DOMAIN)
    assert (out.stdout, out.stderr) == ('quiet\n', '')


def test_nohup_stays_nohup():
    code = ('import signal; from il_ros.nodes.shared import ending; '
            'signal.signal(signal.SIGHUP, signal.SIG_IGN); ending.expect_signals(); '
            'print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)')
    out = run_python(code, DOMAIN)
    assert out.stdout == 'True\n', out.stderr


def test_a_bug_ends_the_node_and_is_named():
    out = run_python(BUG, DOMAIN)
    assert out.returncode == 1
    assert "a bug ends this node: AttributeError: 'Broken' object has no attribute 'nothing'" in (
        out.stderr + out.stdout)
    assert 'line 9, in tick' in out.stderr


def test_importing_the_nodes_leaves_ctrl_c_alone():
    code = ('import signal; signal.signal(signal.SIGINT, signal.default_int_handler); '
            'from il_ros.nodes import shell; '
            'print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)')
    out = run_python(code, DOMAIN)
    assert out.stdout == 'True\n', out.stderr
