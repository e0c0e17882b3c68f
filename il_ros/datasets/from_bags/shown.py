"""What a person showed who moved the arm by hand, where no command says what it was told."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from il_ros.alignment.reader import StreamReader
from il_ros.alignment.stamps import sample_ns
from il_ros.bags.reader import Bag, Stamped
from il_ros.config import nearest, number
from il_ros.datasets.schema import UNKNOWN
from il_ros.errors import BagError, ConfigError, MessageError
from il_ros.timing import to_ns
from il_ros.types import ControlSource, Floats
import numpy as np
from numpy.typing import NDArray


class Shown:
    """Where the arm was measured a little later, as what it was told; in place of `Commanded`.

    Between two samples it moves in a straight line, and joints without end the short way. Nothing
    is told where a joint has no sample around that moment: at the end, and within a gap.

    Attributes:
        source: A person, always.
        intervention: Never.
        limited_by: Unknown.
        topics: None but those of the state, which are read beforehand.
    """

    source, intervention, limited_by = ControlSource.HUMAN, False, UNKNOWN
    sources = None
    topics: frozenset[str] = frozenset()
    direct = False

    def __init__(self, bag: Bag, later_ns: int | Mapping[str, int]) -> None:
        """Read all states.

        Args:
            bag: The episode.
            later_ns: By how much the action of a tick is later than its observation, of all
                joints or of each that was shown [ns].

        Raises:
            BagError: It is not later, or the contract has no such joint.
        """
        names = bag.contract.joint_names
        later = later_ns if isinstance(later_ns, Mapping) else dict.fromkeys(names, later_ns)
        if early := [ns for ns in later.values() if ns <= 0]:
            raise BagError(f'{bag.path}: expected that the action is later than the state, got '
                           f'{early[0] / 1e9:g} s')
        if unknown := [name for name in later if name not in names]:
            raise BagError(f'{bag.path}: shown: {unknown[0]!r}: {nearest(unknown[0], names)}')
        self._zero_ns = bag.start_ns
        self._later_ns = [later[name] - bag.contract.period_ns if name in later else None
                          for name in names]
        states = {stream.topic: stream for stream in bag.contract.states}
        reader, found = StreamReader(bag.contract), list[tuple[int, NDArray[np.float64]]]()
        for stamped in bag.messages(set(states)):
            with suppress(MessageError):   # counted when the rows are made
                value = reader.read(stamped.topic, stamped.message)
                at_ns = sample_ns(states[stamped.topic], stamped.message, stamped.log_ns)
                if value is not None:
                    found.append((at_ns - self._zero_ns, value))
        found.sort(key=lambda sample: sample[0])
        at, values = np.array([t for t, _ in found]), np.array([v for _, v in found])
        ages = {joint: to_ns(state.max_age_s) for state in bag.contract.states
                for joint in state.joints}
        self._joints = [_Joint(at, column, bool(joint.continuous), ages[joint.name])
                        for joint, column in zip(bag.contract.joints, values.T, strict=False)]
        self._nothing: Floats = np.full(len(bag.contract.joints), np.nan)

    def push(self, stamped: Stamped) -> None:
        """Take nothing: all was read."""

    def measure(self, state: Floats) -> None:
        """Take nothing: all was read."""

    def action(self, state: Floats, due_ns: int) -> Floats | None:
        """Return where the arm was after the tick that ends at a time. Shape (J,)."""
        found = self.positions(due_ns)
        return found if len(found) and np.isfinite(found).all() else None

    def positions(self, due_ns: int) -> Floats:
        """Return where each joint was then, NaN where nothing says so. Shape (J,)."""
        at_ns = due_ns - self._zero_ns
        return np.array([np.nan if later_ns is None else joint.at(at_ns + later_ns)
                         for joint, later_ns in zip(self._joints, self._later_ns, strict=False)])

    def policy_action(self, due_ns: int) -> Floats:
        """Return NaN: no policy was there. Shape (J,)."""
        return self._nothing


def parse_shown(texts: Sequence[str]) -> float | dict[str, float] | None:
    """Return by how much actions are later, of all joints or of some [s]; None without any.

    Raises:
        ConfigError: A text is neither SECONDS nor JOINT=SECONDS, or there are both.
    """
    found: dict[str, float] = {}
    for text in texts:
        joint, _, seconds = text.rpartition('=')
        if (value := number(seconds)) is None:
            raise ConfigError('--shown: expected SECONDS, or JOINT=SECONDS for each joint that '
                              f'nothing was told, got {text!r}')
        if joint and joint in found:
            raise ConfigError(f'--shown: {joint!r} stands twice')
        found[joint] = value
    if '' in found and len(texts) > 1:
        raise ConfigError('--shown: expected SECONDS once for all joints, or JOINT=SECONDS for '
                          f'some, got {" and ".join(texts)}')
    return found.get('', found or None)


class _Joint:
    """The samples of one joint."""

    def __init__(self, at_ns: NDArray[np.int64], values: Floats, continuous: bool,
                 apart_ns: int) -> None:
        said = np.isfinite(values)
        self._at, self._apart_ns = at_ns[said], apart_ns
        self._values = np.unwrap(values[said]) if continuous else values[said]

    def at(self, at_ns: int) -> float:
        """Return where it was, NaN where no sample is near on either side."""
        after = int(np.searchsorted(self._at, at_ns))
        if after == len(self._at) or (not after and self._at[0] != at_ns):
            return np.nan
        if self._at[after] - self._at[max(after - 1, 0)] > self._apart_ns:
            return float(self._values[after]) if self._at[after] == at_ns else np.nan
        return float(np.interp(at_ns, self._at[max(after - 1, 0):after + 1],
                               self._values[max(after - 1, 0):after + 1]))
