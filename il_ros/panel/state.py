"""What the panel has heard of the graph, as the page is told it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

from il_ros.intervention.help import HelpRequest, Waiting
from il_ros.panel.faults import Faults
from il_ros.timing import SECOND, to_s
from il_ros.types import Mode

SILENT_NS = 5 * SECOND // 2      # of what is said once a second
RETURNS = 'waiting for the policy'   # in the arbiter's reason while control returns to it
RECORDING = 1


@dataclass(frozen=True)
class Control:
    """Who is in control, as the arbiter says."""

    mode: Mode
    epoch: int
    reason: str
    who: str

    @property
    def policy(self) -> bool:
        """Whether the policy drives, or is about to."""
        return self.mode is Mode.AUTONOMOUS or self.returning

    @property
    def returning(self) -> bool:
        """Whether control returns to the policy as soon as it has seen the present state."""
        return self.mode is Mode.PAUSED and RETURNS in self.reason


@dataclass(frozen=True)
class GateState:
    """What the gate says: armed or not, and what holds the arm."""

    armed: bool
    rule: str = ''
    detail: str = ''


@dataclass(frozen=True)
class StreamState:
    """One recorded stream."""

    topic: str
    hz: float
    age: float
    dropped: int
    problem: str


@dataclass(frozen=True)
class Recorder:
    """What the recorder says; `state` as in `CaptureStatus`, `seconds` and `megabytes` so far."""

    state: int
    episode: str
    seconds: float
    megabytes: float
    episodes: int
    streams: Sequence[StreamState] = ()

    @property
    def running(self) -> str:
        """The name of the episode that is being recorded, '' for none."""
        return self.episode if self.state == RECORDING else ''


class Board:
    """Written by the thread that hears the graph, read by the one that serves pages.

    Attributes:
        changed: Counts up with everything that a person should see at once.
        faults: What went wrong.
        answer_s: After which time of asking in vain the arbiter pauses; 0 never, None unknown.
    """

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.changed, self.faults = 0, Faults()
        self.answer_s: float | None = None
        self._lock = Lock()
        self._control: Control | None = None
        self._gate: GateState | None = None
        self._recorder: Recorder | None = None
        self._heard = dict.fromkeys(('control', 'gate', 'recorder'), -SILENT_NS)
        self._silent: set[str] = set()
        self._refusals: int | None = None
        self._waiting, self._since_ns = Waiting(0), 0

    @property
    def control(self) -> Control | None:
        """Who is in control, None where it was never heard."""
        return self._control

    @property
    def gate(self) -> GateState | None:
        """The gate, None where it was never heard."""
        return self._gate

    @property
    def recorder(self) -> Recorder | None:
        """The recorder, None where it was never heard."""
        return self._recorder

    def hear_control(self, control: Control, now_ns: int) -> None:
        """Take in what the arbiter says."""
        with self._lock:
            self._hear('control', now_ns)
            if control != self._control:
                if not (self._control and self._control.mode is Mode.AUTONOMOUS
                        and control.mode is Mode.AUTONOMOUS):
                    self._since_ns = now_ns      # help is waited for from here on
                self._control, self.changed = control, self.changed + 1
                self.faults.arbiter(control.reason, held=control.mode is Mode.HOLD,
                                    paused=control.mode is Mode.PAUSED)

    def hear_gate(self, gate: GateState, refused: tuple[str, str], refusals: int,
                  now_ns: int) -> None:
        """Take in what the gate says; `refused` is rule and detail of its newest refusal."""
        with self._lock:
            self._hear('gate', now_ns)
            if gate != self._gate:
                self._gate, self.changed = gate, self.changed + 1
                self.faults.gate(gate.rule, gate.detail)
            if self._refusals is not None and refusals > self._refusals and refused[0]:
                self.faults.refused(*refused, now_ns)
                self.changed += 1
            self._refusals = refusals

    def hear_recorder(self, recorder: Recorder, now_ns: int) -> None:
        """Take in what the recorder says."""
        with self._lock:
            self._hear('recorder', now_ns)
            before, self._recorder = self._recorder, recorder
            if before is None or (before.state, before.episode) != (
                    recorder.state, recorder.episode):
                self.changed += 1

    def hear_help(self, request: HelpRequest, now_ns: int) -> None:
        """Take in what a watcher of the policy says."""
        with self._lock:
            before = self._waiting.present()
            self._waiting.hear(request)
            if self._waiting.present() is not before:
                self.changed += 1
                if before is None:
                    self._since_ns = now_ns

    def look(self, now_ns: int) -> None:
        """Notice whoever has fallen silent; called some times a second."""
        with self._lock:
            for who, heard_ns in self._heard.items():
                if now_ns - heard_ns > SILENT_NS and heard_ns > 0 and who not in self._silent:
                    self._silent.add(who)
                    self.faults.silent(who)
                    self.changed += 1

    def fresh(self, who: str, now_ns: int) -> bool:
        """Tell whether 'control', 'gate' or 'recorder' was heard of late."""
        return now_ns - self._heard[who] <= SILENT_NS

    def snapshot(self, now_ns: int) -> dict[str, Any]:
        """Return what every page is told many times a second, ready for JSON."""
        with self._lock:
            control, gate, recorder = self._control, self._gate, self._recorder
            return {
                'mode': control and {
                    'name': control.mode.name, 'epoch': control.epoch, 'who': control.who,
                    'reason': control.reason, 'returning': control.returning,
                    'fresh': self.fresh('control', now_ns)},
                'gate': gate and asdict(gate) | {'fresh': self.fresh('gate', now_ns)},
                'rec': recorder and {
                    'running': recorder.running, 'finalising': recorder.state > RECORDING,
                    'episode': recorder.episode, 's': recorder.seconds + (to_s(
                        now_ns - self._heard['recorder']) if recorder.running else 0.0),
                    'mb': recorder.megabytes, 'episodes': recorder.episodes,
                    'fresh': self.fresh('recorder', now_ns)},
                'help': self._help(now_ns), 'fault': self.faults.newest,
                'faults': self.faults.standing()}

    def streams(self) -> list[dict[str, Any]]:
        """Return the recorder's streams, ready for JSON."""
        return [asdict(stream) | {'age': min(stream.age, 1e6)}
                for stream in (self._recorder.streams if self._recorder else ())]

    def _hear(self, who: str, now_ns: int) -> None:
        self._heard[who] = now_ns
        if who in self._silent:
            self._silent.discard(who)
            self.faults.heard(who)
            self.changed += 1

    def _help(self, now_ns: int) -> dict[str, Any] | None:
        asked, control = self._waiting.present(), self._control
        if asked is None or control is None or control.mode is not Mode.AUTONOMOUS:
            return None
        left_s = None
        if self.answer_s:
            left_s = round(max(self.answer_s - to_s(now_ns - self._since_ns), 0.0), 1)
        return {'text': asked.text, 'left_s': left_s, 'of_s': self.answer_s}
