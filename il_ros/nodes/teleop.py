"""teleop: publishes what the operator of a device wants, at the control rate."""
from __future__ import annotations

from functools import partial

from il_ros.nodes import shell
from il_ros.nodes.device.feedback import Feedback
from il_ros.nodes.device.inputs import Inputs
from il_ros.nodes.device.parameters import Parameters
from il_ros.nodes.device.side import Side
from il_ros.nodes.shared.robot import load_contract
from il_ros.teleop.devices import open_device
from il_ros.teleop.feeling import Event
from il_ros.teleop.share import Share
from il_ros.teleop.station import Station
from il_ros.teleop.terminal import Terminal
from il_ros.timing import Tick
from rclpy.node import Node
from rclpy.parameter import Parameter

LOG_EVERY_S = 2.0


class Teleop(Node):
    """Shell around `teleop.station.Station`; silent to a robot whose state it does not know."""

    def __init__(self) -> None:
        super().__init__('teleop')
        self._settings = p = shell.declare(self, Parameters, self._change)
        self.others = [] if '' in p.contracts else [self._beside(name) for name in p.contracts]
        nodes = dict(zip(p.contracts, self.others or [self], strict=True))
        contracts = {name: load_contract(nodes[name], p.contracts[name]) for name in nodes}
        self._sides = {name: Side(
            nodes[name], contract, name, Share(contract, p.moved, p.others),
            partial(self._reset, name), self._succeeded)
                       for name, contract in contracts.items()}
        self.period_ns = round(min(c.period_ns for c in contracts.values()) / p.speed)
        several = len(contracts) > 1
        terminal = Terminal() if several and 'keyboard' in p.device else None
        self.station = Station({name: open_device(
            p.device, contract, p.seed, p.engage, p.task, p.layout, terminal, len(contracts),
            p.settings, p.moved)
            for name, contract in contracts.items()})
        self._inputs = Inputs(self, self.station.wants)
        # A scripted operator feels nothing.
        self.feedback = None if p.device == 'scripted' else Feedback(self, p, self.station.wants)
        self._notice = ''
        self._asked: dict[str, str] = {}

    def _beside(self, space: str) -> Node:
        """Return a node in a robot's namespace: its topics are where that robot has them."""
        clock = self.get_parameter('use_sim_time')
        return Node('teleop', namespace=space, use_global_arguments=False,
                    start_parameter_services=False, parameter_overrides=[
                        Parameter('use_sim_time', value=clock.value)])

    def destroy_node(self) -> None:
        """Leave the namespaces of the robots, too."""
        for node in self.others:
            node.destroy_node()
        super().destroy_node()

    def tick(self, tick: Tick) -> None:
        """Read the device and publish what it says."""
        log, station = self.get_logger(), self.station
        heard = self._inputs.take()
        contexts = {name: side.context(heard) for name, side in self._sides.items()}
        unseen = {name for name, side in self._sides.items() if side.waiting}
        for name in unseen:
            log.warning(f'{f"{name}: " if name else ""}{self._sides[name].waiting}',
                        throttle_duration_sec=LOG_EVERY_S)
        if unseen == contexts.keys():
            return
        for name, context in contexts.items():
            if context.help and context.help != self._asked.get(name) and self.others:
                log.info(f'{name}: {context.help}')
            self._asked[name] = context.help
        if self.feedback:
            self.feedback.tick(contexts, station.driven)
        device, before = station.device, station.driven
        for name, intent in station.read(contexts, unseen).items():
            self._sides[name].tell(device.name, intent)
        if station.driven != before:
            log.info(f'{before} is let go; the device is at {station.driven}')
        if device.notice and device.notice != self._notice:
            log.warning(device.notice)
        elif device.notice:
            log.warning(device.notice, throttle_duration_sec=LOG_EVERY_S)
        self._notice = device.notice

    def _reset(self, robot: str, seed: int) -> str:
        self.station.reset(robot, seed)
        return f'{self.station.device.name}: seed {seed}'

    def _succeeded(self) -> None:
        if self.feedback:
            self.feedback.happened(Event.SUCCESS)

    def _change(self, parameters: Parameters) -> None:
        if self.feedback:
            self.feedback.parameters = parameters
        if hasattr(self.station.device, 'engage'):  # a person decides by hand
            self.station.device.engage = parameters.engage


def _spin(node: Teleop) -> None:
    try:
        shell.spin_on_grid(node, node.period_ns, node.tick, others=node.others)
    finally:
        node.station.close()
        if node.feedback:
            node.feedback.close()


def main() -> int:
    """Run the node."""
    return shell.main(Teleop, _spin, first=True)


if __name__ == '__main__':
    raise SystemExit(main())
