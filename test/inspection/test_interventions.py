from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from il_ros.contract import Contract
from il_ros.inspection.intervention_page import COLOURS, drawings
from il_ros.inspection.interventions import interventions, Segment, segments
from il_ros.kinematics import Arm, find_urdf
import numpy as np

CONTRACT = Contract.load('sim_arm')
FPS = 10.0


@dataclass
class Rows:
    """Two rollouts of 100 rows, corrected at rows 20-30 and 80-90 of the second, and a demo."""

    contract: Contract = CONTRACT
    fps: float = FPS
    root: Path = Path('here')
    lengths: list = field(default_factory=lambda: [100, 100])

    def __post_init__(self):
        state = np.tile(CONTRACT.start, (200, 1))
        state[:, 0] = np.linspace(-1, 1, 200)
        control, correction = np.zeros(200, int), np.zeros(200, int)
        control[:100] = 1
        for start in (120, 180):
            control[start - 5:start] = 3
            control[start:start + 10] = correction[start:start + 10] = 1
        self.columns = {'observation.state': state, 'control_source': control,
                        'intervention': correction}

    def rows(self, episode):
        return slice(100 * episode, 100 * episode + 100)


def test_when_where_and_how_far_interventions_began():
    found = interventions(Rows())
    assert list(found.timelines) == [1], 'a demonstration has none'
    assert found.timelines[1][:4] == [Segment(0, 0.0, 1.5), Segment(3, 1.5, 0.5),
                                      Segment(1, 2.0, 1.0), Segment(0, 3.0, 4.5)]
    assert found.course.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]
    arm = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
    np.testing.assert_allclose(found.places, [
        arm.forward(Rows().columns['observation.state'][row, :6])[0] for row in (120, 180)])


def test_the_drawings_are_whole_and_show_every_segment():
    found = interventions(Rows())
    page = drawings(found)
    tree = ElementTree.fromstring(f'<page>{page}</page>')
    titles = [title.text for title in tree.iter('title')]
    assert len(titles) == 7
    assert titles[1] == 'arbiter: 1.5 s, 0.5 s long'
    assert len(list(tree.iter('circle'))) == 4, 'two interventions in two views'
    assert {part.source for part in found.timelines[1]} <= set(COLOURS)


def test_without_interventions_or_a_urdf_nothing_is_drawn_of_them():
    rows = Rows()
    rows.columns['intervention'][:] = 0
    assert drawings(interventions(rows)) == ''
    assert segments(np.array([2, 2, 0]), 1.0) == [Segment(2, 0.0, 2.0), Segment(0, 2.0, 1.0)]
