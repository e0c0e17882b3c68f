"""What an episode says over time: bands, joints beside commands, doubt, forces."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.schema import LIMITED_BY
from il_ros.inspection.interventions import COLOURS, name_of
from il_ros.types import Floats
from il_ros.viewing.episode import Chunk, Wrench
from il_ros.viewing.sink import Colour, GREY, Ints, place, Sink
import numpy as np
import rerun as rr

OUTCOMES: dict[str, Colour] = {'success': (22, 163, 74), 'failure': (220, 38, 38),
                               'unlabelled': GREY}
ORANGE, RED = (217, 119, 6), (220, 38, 38)
DOUBT = {'score': 'gate_score', 'threshold': 'gate_threshold', 'uncertainty': 'uncertainty'}


def colour_of(source: int) -> Colour:
    """Return the colour of a value of `control_source`, that of `il_ros inspect`."""
    red, green, blue = bytes.fromhex(COLOURS[source].removeprefix('#'))
    return red, green, blue


def bands(sink: Sink, rows: Sequence[Row], outcome: str) -> None:
    """Write who controlled, who corrected, who asked for help, what the gate did, the outcome."""
    ticks = np.array([row.tick for row in rows])
    _band(sink, 'control', ticks, [name_of(row.source) for row in rows],
          {name_of(row.source): colour_of(row.source) for row in rows})
    _band(sink, 'intervention', ticks,
          ['a person corrects' if row.intervention else '' for row in rows],
          {'a person corrects': ORANGE})
    _band(sink, 'help', ticks, ['wanted' if row.asked.help_requested else '' for row in rows],
          {'wanted': RED})
    rules = [LIMITED_BY[row.limited_by] if 0 < row.limited_by < len(LIMITED_BY) else ''
             for row in rows]
    _band(sink, 'limited', ticks, rules, dict.fromkeys(sorted({*rules} - {''}), GREY))
    _band(sink, 'outcome', ticks, [outcome] * len(rows), {outcome: OUTCOMES.get(outcome, GREY)})


def _band(sink: Sink, name: str, ticks: Ints, states: Sequence[str],
          colours: dict[str, Colour]) -> None:
    """Write where a state changes; nothing is in a gap of the recording and after its end."""
    known = dict(zip(ticks.tolist(), states, strict=True))
    at: list[int] = []
    told = ['']
    for tick in sorted({*known, *(tick + 1 for tick in known)}):
        if (state := known.get(tick, '')) != told[-1]:
            at.append(tick)
            told.append(state)
    where = place('bands', name)
    if colours:
        sink.always(where, rr.StateConfiguration(
            values=list(colours), labels=list(colours), colors=list(colours.values())))
    # Something is written where nothing ever was, so that the band has its place.
    sink.columns(where, sink.at(np.array(at or ticks[:1])),
                 rr.StateChange.columns(state=told[1:] or ['']))


def joints(sink: Sink, names: Sequence[str], rows: Sequence[Row],
           predicted: Sequence[Chunk]) -> None:
    """Write what each joint did, was told, and should have done.

    Args:
        sink: Written to.
        names: Of the joints.
        rows: Of the episode.
        predicted: Of each chunk is shown what comes before the next one.
    """
    at_ns = sink.at(np.array([row.tick for row in rows]))
    known = {'state': np.array([row.observation.state for row in rows]),
             'command': np.array([row.action for row in rows]),
             'policy': np.array([row.policy_action for row in rows])}
    for k, joint in enumerate(names):
        for name, values in known.items():
            if not np.isnan(values[:, k]).all():
                sink.line(place('joints', joint, name), name, at_ns, values[:, k])
    if predicted:
        at_ns, values = _joined(predicted, sink.period_ns)
        for k, joint in enumerate(names):
            sink.line(place('joints', joint, 'predicted'), 'predicted', at_ns, values[:, k])


def _joined(chunks: Sequence[Chunk], period_ns: int) -> tuple[Ints, Floats]:
    times: list[Ints] = []
    values: list[Floats] = []
    for chunk, after in zip(chunks, [*chunks[1:], None], strict=True):
        at_ns = chunk.at_ns + period_ns * np.arange(len(chunk.rows))
        shown = at_ns < (after.at_ns if after else np.inf)
        times.append(at_ns[shown])
        values.append(chunk.rows[shown])
    return np.concatenate(times), np.concatenate(values)


def doubt(sink: Sink, rows: Sequence[Row]) -> bool:
    """Write what was said of the policy; tell whether anything was."""
    at_ns, found = sink.at(np.array([row.tick for row in rows])), False
    for label, field in DOUBT.items():
        values = np.array([getattr(row.asked, field) for row in rows])
        if not np.isnan(values).all():
            sink.line(place('doubt', label), label, at_ns, values)
            found = True
    return found


def forces(sink: Sink, wrenches: Sequence[Wrench]) -> None:
    """Write force and torque of each sensor."""
    for wrench in wrenches:
        where = ('wrench', *wrench.topic.strip('/').split('/'))
        for what, columns in (('force', slice(3)), ('torque', slice(3, 6))):
            sink.lines(place(*where, what), [f'{what} {axis}' for axis in 'xyz'], wrench.at_ns,
                       wrench.values[:, columns])
