"""A window that shows a replay to the person who labels it, at its pace."""
from __future__ import annotations

from collections.abc import Callable
import os
import time

from il_ros.datasets.from_bags.rows import Row
from il_ros.errors import ConfigError
from il_ros.evaluation.recording import Recording
from il_ros.evaluation.replay import Playback

SIZE = (360, 480)


def player(recording: Recording, task: str, speed: float) -> Callable[[Row], None]:
    """Return what shows each row of a recording, in the simulation, and waits for its time.

    Raises:
        ConfigError: There is no display, or the simulation cannot be this robot.
    """
    if not os.environ.get('DISPLAY') and not os.environ.get('WAYLAND_DISPLAY'):
        raise ConfigError('labelling by hand needs a display that shows the replay: expected '
                          'DISPLAY, got none; use --device scripted, or a desktop')
    from matplotlib import pyplot

    playback = Playback(recording, task)
    figure, axes = pyplot.subplots()
    axes.set_axis_off()
    picture = axes.imshow(playback.simulation.render('scene', *SIZE))
    figure.show()
    period_s = recording.contract.period_ns / 1e9 / speed
    due = [time.monotonic()]

    def show(row: Row) -> None:
        picture.set_data(playback.simulation.render('scene', *SIZE))
        figure.canvas.draw_idle()
        due[0] = max(due[0] + period_s, time.monotonic())
        while (left := due[0] - time.monotonic()) > 0:
            figure.canvas.start_event_loop(max(left, 1e-3))
        playback.step(row.action)

    return show
