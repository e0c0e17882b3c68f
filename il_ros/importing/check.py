"""Whether a bag converts with the contract that was drafted of it."""
from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
import shlex

from il_ros.bags.clocks import clock_problem
from il_ros.bags.reader import Bag
from il_ros.bags.survey import Survey
from il_ros.contract import Contract
from il_ros.datasets.from_bags.commanded import Commanded
from il_ros.datasets.from_bags.partly_shown import PartlyShown
from il_ros.datasets.from_bags.shown import Shown
from il_ros.errors import IlRosError
from il_ros.timing import to_ns

LATER_S = 0.1   # by which an arm that was moved by hand is later told to be where it was


def conversion(bag: Path, contract: Contract, file: Path, shown: bool,
               untold: Collection[str] = ()) -> tuple[str, str]:
    """Return the command that converts a bag, and why it will be refused; '' if it will not.

    Args:
        bag: As the person named it.
        contract: As it was drafted.
        file: The contract's.
        shown: The arm was moved by hand.
        untold: Joints that nothing was told, whose action is where they went.
    """
    later = dict.fromkeys(untold, LATER_S)
    words = ['il_ros', 'convert', str(bag), '--robot', str(file), '--out', 'dataset']
    words += ['--shown', f'{LATER_S:g}'] if shown else []
    for joint, later_s in later.items():
        words += ['--shown', f'{joint}={later_s:g}']
    problem = ''
    try:
        with Bag(bag, contract) as opened:
            opened.require(contract.topics)
            survey = Survey.of(opened, contract.topics, commands=not shown)
            for stream in survey.commands:
                clock = survey.clocks.get(stream.topic)
                if clock and clock_problem(stream, clock):
                    words += ['--stamp', f'{stream.topic}=arrival']
            Survey(survey.streams, survey.clocks, survey.spans, survey.pauses).check(str(bag))
            told = (Shown(opened, to_ns(LATER_S)) if shown else
                    PartlyShown(opened, {joint: to_ns(s) for joint, s in later.items()})
                    if later else Commanded(opened))
            assert told.topics is not None
    except IlRosError as error:
        problem = str(error)
    return shlex.join(words), problem
