"""The simulated arm alone."""
from il_ros.nodes.shared.launching import description, monitoring, simulation


def generate_launch_description():
    return description(
        ('robot', 'use_sim', 'rviz', 'panel', 'namespace', 'sim_task', 'seed'),
        simulation(), *monitoring(), use_sim='true')
