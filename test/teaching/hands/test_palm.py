"""Depth from what measures it, the palm's axes, pinches."""
from dataclasses import replace
from pathlib import Path

from il_ros.errors import ConfigError
from il_ros.teaching.hands.keypoints import HandError, Keypoints
from il_ros.teaching.hands.palm import closed, frames, pinch, places
from il_ros.teaching.hands.settings import HandSettings
import numpy as np
import pinocchio as pin
import pytest
from teaching.hands import hand_factory as hands

TURNS = [(0, 0, 0), (0, 0, np.pi / 2), (np.pi, 0, 0), (0, np.pi / 2, 0), (1, 2, -1)]


@pytest.mark.parametrize('turn', TURNS)
@pytest.mark.parametrize('left', [False, True])
def test_palm_of_a_rotated_hand(turn, left):
    palm = pin.exp3(np.array(turn, float))
    keypoints = hands.seen(np.array([[0.6, 0, -0.3]]), palm[None], left=left)
    world = hands.settings().to_world()
    np.testing.assert_allclose(world @ frames(keypoints.landmarks, not left)[0], palm, atol=1e-9)


def test_a_camera_that_is_tilted_looks_down():
    world = HandSettings(hands.LENS, tilt=0.6).to_world()
    np.testing.assert_allclose(world @ [0, 0, 1], [np.cos(0.6), 0, -np.sin(0.6)], atol=1e-12)
    np.testing.assert_allclose(world @ [1, 0, 0], [0, -1, 0], atol=1e-12)
    rolled = HandSettings(hands.LENS, roll=0.1).to_world()
    np.testing.assert_allclose(rolled @ [1, 0, 0], [0, -np.cos(0.1), -np.sin(0.1)], atol=1e-12)


def test_tool_of_the_default_axes_stands_as_the_simulated_arm_does():
    tool = hands.DOWN @ HandSettings(hands.LENS).to_tool().T
    np.testing.assert_allclose(tool, np.diag([-1.0, 1.0, -1.0]), atol=1e-9)


@pytest.mark.parametrize('views, changes', [
    (['depths'], {}), (['pixels_2'], {'second': hands.VIEW}), ([], {'plane': hands.plane()})])
def test_place_from_what_measures_depth(views, changes):
    tool, palms = hands.flat_circle(20)
    keypoints = hands.seen(tool, palms, views=views)
    settings = hands.settings(**changes)
    found = places(keypoints, settings) @ settings.to_world().T
    # The plane is met where the middle of the pixels looks, which perspective moves a little.
    tolerance = 0.003 if changes.get('plane') else 1e-9
    np.testing.assert_allclose(found, tool - hands.REACH * palms[:, :, 0], atol=tolerance)


def test_one_view_is_refused_with_the_figure():
    keypoints = hands.seen(*hands.flat_circle(5), views=['pixels_2'])
    with pytest.raises(HandError, match=r'hand.npz: one view .* 1 to 17 % off; expected `depths`'):
        places(keypoints, hands.settings())


@pytest.mark.parametrize('changes, text', [
    ({'landmarks': 1000.0}, 'landmarks: the palm is 95 long, expected 0.05 to 0.15 m'),
    ({'depths': 1000.0}, r'sees a palm 1e\+03 times as large as landmarks say; expected'),
    ({'pixels': 2.0}, 'times as large .* pixels of the whole picture')])
def test_other_units_are_refused(changes, text):
    keypoints = hands.seen(*hands.flat_circle(5))
    keypoints = replace(keypoints, **{name: factor * getattr(keypoints, name)
                                      for name, factor in changes.items()})
    with pytest.raises(HandError, match=text):
        places(keypoints, hands.settings())


def test_background_behind_some_points_does_not_count():
    tool, palms = hands.flat_circle(5)
    keypoints = hands.seen(tool, palms)
    keypoints.depths[:, 17] += 1.0
    keypoints.depths[:, 5] = 0.0
    keypoints.depths[4, [0, 9]] = np.nan
    settings = hands.settings()
    found = places(keypoints, settings) @ settings.to_world().T
    assert np.isnan(found[4]).all()
    wanted = (tool - hands.REACH * palms[:, :, 0])[:4]
    assert np.linalg.norm(found[:4] - wanted, axis=1).max() < 0.02


def test_rays_that_pass_each_other_see_two_things():
    keypoints = hands.seen(*hands.flat_circle(5))
    keypoints = replace(keypoints, depths=None, pixels_2=keypoints.pixels_2 + [0, 80])
    assert np.isnan(places(keypoints, hands.settings(second=hands.VIEW))).all()


def test_pinch_is_measured_by_the_palm():
    points = np.array([hands.right_hand(share) for share in (0.2, 0.5)])
    np.testing.assert_allclose(pinch(points), [0.2, 0.5])
    np.testing.assert_allclose(pinch(2 * points), [0.2, 0.5])


