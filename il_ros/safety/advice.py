"""What each rule of gate and arbiter means to the person at the robot, and what to do."""
from __future__ import annotations

from typing import NamedTuple

ARM = 'arm the gate'


class Advice(NamedTuple):
    """What happened, and its cure, one sentence each."""

    meaning: str
    cure: str


_SENDER = ('Two programs command the robot, or one was started anew.',
           'See that one arbiter runs (il_ros doctor) and stop the other one.')
_LIMIT = 'The command asked for more than the contract allows, and was limited; the arm moves on.'
# By the name in `CommandReport.rule`, a fault's or a refusal's.
RULES = {
    # Faults, which hold the arm until somebody arms.
    'watchdog': Advice(
        'No command came in time, so the gate brought the arm to rest.',
        f'See that the arbiter runs and that the machine is not overloaded, then {ARM}.'),
    'clock': Advice(
        'ROS time jumped or stands still, so no age can be trusted.',
        f'Let chrony slew the clock, not step it, or start the simulation; then {ARM}.'),
    'foreign publisher': Advice(
        'Another program publishes to the robot beside the gate.',
        f'Stop the named program, wait 20 s until it is forgotten, then {ARM}.'),
    'leap': Advice(
        'The joint states leap further than the robot can move.',
        f'See that one driver only publishes them, with right stamps; then {ARM}.'),
    'nonfinite': Advice(
        'Commands with values that are no numbers came in a row.',
        f'Load another checkpoint, or look at the device that sends them; then {ARM}.'),
    'gripper': Advice(
        'The gripper does not follow its commands.',
        f'Look at the gripper and the log of its driver, then {ARM}.'),
    'base': Advice(
        'The base was stopped: no command came for it in one period.',
        'It drives on with the next command; if it happens often, the machine is overloaded.'),
    # Refusals of single commands.
    'disarmed': Advice('The gate lets nothing through until it is armed.',
                       f'When nobody is in the workspace, {ARM}.'),
    'latched': Advice('The gate holds after a fault and lets nothing through.',
                      f'Put the fault right that is named, then {ARM}.'),
    'arming': Advice('The gate was armed and waits for fresh joint states.',
                     'Wait a moment; if it lasts, look at the driver of the robot.'),
    'guided': Advice('A person leads the arm by hand; only grippers are commanded.',
                     'End il_ros guide to command the arm again.'),
    'joints': Advice('A command names other joints than the contract.',
                     'Start every node with the same robot.'),
    'stamp': Advice('A command was too old, or of the future.',
                    'Synchronise the clocks of the machines (chrony), and look at their load.'),
    'session': Advice(*_SENDER),
    'seq': Advice(*_SENDER),
    'epoch': Advice('A command belonged to somebody who is not in control any more.',
                    'Nothing to do: a late command was left out.'),
    'source': Advice('A command does not say who it comes from.',
                     'Only the arbiter commands: stop whoever else publishes control/command.'),
    'rate': Advice('Commands come faster than the robot can use them.',
                   'See that one arbiter runs, at the rate of the contract.'),
    'scale': Advice('A target is so far outside the limits that its unit must be wrong.',
                    'Look at the units of the device or the policy: radians and metres.'),
    'position': Advice('A target is outside the position limits.',
                       'Take over and lead the arm away from its limit; retrain if it is usual.'),
    'jump': Advice('The policy wants to jump further than any motion explains.',
                   'Take over; if it happens again, train more, or smooth the joins of chunks.'),
    'workspace': Advice('The tool would leave the workspace.',
                        'Take over and lead it back inside, or correct the contract.'),
    'collision': Advice('The arm would touch itself or something around it.',
                        'Take over and lead it away; correct the scene if nothing is there.'),
    'collision unknown': Advice('Nobody knows whether the arm would touch something.',
                                'See that the planner runs (il_ros doctor), then arm.'),
    'velocity': Advice(_LIMIT, 'Nothing, unless it lasts: then move more slowly.'),
    'acceleration': Advice(_LIMIT, 'Nothing, unless it lasts: then move more gently.'),
    'jerk': Advice(_LIMIT, 'Nothing, unless it lasts: then move more gently.'),
}
SILENCE = Advice('The robot does not say where it is, so the gate brought the arm to rest.',
                 f'See that its driver runs and its cable is in, then {ARM}.')
# By what stands in `ControlMode.reason`; the first that fits counts.
REASONS = {
    'the gate is silent': Advice(
        'The gate answers no more, so nothing reaches the robot.',
        f'It starts again by itself under ros2 launch; then {ARM}, then resume.'),
    'the gate was disarmed': Advice(
        'Somebody disarmed the gate while the arm was driven.',
        f'When nobody is in the workspace, {ARM}, then resume.'),
    'chunk of the policy has run out': Advice(
        'The policy was too slow: its next chunk did not come in time.',
        'Look at the load of the machine that runs it, then resume.'),
    'policy silent': Advice('The policy sends nothing any more.',
                            'Look at the log of policy_inference, then resume.'),
    'joint states silent': Advice('The robot does not say where it is.',
                                  'See that its driver runs, arm, then resume.'),
    'silent for': Advice('Whoever drove, or a joint, was not heard for too long.',
                         'Look at its cable, node and load; then engage anew, or resume.'),
    'nobody came': Advice('The policy asked for help in vain, so the arm waits.',
                          'Take over with your device, or resume.'),
    'not rewound': Advice('The arm did not go the whole way back.',
                          'See that the gate is armed, then rewind again, engage or resume.'),
}
GATE_HOLDS = 'the gate holds: '


def of_rule(rule: str) -> Advice:
    """Return what a rule of the gate means; one that has a topic's name is that one's silence."""
    return RULES.get(rule, SILENCE)


def of_reason(reason: str) -> Advice | None:
    """Return what a reason of the arbiter means; None where nothing is wrong."""
    if reason.startswith(GATE_HOLDS):
        return of_rule(reason.removeprefix(GATE_HOLDS))
    return next((advice for text, advice in REASONS.items() if text in reason), None)
