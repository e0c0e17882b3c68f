"""A device is lost while a person drives with it: unplugged, out of view, out of battery."""
from __future__ import annotations

from pathlib import Path

from teleop.live import LIVE

from benchmarks.devices_live import desk_with
from benchmarks.faults.promise import late, Promise, safe

# What is lost, and how late the person's last command may be [ms]: p99 and at most.
LOSSES = {'gamepad+pedal': ('a pedal unplugged while pressed', 200, 250),
          'dynamixel+pedal': ("a leader's cable pulled as it moves", 200, 250),
          'xr': ('the page in the background', 200, 250),
          'gamepad': ('the battery of a gamepad dead', 350, 400)}   # a Joy is silent for 250 ms


def measure(folder: Path, number: int) -> list[Promise]:
    """Return when the last command of a person reached the robot, after so many losses of each."""
    found: list[Promise] = []
    for name, (what, p99_ms, most_ms) in LOSSES.items():
        place = folder / name
        place.mkdir()
        with desk_with(LIVE[name](place), place) as desk:
            desk.hears()
            times: list[float] = []
            while len(times) < number:
                taken_ms = desk.lose()
                times += [] if taken_ms is None else [taken_ms]
            safety = safe(desk, name)
        found += [late(f'{what} -> last command of the person', times, p99_ms, most_ms), safety]
    return found
