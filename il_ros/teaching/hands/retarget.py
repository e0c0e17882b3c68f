"""Hands of a video to motions of an arm, and whether the arm can do them."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from il_ros.contract import Arm, Contract
from il_ros.errors import ConfigError
from il_ros.teaching.hands.fit import fit
from il_ros.teaching.hands.follower import Follower, WALLS
from il_ros.teaching.hands.keypoints import Keypoints
from il_ros.teaching.hands.settings import HandSettings
from il_ros.teaching.hands.similarity import Similarity, ToolPath
from il_ros.teaching.hands.track import Track, tracks
from il_ros.teaching.rows import problem_of
from il_ros.types import Floats

ENOUGH = 0.95       # of the rows
ROOM = 1.02         # slower than just within the limits
SLOWEST = 5.0       # times


@dataclass(frozen=True, eq=False)
class Feasibility:
    """What the arm makes of one episode.

    Attributes:
        path: What the tool should do.
        rows: The joints for it. Shape (N, J).
        share: Of the rows in which the gate would let the tool get there.
        stretch: How many times slower than the hand.
        worst: The joint that is most in the way, and why.
        problem: What to do where it is refused, '' where it is not.
    """

    path: ToolPath
    rows: Floats
    share: float
    stretch: float
    worst: str
    problem: str


def retarget(keypoints: Keypoints, settings: HandSettings, contract: Contract,
             arm: str = '') -> tuple[Similarity, list[Feasibility]]:
    """Return how a video's hand is brought to an arm, and each episode of it.

    Args:
        keypoints: What the tracker saw.
        settings: The camera and the hand.
        contract: The robot.
        arm: Name of the arm that follows; the first when ''.

    Raises:
        HandError: The file holds no episode, or nothing tells how far away the hand is.
        ConfigError: The robot has no such arm, or its URDF does not fit.
    """
    found = tracks(keypoints, settings)
    follower = Follower(contract, _arm(contract, arm))
    similarity = settings.similarity or fit(
        [track.path(contract.rate_hz) for track in found], follower)
    return similarity, [_judged(track, similarity, follower) for track in found]


def _judged(track: Track, similarity: Similarity, follower: Follower) -> Feasibility:
    stretch, names = 1.0, follower.contract.joint_names
    while True:
        path = similarity.moved(track.path(follower.contract.rate_hz, stretch))
        rows = follower.rows(path)
        there = follower.there(path, rows)
        asked = follower.asked(rows, there)
        if asked.max() <= 1.0 or stretch >= SLOWEST:
            break
        stretch = min(stretch * float(asked.max()) * ROOM, SLOWEST)
    got, why = follower.through_gate(path, rows)
    share = float(got.mean())
    if there.all():
        worst = f'{names[int(asked.argmax())]} ({asked.max():.0%} of its limits)'
    else:
        name, often = follower.narrowest(rows[~there])
        where = f'at its limit in {often}' if often else 'too far for all'
        worst = f'{name} ({where} of {(~there).sum()} rows)'
    return Feasibility(path, rows, share, stretch, worst,
                       problem_of(follower.contract, rows) if share >= ENOUGH else
                       _advice(share, worst, why, len(rows)))


def _advice(share: float, worst: str, why: Counter[str], count: int) -> str:
    reasons = ', '.join(f'{rule} ({often})' for rule, often in why.most_common())
    walls = any(wall in why.most_common(1)[0][0] for wall in WALLS)
    what = ('bring it elsewhere by `similarity`, or correct workspace and scene' if walls else
            f'worst joint {worst}; show it nearer and with less turning, or give other axes, '
            'reach or similarity')
    return (f'the arm can follow {share:.0%} of {count} rows, expected {ENOUGH:.0%}; in the way: '
            f'{reasons}; {what}')


def _arm(contract: Contract, name: str) -> Arm:
    arms = {arm.name: arm for arm in contract.arms}
    if not arms or (name and name not in arms):
        raise ConfigError(f'arm {name!r}: expected one of the contract of {contract.robot!r}: '
                          f'{", ".join(arms) or "it has none"}')
    return arms[name] if name else contract.arms[0]
