"""With every device: take over from a policy and hand back, at random; and inputs of no person.

Many more by hand: `PYTHONPATH=test python -m benchmarks.devices gamepad --take-overs 10000
--inputs 1000000`.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.intervention.handover import HANDOVERS
from il_ros.intervention.motion import WINDOW_NS
from il_ros.types import ControlSource, Mode
import numpy as np
import pytest
from teleop.desk import Desk, LIMITS
from teleop.fuzz import fuzz
from teleop.people import FUZZED, Leading, PEOPLE

HANDS = (Mode.CORRECTING, Mode.ALIGNING)
PER_POSE = 5     # take-overs before the robot is put elsewhere
SOON = 60        # ticks within which the policy drives again
FEW, SOME = 10, 3000


@dataclass
class Figures:
    """What some take-overs were like.

    Attributes:
        number: Of them.
        at_once: In how many the device drove, or was brought together, at the tick of engaging.
        later: The same one tick later.
        worst: The longest step sent, as a share of v_max dt.
    """

    number: int = 0
    at_once: int = 0
    later: int = 0
    worst: float = 0.0


def take_over(name: str, number: int, seed: int) -> Figures:
    """Take over and hand back so often, from all poses and in all styles of hand-over."""
    rng, figures = np.random.default_rng(seed), Figures()
    while figures.number < number:
        person = PEOPLE[name](rng)
        desk = Desk(person, rng, handover=str(rng.choice(list(HANDOVERS))))
        desk.stand(rng.uniform(LIMITS.lower, LIMITS.upper))
        for _ in range(min(PER_POSE, number - figures.number)):
            _once(desk, rng, figures)
        figures.worst = max(figures.worst, desk.worst)
        person.close()
    return figures


def _once(desk: Desk, rng: np.random.Generator, figures: Figures) -> None:
    person = desk.person
    person.engage(False)
    for _ in range(SOON):
        desk.tick()
        if desk.mode is Mode.AUTONOMOUS:
            break
    assert desk.mode is Mode.AUTONOMOUS, desk.arbiter.control.state
    if isinstance(person, Leading):
        person.stand(rng, desk.measured)
        for _ in range(WINDOW_NS // 10**8):      # it was put there while nobody drove
            desk.tick()
    for _ in range(rng.integers(1, 5)):
        desk.tick()
    person.engage(True)
    step = desk.tick()
    at_once = desk.mode in HANDS
    if not at_once:
        step = desk.tick()
    assert desk.mode in HANDS, (desk.intent, desk.person.device.notice)
    figures.at_once += at_once
    figures.later += not at_once
    if desk.mode is Mode.CORRECTING:
        assert step.source is ControlSource.HUMAN, "the first row is the person's"
    for _ in range(rng.integers(1, 12)):
        person.wander(rng, desk.measured)
        desk.tick()
        assert desk.mode in HANDS, desk.arbiter.control.state
    figures.number += 1


@pytest.mark.parametrize('name', PEOPLE)
def test_taking_over_and_handing_back_no_step_is_beyond_the_limits(name):
    figures = take_over(name, FEW, 0)
    assert figures.number == figures.at_once + figures.later == FEW
    assert 0 < figures.worst <= 1 + 1e-9


@pytest.mark.parametrize('name', FUZZED)
def test_whatever_a_device_is_told_the_robot_is_safe(name):
    figures = fuzz(name, SOME, 0)
    assert figures.inputs >= SOME and figures.ticks > 100
    assert figures.driven > 10, 'else it shows little'
