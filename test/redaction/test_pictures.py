from il_ros.errors import ConfigError
from il_ros.redaction.faces import Box, FaceDetector, look, spread
from il_ros.redaction.pictures import covered, parse_regions, require_inside
import numpy as np
import pytest
from redaction.faces import portrait


@pytest.mark.parametrize('shape, kind', [
    ((20, 30, 3), np.uint8), ((20, 30, 4), np.uint16), ((20, 30), np.uint16),
    ((20, 30), np.float32), ((20, 30, 1), np.uint8)])
def test_regions_are_zero_faces_a_few_colours_and_the_rest_as_it_was(shape, kind):
    picture = np.random.default_rng(0).integers(1, 250, shape).astype(kind)
    found = covered(picture, [Box(-4, 2, 16, 10)], [Box(20, 5, 5, 15)])
    assert found.shape == shape and found.dtype == kind
    assert not found[5:, 20:25].any()
    same = found == picture
    same[5:, 20:25] = same[2:12, :12] = True
    assert same.all()
    assert found[2:12, :12].astype(float).std() < 0.6 * picture[2:12, :12].astype(float).std()
    assert (picture > 0).all()


def test_a_face_is_not_found_where_it_was_blurred():
    detector, face = FaceDetector(), portrait()
    box, = detector.find(face)
    assert 10 < box.width < 60 and 0 < box.x + box.width // 2 < 68
    assert not detector.find(covered(face, [box], []))
    assert look([face, np.zeros_like(face)], detector) == [[box], []]


def test_a_face_counts_for_the_pictures_around():
    box = Box(1, 2, 3, 4)
    assert [bool(each) for each in spread([[]] * 6 + [[box]] + [[]] * 8)] == (
        [False] + [True] * 11 + [False] * 3)


def test_regions_are_read():
    assert parse_regions(['scene:1,2,3,4', 'scene:5,6,7,8', '/a/b:0,0,1,1']) == {
        'scene': [Box(1, 2, 3, 4), Box(5, 6, 7, 8)], '/a/b': [Box(0, 0, 1, 1)]}


@pytest.mark.parametrize('text', ['scene', 'scene:1,2,3', 'scene:1,2,0,4', 'scene:-1,0,2,2', ''])
def test_a_region_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match='expected CAMERA:X,Y,WIDTH,HEIGHT in pixels'):
        parse_regions([text])


def test_a_region_beyond_the_picture_is_refused():
    require_inside([Box(0, 0, 64, 48)], 48, 64, 'scene')
    with pytest.raises(ConfigError, match='--region scene:60,0,5,5: reaches beyond its pictures, '
                                          'which are 64 wide and 48 high'):
        require_inside([Box(60, 0, 5, 5)], 48, 64, 'scene')


@pytest.mark.parametrize('threshold', [0, 1, -0.5])
def test_a_threshold_that_makes_no_sense_is_refused(threshold):
    with pytest.raises(ConfigError, match='--threshold: expected more than 0 and less than 1'):
        FaceDetector(threshold)
