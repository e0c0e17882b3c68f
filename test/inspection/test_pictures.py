"""Cameras that froze, saw nothing, or were moved are found; those that did their work are not."""
from dataclasses import replace

import bag_factory as bags
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.inspection.motion import Motion
from il_ros.inspection.page import render, Section
from il_ros.inspection.pictures import dark, frozen, Look, moved
from il_ros.inspection.report import inspect
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
ROWS, PICTURES, HEIGHT, WIDTH = 150, 12, 96, 128
AT = np.linspace(0, ROWS - 1, PICTURES).astype(int)


def room(seed=0):
    """A room with furniture. Shape (H, W, 3)."""
    rng = np.random.default_rng(seed)
    found = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for _ in range(25):
        y, x = rng.integers(0, HEIGHT - 12), rng.integers(0, WIDTH - 16)
        found[y:y + rng.integers(5, 30), x:x + rng.integers(5, 30)] = rng.integers(0, 255, 3)
    return found


def pictures(seed, background=None):
    """An arm and an object that move before a room, with the noise of a camera."""
    rng, found = np.random.default_rng(seed), []
    for k in range(PICTURES):
        picture = (room() if background is None else background).copy()
        x = int(20 + 70 * k / PICTURES + rng.integers(0, 10))
        picture[10:60, x:x + 10] = (30, 30, 200)
        picture[70:80, (seed * 13) % 100:(seed * 13) % 100 + 10] = (200, 30, 30)
        noise = rng.normal(0, 3, picture.shape)
        found.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return np.array(found)


def episode(seed):
    rng = np.random.default_rng(seed)
    state = np.array(CONTRACT.start) + np.linspace(0, 1, ROWS)[:, None] * rng.uniform(
        0.3, 0.6, len(CONTRACT.joints))
    return Motion(CONTRACT, '', np.arange(ROWS), state, state, np.zeros((ROWS, 0)))


CLEAN = [pictures(seed) for seed in range(40)]


def froze(seen, seed):
    at = 2 + seed % 5
    return np.concatenate([seen[:at], np.repeat(seen[at:at + 1], PICTURES - at, axis=0)])


def covered(seen, seed):
    return np.concatenate([seen[:3], seen[3:] // 40])


def pushed(seen, seed):
    way = np.random.default_rng(seed).choice([-6, -4, 4, 6], 2)
    return np.roll(seen, way, axis=(1, 2))


@pytest.mark.parametrize('plant, kind', [(froze, 'frozen'), (covered, 'dark')])
def test_what_one_camera_did_in_an_episode(plant, kind):
    found = false = 0
    for seed, seen in enumerate(CLEAN):
        for planted, shown in ((True, plant(seen, seed)), (False, seen)):
            look = Look.at(shown, AT)
            kinds = {finding.kind for finding in (*frozen(look, 'scene', episode(seed)),
                                                  *dark(look, 'scene'))}
            found += planted and kind in kinds
            false += not planted and bool(kinds)
    assert found >= 0.95 * len(CLEAN) and false <= 0.02 * len(CLEAN)


def test_a_camera_that_stood_elsewhere():
    found = false = 0
    for turn in range(20):
        looks = [Look.at(pushed(seen, seed) if seed % 20 == turn else seen, AT)
                 for seed, seen in enumerate(CLEAN)]
        numbers = {number for number, _ in moved(looks, 'scene')}
        found += len({number for number in numbers if number % 20 == turn})
        false += len({number for number in numbers if number % 20 != turn})
    assert found >= 0.95 * len(CLEAN) and false <= 0.02 * 38 * 20


def test_a_camera_on_the_arm_moves_always():
    looks = [Look.at(np.array([room(seed * 100 + k) for k in range(PICTURES)]), AT)
             for seed in range(8)]
    assert not list(moved(looks, 'wrist'))


def test_an_arm_that_rests_freezes_no_camera():
    still = replace(episode(0), state=np.tile(CONTRACT.start, (ROWS, 1)))
    assert not list(frozen(Look.at(np.repeat(CLEAN[0][:1], PICTURES, axis=0), AT), 'scene', still))


class Freezing(bags.Script):
    """A camera that shows what it saw a second after the beginning."""

    def _sample(self, topic, t, k):
        camera = self.contract.cameras[0]
        frozen = topic == camera.topic and t > 1.0
        return super()._sample(topic, t, int(camera.rate_hz) if frozen else k)


def test_a_camera_that_froze_is_told_of_a_dataset_and_shown(tmp_path):
    contract = bags.small_contract()
    for number, script in enumerate((bags.Script, Freezing, bags.Script)):
        bags.write_bag(tmp_path / f'bags/{number}', script(contract, 5.0, seed=number))
    convert([tmp_path / 'bags'], tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    report = inspect(dataset)
    assert [[finding.kind for finding in e.findings] for e in report.episodes] == [
        [], ['frozen'], []]
    assert 'camera scene shows the same picture for ' in report.episodes[1].problems[0]
    assert [e.score for e in report.episodes] == pytest.approx([1, 0.3, 1])
    assert not inspect(dataset, pictures=False).episodes[1].findings
    page = render([Section(report, None, dataset)])
    assert page.count('src="data:image/jpeg;base64,') == 15 and page.count('<polyline') == 3
    assert page.index('<td>1</td><td class="text name">1</td>') < page.index(
        '<td>0</td><td class="text name">0</td>')
