from il_ros.datasets.foreign.named import chosen, PictureFeature, pictures, pose_names, value_names
from il_ros.errors import DatasetError
import pytest


@pytest.mark.parametrize('names, found', [
    (['a.pos', 'b'], ['a', 'b']),
    ({'motors': ['a', 'b']}, ['a', 'b']),
    ({'left': {'arm': ['a']}, 'right': ['b']}, ['a', 'b']),
    ({'b': 1, 'a': 0}, ['a', 'b']),
    (None, None),
    (['motors'], None),
])
def test_every_form_of_names(names, found):
    assert value_names('action', {'shape': [2], 'names': names}) == found


def test_what_is_no_vector_is_refused():
    with pytest.raises(DatasetError, match=r"'action': expected a vector, got the shape \[2, 3\]"):
        value_names('action', {'shape': [2, 3], 'names': None})


def test_names_are_chosen_where_each_stands_once():
    assert chosen(['b', 'x', 'a'], ['a', 'b']) == [2, 0]
    assert chosen(['a', 'a'], ['a']) is chosen(['b'], ['a']) is chosen(None, ['a']) is None


def feature(shape, names=None, kind='video', **more):
    return {'dtype': kind, 'shape': shape, 'names': names, **more}


def test_pictures_become_cameras_whose_names_are_valid():
    wide = feature([48, 64, 3], ['height', 'width', 'channels'])
    found, odd = pictures({
        'observation.images.front': wide, 'observation.images.arm/left.top': wide,
        'observation.images.arm.left/top': wide, 'observation.images.gripper': wide,
        'image': feature([3, 48, 64], ['channels', 'height', 'width'], 'image'),
        'observation.images.first': feature([3, 48, 64]),
        'observation.images.depth': feature([48, 64, 3], info={'video.is_depth_map': True}),
        'observation.images.grey': feature([48, 64, 1]), 'next.image': wide,
        'observation.state': feature([2], kind='float32')})
    assert {name: (of.key, of.height, of.width) for name, of in found.items()} == {
        'front': ('observation.images.front', 48, 64),
        'arm_left_top': ('observation.images.arm/left.top', 48, 64),
        'arm_left_top_2': ('observation.images.arm.left/top', 48, 64),
        'gripper_camera': ('observation.images.gripper', 48, 64),
        'image': ('image', 48, 64), 'first': ('observation.images.first', 48, 64)}
    assert found['image'] == PictureFeature('image', 48, 64, embedded=True)
    assert odd == ['observation.images.depth', 'observation.images.grey', 'next.image']


def test_only_whole_poses_are_poses():
    names = [f'cube.{value}' for value in ('x', 'y', 'z', 'qx', 'qy', 'qz', 'qw')]
    assert pose_names({'shape': [7], 'names': names}) == ['cube']
    assert pose_names({'shape': [6], 'names': names[:6]}) == []
    assert pose_names({'shape': [7], 'names': names[::-1]}) == []
    assert pose_names({'shape': [7], 'names': None}) == pose_names(None) == []
