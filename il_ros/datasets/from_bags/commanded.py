"""What the robot was told, by whom, and what the policy wanted, from the messages of a bag."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from il_ros.alignment.decode import message_stamp_ns, reorder
from il_ros.bags.reader import Bag, Stamped
from il_ros.datasets.from_bags.direct import Direct
from il_ros.datasets.schema import LIMITED_BY, UNKNOWN
from il_ros.errors import BagError, MessageError
from il_ros.timing import MILLISECOND, to_ns
from il_ros.types import ControlSource, Floats, GUIDED_RULE, Mode, Verdict
import numpy as np
from numpy.typing import NDArray

REPORT, CHUNK, MODE = 'control/report', 'policy/chunk', 'control/mode'
SILENT_NS = 200 * MILLISECOND   # a policy that sent nothing for this long wants nothing
HELD = 3                        # CommandReport.HELD


class _Chunk(NamedTuple):
    log_ns: int
    start_ns: int
    dt_ns: int
    positions: Floats   # (H, J)


class Commanded:
    """Follows commands, chunks and modes; fed with messages in log-time order.

    Attributes:
        source: Who the newest sent command came from; HOLD before the first one. What came on the
            robot's own command topics counts as a person's.
        intervention: Whether a person corrects the policy.
        limited_by: The rule by which the gate changed the newest command, an index of
            `LIMITED_BY`; `UNKNOWN` without its reports.
        sources: Who each joint of the newest sent command came from, None where all came from
            `source`. Shape (J,).
        guided: Whether it is known what it means that a person leads the arm by hand.
    """

    guided = False
    source: int

    def __init__(self, bag: Bag, untold: Collection[str] = ()) -> None:
        """Choose the gate's reports, or the robot's command topics where there are none.

        Args:
            bag: The episode.
            untold: Joints that need not be told anything.

        Raises:
            BagError: The bag has neither, or does not say of every joint what it was told.
        """
        self.contract = bag.contract
        self.source = ControlSource.HOLD
        self.intervention = False
        self.limited_by = UNKNOWN
        self.sources: NDArray[np.int64] | None = None
        self._sent: Floats | None = None
        self._chunk: _Chunk | None = None
        self._told = np.array([name not in untold for name in bag.contract.joint_names])
        self._direct = None if bag.counts.get(REPORT) else Direct(bag, untold)
        if self._direct and not self._direct.topics:
            topics = [command.name for command in self.contract.commands]
            raise BagError(f'{bag.path}: neither {REPORT} nor {", ".join(topics)} was '
                           'recorded: nothing says what the robot was told'
                           f'{bag.holds(topics)}')
        self.topics = {REPORT, CHUNK, MODE, *(self._direct.topics if self._direct else ())}

    @property
    def direct(self) -> bool:
        """Whether the robot's own command topics count, for want of the gate's reports."""
        return self._direct is not None

    def push(self, stamped: Stamped) -> None:
        """Take one message of `topics`.

        Raises:
            MessageError: It does not fit the contract.
        """
        message = stamped.message
        if self._direct and stamped.topic in self._direct.topics:
            self._direct.push(stamped)
        elif stamped.topic == REPORT and len(message.sent):
            if message.rule == GUIDED_RULE and not self.guided:
                raise MessageError('a person led the arm by hand: say by how much the robot is '
                                   'behind its commands, as il_ros doctor --lag measures it: '
                                   '--shown 0.1')
            held, source = int(message.verdict) == HELD, int(message.asked.source)
            if source not in tuple(ControlSource):
                raise MessageError(f'{REPORT}: source: expected 0 to 3, got {source}')
            self._sent = reorder(self.contract, message.joint_names, message.sent, REPORT)
            self.source = ControlSource.HOLD if held else ControlSource(source)
            # Bags from before it was known of each joint have no such field.
            each = [] if held else getattr(message.asked, 'sources', [])
            self.sources = reorder(self.contract, message.asked.joint_names, each, REPORT).astype(
                np.int64) if len(each) else None
            self.limited_by = _limit(message) if message.verdict == Verdict.CLAMPED else 0
        elif stamped.topic == CHUNK:
            self._chunk = self._to_chunk(stamped.log_ns, message)
        elif stamped.topic == MODE:
            self.intervention = int(message.mode) == Mode.CORRECTING

    def measure(self, state: Floats) -> None:
        """Take in the measured positions of a tick. Shape (J,)."""
        if self._direct:
            self._direct.measure(state)

    def action(self, state: Floats, due_ns: int) -> Floats | None:
        """Return what the robot was told for a time, from the commands until then.

        Before the first command that is the measured state, and `source` is HOLD; so it is while
        some joint of the robot's own command topics was told nothing yet. Shape (J,).
        """
        if self._direct:
            sent = self._direct.setpoint(due_ns)
            told = bool(np.isfinite(sent[self._told]).all())
            self.source = ControlSource.HUMAN if told else ControlSource.HOLD
            return np.where(np.isfinite(sent), sent, state)
        return state if self._sent is None else self._sent

    def policy_action(self, due_ns: int) -> Floats:
        """Return what the policy wanted at `due_ns`; NaN where it was silent. Shape (J,)."""
        chunk = self._chunk
        if chunk is not None and due_ns - chunk.log_ns <= SILENT_NS:
            row = round((due_ns - chunk.start_ns) / chunk.dt_ns)
            if 0 <= row < len(chunk.positions):
                return np.asarray(chunk.positions[row])
        return np.full(len(self.contract.joints), np.nan)

    def _to_chunk(self, log_ns: int, message: Any) -> _Chunk:
        joints = len(message.joint_names)
        if not joints or len(message.positions) != joints * message.horizon or message.dt <= 0:
            raise MessageError(f'{CHUNK}: expected {message.horizon} rows of {joints} joints, '
                               f'got {len(message.positions)} positions')
        rows = np.asarray(message.positions, dtype=np.float64).reshape(-1, joints)
        ordered = [reorder(self.contract, message.joint_names, row, CHUNK) for row in rows]
        return _Chunk(log_ns, message_stamp_ns(message), to_ns(message.dt), np.array(ordered))


def _limit(message: Any) -> int:
    """Return the index of a clamped command's rule; one that is new comes after all."""
    known = str(message.rule) in LIMITED_BY
    return LIMITED_BY.index(str(message.rule)) if known else len(LIMITED_BY)
