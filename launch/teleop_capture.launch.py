"""A person drives the robot and records demonstrations (services capture/start, capture/stop)."""
from il_ros.nodes.shared.launching import (
    control,
    description,
    monitoring,
    operator,
    recorder,
    simulation,
    terminal,
)


def generate_launch_description():
    return description(
        ('robot', 'teleop', 'device', 'use_sim', 'rviz', 'panel', 'namespace', 'output', 'task',
         'operator', 'licence', 'owner', 'consent', 'sim_task', 'seed', 'terminal'),
        terminal(), simulation(), *control('teleop'), operator('always'), recorder(),
        *monitoring())
