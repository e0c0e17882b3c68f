"""How Rerun lays an episode out: space and cameras left, bands and joints right."""
from __future__ import annotations

from typing import Any

from il_ros.types import Floats
from il_ros.viewing.episode import Episode
from il_ros.viewing.sink import place
import numpy as np
import rerun.blueprint as rrb

COLUMNS = 2     # of joints, of cameras
LOOKS_FROM, NEAREST = 1.5, 0.4      # times what is seen, which is at least so large [m]


def layout(episode: Episode, reached: Floats, *, doubted: bool) -> Any:
    """Return the blueprint of an episode.

    Args:
        episode: What is shown.
        reached: Lowest and highest corner of where the tools were [m]. Shape (2, 3) or (0, 3).
        doubted: Something was said of the policy.
    """
    left: list[Any] = [rrb.Spatial3DView(origin='world', name='Tools', eye_controls=_eye(reached))]
    if episode.cameras:
        left.append(rrb.Grid(*(rrb.Spatial2DView(origin=place('cameras', name), name=name)
                               for name in episode.cameras), grid_columns=COLUMNS))
    tabs = [rrb.Grid(*(rrb.TimeSeriesView(
        origin=place('joints', joint), name=joint, plot_legend=rrb.PlotLegend(visible=k == 0))
                       for k, joint in enumerate(joints)), grid_columns=COLUMNS, name=part)
            for part, joints in episode.contract.joints_by_part.items()]
    tabs += [_forces(wrench.topic) for wrench in episode.wrenches]
    if doubted:
        tabs.append(rrb.TimeSeriesView(origin='doubt', name='Doubt'))
    if episode.told:
        tabs.append(rrb.TextLogView(origin='modes', name='Modes'))
    tabs.append(rrb.TextDocumentView(origin='about', name='About'))
    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(*left, row_shares=[3, 2][:len(left)]),
            rrb.Vertical(rrb.StateTimelineView(origin='bands', name='Control'),
                         rrb.Tabs(*tabs), row_shares=[2, 5]),
            column_shares=[2, 3]),
        rrb.TimePanel(state='collapsed', timeline='time'),
        rrb.SelectionPanel(state='hidden'), rrb.BlueprintPanel(state='collapsed'))


def _eye(reached: Floats) -> Any:
    """Look at where the tools were from the front, from a side and from above."""
    if not len(reached):
        return None
    middle, far = reached.mean(0), LOOKS_FROM * max(float(np.ptp(reached, axis=0).max()), NEAREST)
    return rrb.EyeControls3D(position=middle + far * np.array([1.0, -0.7, 0.6]),
                             look_target=middle, eye_up=(0.0, 0.0, 1.0))


def _forces(topic: str) -> Any:
    where = ('wrench', *topic.strip('/').split('/'))
    return rrb.Vertical(
        rrb.TimeSeriesView(origin=place(*where, 'force'), name='force [N]'),
        rrb.TimeSeriesView(origin=place(*where, 'torque'), name='torque [Nm]'), name=topic)
