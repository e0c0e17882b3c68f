"""A policy drives the robot by itself."""
from il_ros.nodes.shared.launching import control, description, monitoring, policy, simulation


def generate_launch_description():
    return description(
        ('robot', 'checkpoint', 'task', 'use_sim', 'rviz', 'panel', 'namespace', 'sim_task',
         'seed'),
        simulation(), *control('paused'), policy(), *monitoring())
