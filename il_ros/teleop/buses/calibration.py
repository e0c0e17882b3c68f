"""From what a person shows of a leader to its settings."""
from __future__ import annotations

from collections.abc import Sequence
import threading

from il_ros.contract import Arm, Contract
from il_ros.contract.joint import TURN
from il_ros.errors import ConfigError, IlRosError
from il_ros.teleop.buses.bus import COUNTS, Counts, Servo, ServoBus
from il_ros.teleop.buses.port import BusError, PortGoneError
from il_ros.teleop.buses.settings import ServoGripper, ServoJoint
from il_ros.types import Floats
import numpy as np

ANGLE = TURN / COUNTS
STILL_ROWS, STILL = 20, 0.03    # so many rows within so much [rad] are held still
LEAST, LEAST_GRIP = 0.5, 0.15   # a joint, a trigger has to move [rad]
BESIDE = 0.5                    # of that, which others may move
BEGUN = 0.2                     # of its way, after which its direction counts


class NotShownError(IlRosError):
    """What a person showed cannot be meant; ask once more."""


class Track:
    """Keeps all positions of a bus, over the seams, from a thread of its own."""

    def __init__(self, bus: ServoBus) -> None:
        """Begin to read."""
        self._bus, self._rows, self._problem = bus, [bus.read()], ''
        self._end, self._begun = threading.Event(), 0
        self._thread = threading.Thread(target=self._loop, name='servos', daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Begin a new step."""
        self._begun = len(self._rows) - 1

    def rows(self) -> Counts:
        """Return the positions since `begin`, counted over the seams. Shape (N, S).

        Raises:
            BusError: They are not read any more.
        """
        if self._problem:
            raise BusError(self._problem)
        return np.array(self._rows[self._begun:])

    def close(self) -> None:
        """End reading; a second call does nothing."""
        self._end.set()
        self._thread.join()

    def _loop(self) -> None:
        failed = 0
        while not self._end.wait(0.01):
            try:
                counts = self._bus.read()
            except BusError as error:
                failed += 1
                if failed >= 20 or isinstance(error, PortGoneError):
                    self._problem = str(error)
                    return
                continue
            failed = 0
            self._rows.append(unwrapped(self._rows[-1], counts))


def unwrapped(before: Counts, counts: Counts) -> Counts:
    """Return counts in the turns nearest to those before. Shape (S,)."""
    found: Counts = before + (counts - before + COUNTS // 2) % COUNTS - COUNTS // 2
    return found


class Calibration:
    """What is known of a leader of one arm, step by step; pure."""

    def __init__(self, contract: Contract, arm: Arm, servos: Sequence[Servo],
                 pose: Floats) -> None:
        """Take what is known before.

        Args:
            contract: The robot.
            arm: Its arm that the leader shows.
            servos: Those of the leader, in the order of the rows.
            pose: Where the robot's joints are [rad] or [m]. Shape (J,).

        Raises:
            ConfigError: There are more or fewer servos than joints.
        """
        self.arm, self._servos = arm, list(servos)
        if len(servos) != len(arm.all_joints):
            raise ConfigError(
                f'{len(servos)} servos ({", ".join(str(servo.id) for servo in servos)}), expected '
                f'one for each of {", ".join(arm.all_joints)}; name them with --ids, and second '
                'motors of a joint with --shadows')
        self._pose = dict(zip(arm.joints, pose[contract.indices(list(arm.joints))], strict=True))
        self._held: Floats = np.zeros(len(servos))
        self._joints: dict[int, ServoJoint] = {}
        self._gripper: ServoGripper | None = None

    def hold(self, rows: Counts) -> None:
        """Take the leader, held in the robot's pose.

        Args:
            rows: Of the servos. Shape (N, S).

        Raises:
            NotShownError: It moves.
        """
        self._held = _still(rows)

    def turn(self, name: str, rows: Counts) -> str:
        """Take a joint that was turned the way it grows, to its end, and then to the other end.

        Returns:
            What was found.

        Raises:
            NotShownError: None, another or several moved.
        """
        way = np.ptp(rows, axis=0) * ANGLE
        number = self._mover(way, LEAST)
        track = (rows[:, number] - rows[0, number]) * ANGLE
        sign = 1 if track[np.abs(track) >= BEGUN * way[number]][0] > 0 else -1
        ends = self._pose[name] + sign * ANGLE * (
            np.array([rows[:, number].min(), rows[:, number].max()]) - self._held[number])
        offset = (self._held[number] * ANGLE - sign * self._pose[name]) % TURN
        servo = self._servos[number]
        self._joints[number] = ServoJoint(
            name, servo.id, sign, _rounded(offset), 1.0,
            (_rounded(ends.min()), _rounded(ends.max())), servo.model, servo.homing, servo.drive)
        return (f'{name}: servo {servo.id}, {"as" if sign > 0 else "against"} its count, '
                f'{ends.min():.2f} to {ends.max():.2f}')

    def grip(self, opened: Counts, closed: Counts) -> str:
        """Take the trigger, held open and then closed; see `turn`. Shapes (N, S)."""
        assert self.arm.gripper is not None
        ends = _still(opened), _still(closed)
        number = self._mover(np.abs(ends[1] - ends[0]) * ANGLE, LEAST_GRIP)
        servo, first = self._servos[number], ends[0][number] * ANGLE % TURN
        self._gripper = ServoGripper(
            self.arm.gripper.joint, servo.id, _rounded(first),
            _rounded(first + (ends[1] - ends[0])[number] * ANGLE), servo.model, servo.homing,
            servo.drive)
        return (f'{self._gripper.name}: servo {servo.id}, {self._gripper.open:.2f} open, '
                f'{self._gripper.closed:.2f} closed')

    @property
    def joints(self) -> tuple[ServoJoint, ...]:
        """Those that were shown, in the order of the arm."""
        found = {joint.name: joint for joint in self._joints.values()}
        return tuple(found[name] for name in self.arm.joints if name in found)

    @property
    def grippers(self) -> tuple[ServoGripper, ...]:
        """The trigger, where the arm has a gripper."""
        return (self._gripper,) if self._gripper else ()

    def _mover(self, way: Floats, least: float) -> int:
        number = int(np.argmax(way))
        who = [f'servo {servo.id}' for servo in self._servos]
        if way[number] < least:
            raise NotShownError(f'nothing moved by more than {way[number]:.2f} rad, expected '
                                f'{least:g} or more')
        others = np.delete(way, number)
        if others.size and others.max() > BESIDE * way[number]:
            second = int(np.argmax(np.where(np.arange(len(way)) == number, -1.0, way)))
            raise NotShownError(f'{who[number]} and {who[second]} moved; move one joint alone')
        if number in self._joints:
            raise NotShownError(f'{who[number]} moved, which is {self._joints[number].name}')
        return number


def _still(rows: Counts) -> Floats:
    last = rows[-STILL_ROWS:]
    if len(last) < STILL_ROWS or (moved := float(np.ptp(last, axis=0).max()) * ANGLE) > STILL:
        raise NotShownError('it moves' + (f' by {moved:.2f} rad' if len(last) == STILL_ROWS else
                                          '') + '; hold it still before you press Enter')
    mean: Floats = np.mean(last, axis=0, dtype=np.float64)
    return mean


def _rounded(value: float) -> float:
    return round(float(value), 4)
