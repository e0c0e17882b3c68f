"""Gives a device what no person gives it.

Cut packets, what is not finite, leaps, replays, floods, wrong ids and sizes, late and future
stamps, uneven ticks. The device may not raise, say what is not finite, or stay engaged after its
dead-man switch was last said to be held; and what the gate sends has to keep its promise.
"""
from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from il_ros.safety.arming import ArmingError
from il_ros.types import ControlSource, Mode
import numpy as np
from teleop.desk import Desk, LIMITS, PERIOD_NS
from teleop.people import PEOPLE

PERIODS = (*[1.0] * 60, *[0.3] * 6, *[1.5] * 6, 3.0, 12.0)
NEW_ARM = 0.002     # share of ticks at which all begins anew
QUIET = 20          # ticks without a word, now and then


@dataclass
class Figures:
    """What some inputs led to.

    Attributes:
        inputs: How many there were.
        ticks: How many readings there were.
        driven: At how many of them the person's row went to the robot.
        worst: The longest step sent, as a share of v_max dt.
    """

    inputs: int = 0
    ticks: int = 0
    driven: int = 0
    worst: float = 0.0


def fuzz(name: str, number: int, seed: int) -> Figures:
    """Give the device so many inputs.

    Raises:
        AssertionError: Something was not as it has to be.
    """
    rng, figures = np.random.default_rng(seed), Figures()
    while figures.inputs < number:
        person = PEOPLE[name](rng)
        desk = Desk(person, rng, Mode.TELEOP)
        desk.stand(rng.uniform(LIMITS.lower, LIMITS.upper))
        while figures.inputs < number and rng.random() > NEW_ARM:
            quiet = rng.random() < 0.002
            for _ in range(QUIET if quiet else 1):
                if not quiet:
                    figures.inputs += person.garble(rng, desk.now.ros_ns, desk.measured)
                step = desk.tick(True, round(PERIOD_NS * rng.choice(PERIODS)))
                figures.ticks += 1
                figures.driven += (desk.gate.fault is None and step is not None
                                   and step.source is ControlSource.HUMAN)
            if quiet and person.device.wants:
                assert desk.intent is None or not desk.intent.engaged, 'it goes on by itself'
            if desk.gate.fault or not desk.gate.armed:
                with suppress(ArmingError):      # it still brakes
                    desk.arm()
        figures.worst = max(figures.worst, desk.worst)
        person.close()
    return figures
