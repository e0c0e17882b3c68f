"""What a command must look like before its motion is considered."""
from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.errors import MessageError
from il_ros.joints import indices
from il_ros.safety.limits import Limits
from il_ros.types import ControlSource, Floats, Verdict
import numpy as np
from numpy.typing import NDArray

Sources = NDArray[np.int64]
SESSIONS_REMEMBERED = 64
SMALLEST_NORMAL = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Command:
    """One row for the robot, as it came.

    Attributes:
        joint_names: In any order.
        positions: Absolute targets, one per name [rad] or [m].
        source: A `ControlSource`.
        session: Names the run of the sender.
        seq: Counts up within a session.
        epoch: Control epoch.
        stamp_ns: ROS time at which it was decided [ns].
        sources: Whose each position is, one per name; none where all are `source`'s.
    """

    joint_names: Sequence[str]
    positions: Sequence[float] | Floats
    source: int
    session: bytes
    seq: int
    epoch: int
    stamp_ns: int
    sources: Sequence[int] = ()


@dataclass(frozen=True)
class Decision:
    """What the gate does.

    Attributes:
        verdict: Sent as asked, sent after limiting, not sent, or held by the gate itself.
        rule: The rule behind any verdict other than PASSED.
        detail: What that rule expected and what came.
        sent: Positions for the robot, in contract order, or None [rad] or [m]. Shape (J,).
        dt_s: Robot time that the step from the last sent positions was allowed to use [s].
    """

    verdict: Verdict
    rule: str = ''
    detail: str = ''
    sent: Floats | None = None
    dt_s: float = 0.0


class Refusal(Exception):
    """A command breaks a rule.

    Attributes:
        rule: Name of the rule.
        detail: Field, what was expected and what came.
    """

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f'{rule}: {detail}')
        self.rule, self.detail = rule, detail


def read_positions(command: Command, names: Sequence[str]) -> Floats:
    """Return the positions in the order of `names`. Shape (J,).

    Raises:
        Refusal: A value is not a normal number ('nonfinite') or the joints are wrong ('joints').
    """
    values = np.asarray(command.positions, dtype=np.float64)
    odd = ~np.isfinite(values) | ((values != 0) & (np.abs(values) < SMALLEST_NORMAL))
    if odd.any():
        i = int(odd.argmax())
        raise Refusal('nonfinite', f'positions[{i}]: expected a finite number, got {values[i]!r}')
    if len(values) != len(command.joint_names):
        raise Refusal('joints', f'positions: expected one per joint name '
                                f'({len(command.joint_names)}), got {len(values)}')
    try:
        return values[indices(command.joint_names, names)]
    except MessageError as error:
        raise Refusal('joints', f'joint_names: {error}') from None


def read_sources(command: Command, names: Sequence[str]) -> Sources:
    """Return whose each position is, a `ControlSource`, in the order of `names`. Shape (J,).

    Raises:
        Refusal: Not every joint has one that is known ('source').
    """
    sources = np.asarray(command.sources if len(command.sources) else
                         [command.source] * len(command.joint_names), np.int64)
    if odd := sorted({command.source, *sources.tolist()} - set(ControlSource)):
        raise Refusal('source', f'source: expected 0 to 3, got {odd[0]}')
    if len(sources) != len(command.joint_names):
        raise Refusal('source', 'sources: expected none or one per joint name '
                                f'({len(command.joint_names)}), got {len(sources)}')
    return sources[indices(command.joint_names, names)]


def check_stamp(stamp_ns: int, now_ns: int, max_age_ns: int) -> None:
    """Check that a stamp is neither zero, old nor in the future.

    Raises:
        Refusal: It is ('stamp').
    """
    age = now_ns - stamp_ns
    if stamp_ns == 0:
        raise Refusal('stamp', 'stamp: expected a time, got 0')
    if abs(age) > max_age_ns:
        raise Refusal('stamp', f'stamp: expected within {max_age_ns / 1e6:.0f} ms of now, got one '
                               f'{abs(age) / 1e6:.0f} ms {"old" if age > 0 else "in the future"}')


def clamp_positions(positions: Floats, sources: Sources, limits: Limits) -> Floats:
    """Return the positions clamped into the limits. Shape (J,).

    Args:
        positions: [rad] or [m]. Shape (J,).
        sources: Whose each is. Shape (J,).
        limits: Of the joints.

    Raises:
        Refusal: They are too far outside to be meant ('scale'), or a policy's are further outside
            than noise explains ('position').
    """
    clamped = np.clip(positions, limits.lower, limits.upper)
    excess = np.abs(positions - clamped)
    for rule, allowed, whose in (('scale', limits.scale, sources >= 0),
                                 ('position', limits.overshoot, sources != ControlSource.HUMAN)):
        if (over := whose & (excess > allowed)).any():
            i = int(over.argmax())
            raise Refusal(rule, f'joint {limits.names[i]!r}: expected {limits.lower[i]:g} to '
                                f'{limits.upper[i]:g}, got {positions[i]:g}')
    return clamped


def check_jump(target: Floats, setpoint: Floats, sources: Sources, limits: Limits) -> None:
    """Check that what is a policy's of a target goes on from the setpoint. Each has shape (J,).

    Raises:
        Refusal: It is further away than any motion explains ('jump').
    """
    jump = np.where(sources == ControlSource.POLICY, np.abs(target - setpoint), 0.0)
    if (jump > limits.jump).any():
        i = int((jump > limits.jump).argmax())
        raise Refusal('jump', f'joint {limits.names[i]!r}: expected within {limits.jump[i]:.3f} '
                              f'of the setpoint {setpoint[i]:.3f}, got {target[i]:.3f}')


class Order:
    """Lets each command of a session through once, in order, and never an older epoch.

    A session that was followed by another never comes back.
    """

    def __init__(self) -> None:
        self._session = b''
        self._seq = -1
        self._epoch = 0
        self._over: deque[bytes] = deque(maxlen=SESSIONS_REMEMBERED)

    def admit(self, command: Command) -> None:
        """Remember the command as the newest.

        Raises:
            Refusal: It is not newer than the last one ('seq'), of a session that is over
                ('session') or of an older epoch ('epoch').
        """
        if command.session in self._over:
            raise Refusal('session', f'session: {command.session.hex()[:8]} was followed by '
                                     f'{self._session.hex()[:8]}; two senders are at work')
        if command.session != self._session:
            if self._session:
                self._over.append(self._session)
            self._session, self._seq, self._epoch = command.session, -1, 0
        if command.seq <= self._seq:
            raise Refusal('seq', f'seq: expected more than {self._seq}, got {command.seq}')
        self._seq = command.seq
        if command.epoch < self._epoch:
            raise Refusal('epoch', f'epoch: expected {self._epoch} or newer, got {command.epoch}')
        self._epoch = command.epoch
