"""Short tones on the operator's machine, through the player that is there; else its bell."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
import io
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import wave

from il_ros.teleop.feeling import Event
from il_ros.types import Floats
import numpy as np

PLAYERS = {'pw-play': (), 'paplay': (), 'aplay': ('-q',)}   # by preference
RATE = 22_050          # samples per second
NOTE_S, EDGE_S, LOUD = 0.12, 0.01, 0.3
NOTES: Mapping[Event, tuple[float, ...]] = {
    Event.HELP: (880.0, 660.0, 880.0, 660.0),
    Event.TAKEN: (660.0, 880.0),
    Event.SUCCESS: (523.0, 659.0, 784.0),
    Event.FAULT: (220.0, 220.0, 220.0)}


class Sounds:
    """Plays one at a time, and never waits for it.

    Attributes:
        how: The player, 'bell' where there is a terminal, '' where there is neither.
    """

    def __init__(self, which: Callable[[str], str | None] = shutil.which,
                 terminal: str = '/dev/tty') -> None:
        """Look for a player.

        Args:
            which: Finds a program.
            terminal: Whose bell rings where there is none.
        """
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._playing: subprocess.Popen[bytes] | None = None
        self._terminal = -1
        self.how = next((name for name in PLAYERS if which(name)), '')
        if self.how:
            self._command = [which(self.how) or self.how, *PLAYERS[self.how]]
            self._folder = tempfile.TemporaryDirectory(prefix='il_ros_sounds_')
            for event, notes in NOTES.items():
                self._path(event).write_bytes(tone(notes))
            return
        with suppress(OSError):    # started by a service or a launch file there is no terminal
            self._terminal = os.open(terminal, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            self.how = 'bell'

    def play(self, event: Event) -> None:
        """Begin to play what an event sounds like, unless another still plays."""
        if event not in NOTES or (self._playing and self._playing.poll() is None):
            return
        if self._folder:
            try:
                self._playing = subprocess.Popen(
                    [*self._command, str(self._path(event))], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            except OSError:    # the player is gone; a tone is not worth an arm
                self._playing = None
        elif self._terminal >= 0:
            with suppress(OSError):    # the terminal was closed, or takes no more
                os.write(self._terminal, b'\a')

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        if self._playing and self._playing.poll() is None:
            self._playing.kill()
            self._playing.wait()
        if self._folder:
            self._folder.cleanup()
        if self._terminal >= 0:
            os.close(self._terminal)
        self._folder, self._terminal, self._playing = None, -1, None

    def _path(self, event: Event) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / f'{event.value}.wav'


def tone(notes: tuple[float, ...]) -> bytes:
    """Return notes [Hz] one after the other as a WAV file: mono, 16 bits."""
    found = io.BytesIO()
    with wave.open(found, 'wb') as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b''.join((32767 * _note(hz)).astype('<i2').tobytes() for hz in notes))
    return found.getvalue()


def _note(hz: float) -> Floats:
    """Return a note that swells and fades, so that it does not click. Shape (N,)."""
    t = np.arange(round(NOTE_S * RATE)) / RATE
    told: Floats = LOUD * np.clip(np.minimum(t, NOTE_S - t) / EDGE_S, 0, 1) * np.sin(
        2 * np.pi * hz * t)
    return told
