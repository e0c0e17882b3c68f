"""A simulated cell that a person works at through the panel."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import time

from il_ros.workflow.graph import environment, Graph
from il_ros.workflow.session import own_domain

LOOK_S = 0.2


@dataclass(frozen=True)
class Cell:
    """What to start.

    Attributes:
        robot: Name or file of a simulated robot's contract.
        device: Of the operator; 'none' for none, 'keyboard' reads this terminal.
        checkpoint: Of a policy; '' for plain teleoperation.
        task: Of the simulation; '' for its first.
        seed: Of scene and scripted operator.
        namespace: Of everything.
    """

    robot: str = 'sim_arm'
    device: str = 'keyboard'
    checkpoint: str = ''
    task: str = ''
    seed: int = 0
    namespace: str = ''

    def nodes(self, bags: Path) -> dict[str, dict[str, object]]:
        """Return the parameters of each node; the gate begins disarmed."""
        common: dict[str, object] = {'robot': self.robot}
        found: dict[str, dict[str, object]] = {
            'sim_robot': {**common, 'task': self.task, 'seed': self.seed},
            'command_gate': {**common, 'required': 'all' if self.checkpoint else 'state'},
            'dagger_intervention': {**common, 'mode': 'paused' if self.checkpoint else 'teleop',
                                    'corrections': str(bags / 'corrections')},
            'teleop_capture': {**common, 'output': str(bags), 'operator': self.device}}
        if self.device != 'none':
            found['teleop'] = {
                **common, 'device': self.device, 'seed': self.seed, 'task': self.task,
                'engage': 'supervised' if self.checkpoint else 'always'}
        if self.checkpoint:
            found['policy_inference'] = {**common, 'checkpoint': self.checkpoint,
                                         'autostart': True}
        return found


def run_cell(cell: Cell, out: Path, panel: Mapping[str, object],
             ended: Callable[[], bool] = lambda: False) -> None:
    """Run a cell and its panel until Ctrl-C.

    Args:
        cell: What to start.
        out: Folder of the episodes and of one log per node.
        panel: Parameters of the panel.
        ended: Says when to stop besides.

    Raises:
        GraphError: A node has ended.
    """
    os.environ.setdefault('ROS_DOMAIN_ID', str(own_domain()))
    variables = environment(own_domain())
    with Graph(out / 'logs', variables) as graph:
        try:
            for name, parameters in {**cell.nodes(out / 'bags'), 'panel': dict(panel)}.items():
                shown = name == 'panel' or (name == 'teleop' and 'keyboard' in cell.device)
                graph.start(name, parameters, terminal=shown, namespace=cell.namespace)
            while not ended():
                graph.check()
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            pass
