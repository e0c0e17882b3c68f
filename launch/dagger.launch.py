"""A policy drives the robot, a person takes over where it errs, everything is recorded."""
from il_ros.nodes.launching import (
    control,
    description,
    monitoring,
    operator,
    policy,
    recorder,
    simulation,
)
from launch.substitutions import LaunchConfiguration as given
from launch.substitutions import PathJoinSubstitution


def generate_launch_description():
    corrections = PathJoinSubstitution([given('output'), 'corrections'])
    return description(
        ('robot', 'teleop', 'checkpoint', 'use_sim', 'rviz', 'namespace', 'output', 'task',
         'operator', 'sim_task', 'seed', 'terminal'),
        simulation(), *control('paused', corrections=corrections), policy(),
        operator('supervised'), recorder(), *monitoring())
