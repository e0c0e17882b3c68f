"""What the robot was told, by whom, and what the policy wanted, from the messages of a bag."""
from __future__ import annotations

from typing import Any, NamedTuple

from il_ros.alignment.decode import message_stamp_ns, reorder
from il_ros.bags.reader import Bag, Stamped
from il_ros.contract import CommandTopic, Contract
from il_ros.datasets.schema import LIMITED_BY, UNKNOWN
from il_ros.errors import BagError, MessageError
from il_ros.timing import MILLISECOND, to_ns
from il_ros.types import ControlSource, Floats, Mode, Verdict
import numpy as np

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
        source: Who the newest sent command came from; HOLD before the first one.
        intervention: Whether a person corrects the policy.
        limited_by: The rule by which the gate changed the newest command, an index of
            `LIMITED_BY`; `UNKNOWN` without its reports.
    """

    def __init__(self, bag: Bag) -> None:
        """Choose the gate's reports, or the robot's command topics where there are none.

        Raises:
            BagError: The bag has neither.
        """
        self.contract = bag.contract
        self.source = ControlSource.HOLD
        self.intervention = False
        self.limited_by = UNKNOWN
        self._sent: Floats | None = None
        self._chunk: _Chunk | None = None
        self._direct = {} if bag.counts.get(REPORT) else {
            topic.topic: joints for topic, joints in _command_topics(self.contract).items()
            if bag.counts.get(topic.topic)}
        if not self._direct and not bag.counts.get(REPORT):
            raise BagError(f'{bag.path}: neither {REPORT} nor {self.contract.command.topic} was '
                           'recorded: nothing says what the robot was told')
        self.topics = {REPORT, CHUNK, MODE, *self._direct}

    def push(self, stamped: Stamped) -> None:
        """Take one message of `topics`.

        Raises:
            MessageError: It does not fit the contract.
        """
        message = stamped.message
        if stamped.topic in self._direct:
            self._push_direct(stamped.topic, message)
        elif stamped.topic == REPORT and len(message.sent):
            self._sent = reorder(self.contract, message.joint_names, message.sent, REPORT)
            held = int(message.verdict) == HELD
            self.source = ControlSource.HOLD if held else ControlSource(int(message.asked.source))
            self.limited_by = _limit(message) if message.verdict == Verdict.CLAMPED else 0
        elif stamped.topic == CHUNK:
            self._chunk = self._to_chunk(stamped.log_ns, message)
        elif stamped.topic == MODE:
            self.intervention = int(message.mode) == Mode.CORRECTING

    def action(self, state: Floats) -> Floats:
        """Return the newest sent command; the measured state before the first. Shape (J,)."""
        sent = state if self._sent is None else self._sent
        return np.where(np.isfinite(sent), sent, state)

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

    def _push_direct(self, topic: str, message: Any) -> None:
        expected = self._direct[topic]
        if hasattr(message, 'points'):
            if not message.points:
                return
            names, values = list(message.joint_names), message.points[-1].positions
        else:
            names, values = expected, message.data
        if len(values) != len(names):
            raise MessageError(f'{topic}: expected {len(names)} positions, got {len(values)}')
        sent = (np.full(len(self.contract.joints), np.nan) if self._sent is None
                else self._sent.copy())
        for name, value in zip(names, values, strict=True):
            if name in expected and np.isfinite(value):
                sent[self.contract.joint_names.index(name)] = value
        self._sent, self.source = sent, ControlSource.HUMAN


def _limit(message: Any) -> int:
    """Return the index of a clamped command's rule; one that is new comes after all."""
    known = str(message.rule) in LIMITED_BY
    return LIMITED_BY.index(str(message.rule)) if known else len(LIMITED_BY)


def _command_topics(contract: Contract) -> dict[CommandTopic, list[str]]:
    gripper = contract.gripper
    if gripper is None or gripper.command is None:
        return {contract.command: contract.joint_names}
    arm = [name for name in contract.joint_names if name != gripper.joint]
    return {contract.command: arm, gripper.command: [gripper.joint]}
