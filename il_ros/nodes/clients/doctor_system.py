"""What the doctor finds out about the system below the topics: clock, transport, controllers."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import os
from pathlib import Path
import time

from il_ros.checks import Check, failed, passed, skipped
from il_ros.contract import CommandInterface
from il_ros.transport import PROFILES, RANGE
import rclpy
from rclpy.executors import Executor
from rclpy.node import Node

LIST = 'controller_manager/list_controllers'
NODES = ('command_gate', 'dagger_intervention', 'teleop', 'teleop_capture', 'policy_inference')
# What only controllers take; poses, twists and goals go to drivers as well.
OF_CONTROLLERS = ('trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray')
SETTLE_S = 1.0   # without a change of the graph: who is there has been discovered


def check_clock(publishers: list[str], problem: str, speed: float) -> Check:
    """Check ROS time.

    Args:
        publishers: Who publishes /clock.
        problem: What `safety.clock.ClockWatch` found while the doctor measured.
        speed: ROS time per steady time meanwhile.
    """
    if len(publishers) > 1:
        return failed('clock', f'{", ".join(publishers)} all publish /clock; stop all but one')
    if problem:
        return failed('clock', problem if publishers else
                      f'{problem}: the system clock steps; let chrony or ntpd slew it')
    return passed('clock', f'/clock of {publishers[0]}, {speed:.2f} x real time' if publishers else
                  'system time')


def check_transport(environ: Mapping[str, str], middleware: str) -> Iterator[Check]:
    """Check what DDS is told by the environment."""
    reach = environ.get(RANGE, 'SUBNET')
    yield passed('discovery', f'{reach}, ROS domain {environ.get("ROS_DOMAIN_ID", "0")}')
    if 'fastrtps' not in middleware:
        yield skipped('transport', f'{middleware}: il_ros ships settings for Fast DDS only; see '
                                   'that it carries large images without loss')
        return
    for variable in PROFILES:
        if file := environ.get(variable):
            if not Path(file).is_file():
                yield failed('transport', f'{variable} names {file}, which is not there: images '
                                          'would be lost in the default shared memory; correct '
                                          'or unset it')
            else:
                yield passed('transport', f'Fast DDS, {file}')
            return
    yield failed('transport', f'no Fast DDS profile: images would be lost in the default shared '
                              f'memory; set {PROFILES[0]} to config/transport/local.xml')


def check_controllers(commands: Sequence[CommandInterface],
                      states: Mapping[str, str]) -> Iterator[Check]:
    """Check that the controller behind each command topic is active.

    Args:
        commands: Where the gate publishes; ros2_control names such topics <controller>/<what>.
        states: State of each controller by name.
    """
    for command in commands:
        name = command.name.strip('/').rpartition('/')[0].rpartition('/')[2]
        state = states.get(name)
        if state is None and (command.action or command.type not in OF_CONTROLLERS):
            yield skipped('controller', f'{command.name}: no controller {name!r} is loaded; a '
                                        'driver of its own may take it')
        elif state is None:
            known = ', '.join(states) or 'none'
            yield failed('controller', f'{command.name}: no controller {name!r} is loaded '
                                       f'(loaded: {known}); load it, or correct the contract')
        elif state != 'active':
            yield failed('controller', f'{name} is {state}: ros2 control switch_controllers '
                                       f'--activate {name}')
        else:
            yield passed('controller', f'{name} is active')


def discovered(node: Node, executor: Executor, timeout_s: float) -> list[str]:
    """Return the names of the nodes in a node's namespace once all who are there are known.

    That is: all of `NODES`, or no change of the graph for `SETTLE_S`, or the deadline.
    """
    seen: list[tuple[str, str]] = []
    changed = time.monotonic()
    end = changed + timeout_s
    while True:
        before, seen = seen, sorted(node.get_node_names_and_namespaces())
        changed = changed if seen == before else time.monotonic()
        names = [name for name, space in seen if space == node.get_namespace()]
        if set(NODES) <= set(names) or time.monotonic() > min(end, changed + SETTLE_S):
            return names
        executor.spin_once(timeout_sec=0.05)


def check_nodes(names: list[str]) -> Iterator[Check]:
    """Check that each of `NODES` runs once.

    Args:
        names: Of the nodes in one namespace.
    """
    for name in NODES:
        if (number := names.count(name)) > 1:
            yield failed(f'node {name}', f'runs {number} times; stop all but one')
        elif number:
            yield passed(f'node {name}', 'runs')
        else:
            yield skipped(f'node {name}', f'does not run: ros2 run il_ros {name}')


def controllers(node: Node, commands: Sequence[CommandInterface],
                wait: Callable[[Callable[[], bool]], bool]) -> Iterator[Check]:
    """Ask ros2_control, where it runs.

    Args:
        node: The visitor.
        commands: Where the gate publishes.
        wait: Serves messages until its condition holds; False after the deadline.
    """
    service = node.resolve_service_name(LIST)
    if service not in dict(node.get_service_names_and_types()):
        yield skipped('controller', f'no ros2_control here ({service})')
        return
    try:
        from controller_manager_msgs.srv import ListControllers
    except ImportError:
        yield skipped('controller', 'ros2_control runs, but its messages are not installed: '
                                    'sudo apt install ros-jazzy-controller-manager-msgs')
        return
    client = node.create_client(ListControllers, LIST)
    future = client.call_async(ListControllers.Request())
    if not wait(future.done):
        yield failed('controller', f'{service} does not answer; look at the log of the controller '
                                   'manager')
        return
    yield from check_controllers(
        commands, {one.name: one.state for one in future.result().controller})


def transport() -> Iterator[Check]:
    """Check this process's own transport."""
    yield from check_transport(os.environ, rclpy.get_rmw_implementation_identifier())