@pytest.mark.parametrize('shares, expected', [
    ([0.6, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2], [0, 0, 1, 1, 1, 1, 1]),       # from where it begins
    ([0.6, 0.2, 0.2, 0.6, 0.6, 0.6, 0.6], [0, 0, 0, 0, 0, 0, 0]),       # a blink
    ([0.2, 0.3, 0.44, 0.46, 0.6, 0.6, 0.6], [1, 1, 1, 0, 0, 0, 0]),     # between: as before
    ([0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], [0, 0, 0, 0, 0, 0, 0])])
def test_gripper_closes_and_opens_on_what_lasts(shares, expected):
    assert closed(np.arange(7) / 29.0, np.array(shares)).tolist() == [bool(e) for e in expected]


def write(path, **changes):
    whole = {'stamps': np.arange(3.0), 'landmarks': np.zeros((3, 21, 3)),
             'pixels': np.zeros((3, 21, 2)), 'scores': np.ones(3)} | changes
    np.savez(path, **{name: value for name, value in whole.items() if value is not None})
    return path


@pytest.mark.parametrize('changes, text', [
    ({'scores': None}, 'expected stamps, landmarks, pixels, scores, missing scores'),
    ({'pixels': np.zeros((3, 20, 2))}, r'pixels: expected shape \(3, 21, 2\), got \(3, 20, 2\)'),
    ({'pixels': np.full((3, 21, 2), 0.7)}, 'pixels: expected pixels, got shares of the picture'),
    ({'depths': np.zeros(3)}, r'depths: expected shape \(3, 21\), got \(3,\)'),
    ({'stamps': np.array([0.0, 1.0, 1.0])}, 'stamps: expected rising seconds'),
    ({'stamps': np.array([{}, {}, {}])}, 'cannot be read: Object arrays')])
def test_wrong_files_are_refused(tmp_path, changes, text):
    with pytest.raises(HandError, match=text):
        Keypoints.read(write(tmp_path / 'hand.npz', **changes))


def test_what_is_no_file_of_keypoints_is_refused(tmp_path):
    with pytest.raises(HandError, match='video.mp4: expected keypoints .* run a hand tracker'):
        Keypoints.read(tmp_path / 'video.mp4')
    (tmp_path / 'cut.npz').write_bytes(write(tmp_path / 'hand.npz').read_bytes()[:200])
    for name in ('cut.npz', 'none.npz'):
        with pytest.raises(HandError, match=f'{name}: cannot be read'):
            Keypoints.read(tmp_path / name)


def test_settings_of_the_documentation_load(tmp_path):
    text = (Path(__file__).parents[3] / 'docs/devices.md').read_text(encoding='utf-8')
    block = next(part for part in text.split('```') if part.startswith('yaml\ncamera:'))
    (tmp_path / 'hand.yaml').write_text(block.removeprefix('yaml\n'))
    settings = HandSettings.load(tmp_path / 'hand.yaml')
    assert settings == HandSettings(settings.camera, tilt=0.6)
    whole = '\n'.join(line.removeprefix('# ').replace('...', '600.0').replace(
        '[nine]', '[1, 0, 0, 0, 1, 0, 0, 0, 1]').replace('[x, y, z]', '[0.1, 0, 0]')
        for line in block.splitlines()[1:])
    (tmp_path / 'hand.yaml').write_text(whole)
    settings = HandSettings.load(tmp_path / 'hand.yaml')
    assert settings.second and settings.plane and settings.similarity


CAMERA = 'camera: {fx: 600.0, fy: 600.0, cx: 320.0, cy: 240.0}\n'


@pytest.mark.parametrize('text, problem', [
    ('tilt: 0.1\n', 'missing camera'), (CAMERA + 'tilt: 35.0\n', 'tilt: expected -1.5708 to'),
    (CAMERA + 'hand: both\n', 'hand: expected one of right, left'),
    (CAMERA + 'axes: [x, y, x]\n', 'axes: expected three of'),
    (CAMERA + 'plane: {normal: [0, 0, 0], distance: 1.0}\n', 'normal: expected a direction'),
    (CAMERA + 'similarity: {scale: 2.0, yaw: 0.0, shift: [0, 0, 0]}\n', 'scale: expected 0.5 to'),
    (CAMERA + f'second: {{lens: {{fx: 1, fy: 1, cx: 0, cy: 0}}, rotation: {[1] * 9}, '
              'translation: [0, 0, 0]}\n', 'rotation: expected the nine numbers')])
def test_wrong_settings_are_refused(tmp_path, text, problem):
    (tmp_path / 'hand.yaml').write_text(text)
    with pytest.raises(ConfigError, match=problem):
        HandSettings.load(tmp_path / 'hand.yaml')
