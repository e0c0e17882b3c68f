"""A policy drives the robot, a person takes over where it errs, everything is recorded."""
from il_ros.nodes.shared.launching import (
    control,
    description,
    monitoring,
    node,
    operator,
    policy,
    recorder,
    simulation,
    terminal,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration as given
from launch.substitutions import NotEqualsSubstitution, PathJoinSubstitution


def generate_launch_description():
    corrections = PathJoinSubstitution([given('output'), 'corrections'])
    help_gate = node('help_gate', robot=given('robot'), checkpoint=given('checkpoint'),
                     gate=given('gate'),
                     condition=IfCondition(NotEqualsSubstitution(given('gate'), 'none')))
    return description(
        ('robot', 'teleop', 'device', 'checkpoint', 'use_sim', 'rviz', 'panel', 'namespace',
         'output', 'task', 'operator', 'licence', 'owner', 'consent', 'sim_task', 'seed',
         'terminal', 'gate', 'handover', 'others'),
        terminal(), simulation(),
        *control('paused', corrections=corrections, handover=given('handover')),
        policy(), help_gate, operator('supervised', others=given('others')), recorder(),
        *monitoring())
