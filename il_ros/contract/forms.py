"""The short form of a contract, of a robot with one arm, as the parts that any robot has."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from il_ros.config import nearest
from il_ros.contract.arm import Arm, Gripper
from il_ros.contract.checks import cover, known, unique
from il_ros.contract.command import CommandInterface
from il_ros.contract.streams import State, Stream
from il_ros.errors import ConfigError
from il_ros.scene import Box

ARM = 'arm'  # how the only arm of the short form is called


def states(joints: Sequence[str], short: Stream | None,
           long: tuple[State, ...] | None) -> tuple[State, ...]:
    """Return where the joints are measured.

    Raises:
        ConfigError: Both forms or neither are there, or a joint is in two states or in none.
    """
    if long is None:
        if short is None:
            raise ConfigError('missing state (or states, for joints on several topics)')
        return (State(short.topic, short.type, short.rate_hz, short.max_age_s,
                      joints=tuple(joints), stamp=short.stamp),)
    if short is not None:
        raise ConfigError('state and states: expected one of them; move state into states')
    cover([(state.topic, state.joints) for state in long], joints, 'states',
          'nothing says where it is')
    told: dict[str, list[str]] = {}
    for state in long:
        told.setdefault(state.topic, []).extend(state.told)
    for topic, names in told.items():
        unique(names, f'states: {topic}: name')
    return long


def arms(joints: Sequence[str], commands: Sequence[CommandInterface], gripper: Gripper | None,
         tip: str, workspace: Box | None, long: tuple[Arm, ...] | None) -> tuple[Arm, ...]:
    """Return the arms; in the short form one, of all joints that take positions.

    Raises:
        ConfigError: Both forms are there, a joint is unknown or in two arms, or a gripper of the
            long form names its command.
    """
    if long is None:
        if gripper:
            known([gripper.joint], joints, 'gripper')
        base = {name for command in commands if command.of_velocities
                for name in command.joints or ()}
        chain = tuple(name for name in joints
                      if name not in base and not (gripper and name == gripper.joint))
        return (Arm(ARM, chain, tip, gripper, workspace),) if chain else ()
    short = {'gripper': gripper, 'tip': tip or None, 'workspace': workspace}
    if both := [key for key, value in short.items() if value is not None]:
        raise ConfigError(f'{both[0]} and arms: expected one of them; move {both[0]} into arms')
    unique([arm.name for arm in long], 'arm')
    for arm in long:
        known(arm.all_joints, joints, f'arm {arm.name!r}')
        if arm.gripper and arm.gripper.command:
            raise ConfigError(f'arm {arm.name!r}: gripper: command: with arms, it is one of '
                              'commands')
    unique([name for arm in long for name in arm.all_joints], 'arms: joint')
    return long


def commands(joints: Sequence[str], short: CommandInterface | None, gripper: Gripper | None,
             long: tuple[CommandInterface, ...] | None) -> tuple[CommandInterface, ...]:
    """Return where the robot takes its commands, each with its joints.

    Raises:
        ConfigError: Both forms or neither are there, or a joint has two commands or none.
    """
    if long is None:
        if short is None:
            raise ConfigError('missing command (or commands, for joints with several)')
        if gripper and gripper.command and gripper.command != short:
            rest = tuple(name for name in joints if name != gripper.joint)
            return (replace(gripper.command, joints=(gripper.joint,)),
                    replace(short, joints=short.joints or rest))
        return (replace(short, joints=short.joints or tuple(joints)),)
    if short is not None:
        raise ConfigError('command and commands: expected one of them; move command into commands')
    if gripper and gripper.command:
        raise ConfigError('gripper: command: with commands, it is one of them')
    if without := [command.name for command in long if command.joints is None]:
        raise ConfigError(f'commands: {without[0]}: missing joints')
    cover([(command.name, command.joints or ()) for command in long], joints, 'commands',
          'nothing moves it')
    unique([command.name for command in long], 'command')
    return long


def check_pose_commands(interfaces: Sequence[CommandInterface], arms_: Sequence[Arm]) -> None:
    """Check that each PoseStamped command names an arm that has a tip, and moves its joints.

    Raises:
        ConfigError: It does not.
    """
    by_name = {arm.name: arm for arm in arms_}
    for command in interfaces:
        if command.type != 'geometry_msgs/PoseStamped':
            continue
        name = command.arm or (next(iter(by_name)) if len(by_name) == 1 else None)
        if name is None:
            raise ConfigError(f'command {command.name}: missing arm; one of {", ".join(by_name)}')
        if name not in by_name:
            raise ConfigError(f'command {command.name}: no arm {name!r}; '
                              f'{nearest(name, list(by_name))}')
        arm = by_name[name]
        if not arm.tip:
            raise ConfigError(f'command {command.name}: arm {name!r} has no tip to send')
        if set(command.joints or ()) != set(arm.joints):
            raise ConfigError(f'command {command.name}: joints: expected those of arm {name!r} '
                              f'({", ".join(arm.joints)}), got {", ".join(command.joints or ())}')


def integrated_arm(command: CommandInterface, arms_: Sequence[Arm]) -> Arm | None:
    """Return the arm whose tip the speeds of a command move, None where they move joints alone.

    Raises:
        ConfigError: It has no tip, or they do not move every joint of the command.
    """
    given, joints = command.integrated, command.joints or ()
    assert given is not None
    where = f'command {command.name}: integrated'
    if not given.moves_tip:
        known(given.joints, joints, where)
        arm, moved = None, given.joints or joints   # a JointJog names them in its messages
    else:
        arm = next((arm for arm in arms_ if set(arm.joints) <= set(joints)), None)
        if arm is None or not arm.tip:
            raise ConfigError(f'{where}: a {given.type} moves the tip of an arm: expected all '
                              'joints of one that has a tip, got ' + ', '.join(joints))
        known(given.joints, joints, where)
        moved = (*arm.joints, *given.joints)
    if left := [name for name in joints if name not in moved]:
        raise ConfigError(f'{where}: nothing there moves joint {left[0]!r}; give it a command of '
                          'its own in commands, or an axis of a Joy')
    return arm
