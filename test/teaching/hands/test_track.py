"""Episodes without gaps; a filter that delays nothing."""
from dataclasses import replace

from il_ros.teaching.hands.keypoints import HandError
from il_ros.teaching.hands.track import Track, tracks
import numpy as np
import pytest
from teaching.hands import hand_factory as hands


def blinded(frames, count=150):
    """Return keypoints of a hand that the tracker lost in some frames."""
    keypoints = hands.seen(*hands.flat_circle(count))
    keypoints.landmarks[frames] = np.nan
    return keypoints


@pytest.mark.parametrize('lost, lengths', [
    (slice(0, 0), [150]),
    (slice(60, 68), [142]),             # 0.3 s from the last before to the first after
    (slice(60, 69), [60, 81]),
    (slice(20, 60), [90])])             # what is left before is shorter than a second
def test_gaps_end_an_episode(lost, lengths):
    assert [len(track.stamps) for track in tracks(blinded(lost), hands.settings())] == lengths


def test_pictures_of_low_score_do_not_count():
    keypoints = hands.seen(*hands.flat_circle())
    keypoints.scores[:100] = 0.4
    assert len(tracks(keypoints, hands.settings())[0].stamps) == 50
    keypoints.scores[:] = 0.1
    with pytest.raises(HandError, match='the hand counts in 0 of 150 pictures, nowhere for 1 s'):
        tracks(keypoints, hands.settings())


def test_what_leaps_is_another_hand():
    keypoints = hands.seen(*hands.flat_circle())
    keypoints.pixels[70:72] += 200                     # another place
    keypoints.landmarks[80] *= [-1, 1, 1]              # the other hand
    assert len(tracks(keypoints, hands.settings())[0].stamps) == 147


def test_the_hand_is_put_where_it_was_over_short_gaps():
    tool, palms = hands.flat_circle()
    whole = tracks(hands.seen(tool, palms), hands.settings())[0].path(30.0)
    gappy = tracks(blinded(slice(60, 68)), hands.settings())[0].path(30.0)
    assert len(whole) == len(gappy)
    assert np.abs(whole.positions - gappy.positions).max() < 0.003


def test_filter_delays_nothing_and_ends_at_rest():
    stamps = np.arange(91) / 30.0
    bump = np.exp(-((stamps - 1.5) / 0.4) ** 2)
    track = Track(stamps, np.stack([bump, stamps, 0 * stamps], axis=1),
                  np.tile(np.eye(3), (91, 1, 1)), stamps > 1.5)
    path = track.path(30.0)
    assert len(path) == 91 + 12
    assert path.positions[:, 0].argmax() == 45 + 6
    np.testing.assert_allclose(path.positions[:, 0], path.positions[::-1, 0], atol=1e-12)
    assert np.abs(np.diff(path.positions, axis=0)[[0, -1]]).max() < 1e-4
    assert path.closed.argmax() == 46 + 6
    slow = track.path(30.0, 2.0)
    assert len(slow) == 181 + 24
    assert slow.closed.argmax() == 92 + 12


def test_jitter_of_a_tracker_is_smoothed():
    tool, palms = hands.flat_circle()
    keypoints, random = hands.seen(tool, palms), np.random.default_rng(3)
    keypoints = replace(keypoints,
                        pixels=keypoints.pixels + random.normal(0, 1, keypoints.pixels.shape),
                        depths=keypoints.depths + random.normal(0, 0.004, keypoints.depths.shape))
    found = tracks(keypoints, hands.settings())[0].path(30.0).positions[6:-6]
    assert np.linalg.norm(found - tool, axis=1).max() < 0.005
