"""What other stacks recorded becomes a dataset without code, value by value."""
import shlex

import foreign_sets as sets
from il_ros.contract import Contract
from il_ros.datasets.reader import Dataset
from il_ros.timing import to_ns
from layouts.known import LAYOUTS
from layouts.recordings import LATE_S, LEAD_S
import numpy as np
import pytest

MEASURED = ('sensor_msgs/JointState', 'nav_msgs/Odometry')
ROWS, BESIDE = 12, 3    # pictures that are looked at; those before and after, which they are not


def converted(run, folder, layout):
    """Import a recording, add what a person adds, and run the line that is printed."""
    layout.write(folder / 'recording', layout.topics)
    answers = [word for answer in layout.answers for word in ('--set', answer)]
    printed = run('import', 'recording', '--yes', *answers)
    file = folder / 'recording.yaml'
    file.write_text(file.read_text().replace('cameras:', f'cameras:\n{layout.added}', 1))
    line = shlex.split(printed[-1])
    assert line[:3] == ['il_ros', 'convert', 'recording']
    run(*line[1:], *layout.more)
    return Contract.load(file), Dataset(folder / 'dataset')


def newest(topic, at_ns):
    """Return the number of the message that was logged last at each time. Shape (N,)."""
    return np.searchsorted(topic.logged_ns(), at_ns, side='right') - 1


def of_joint(topics, joint):
    """Return the topic that speaks of a joint, and what it says. Shape (N,)."""
    topic = next(topic for topic in topics if joint in topic.signals)
    return topic, topic.said()[:, topic.signals.index(joint)]


@pytest.mark.parametrize('name', LAYOUTS)
def test_what_was_put_in_comes_out(run, tmp_path, name):
    layout = LAYOUTS[name]
    contract, dataset = converted(run, tmp_path, layout)
    assert tuple(contract.joint_names) == layout.joints
    marks = [topic for topic in layout.topics if f'task:{topic.name}' in layout.more]
    begin_ns = min(topic.logged_ns()[0] for topic in marks or layout.topics)
    at_ns = begin_ns + dataset.columns['tick'] * contract.period_ns
    assert len(at_ns) > 50
    states = [t for t in layout.topics if t.type in MEASURED and not t.ahead]
    for column, joint in enumerate(layout.joints):
        topic, said = of_joint(states, joint)
        np.testing.assert_allclose(dataset.columns['observation.state'][:, column],
                                   said[newest(topic, at_ns)], atol=1e-5, err_msg=joint)
        if joint in layout.shown:
            stamped_ns = topic.logged_ns() - to_ns(LATE_S)
            expected = np.interp(at_ns + to_ns(LEAD_S) - begin_ns, stamped_ns - begin_ns, said)
        else:
            topic, said = of_joint([t for t in layout.topics if t.ahead], joint)
            expected = said[newest(topic, at_ns + contract.period_ns)]
        np.testing.assert_allclose(dataset.columns['action'][:, column], expected, atol=1e-5,
                                   err_msg=joint)
    assert {camera.name: camera.topic for camera in contract.cameras} == dict(layout.cameras)
    rows = np.linspace(0, len(at_ns) - 1, ROWS).astype(int)
    for camera, topic_name in layout.cameras.items():
        topic = next(topic for topic in layout.topics if topic.name == topic_name)
        off = np.array([
            [np.abs(image - topic.values(number + beside, 0.0)).mean()
             for beside in range(-BESIDE, BESIDE + 1)]
            for image, number in zip(dataset.frames(camera, rows).astype(int),
                                     newest(topic, at_ns[rows]).tolist(), strict=True)])
        assert (off.argmin(axis=1) == BESIDE).all() and off.min(axis=1).max() < 6, camera


def test_a_dataset_of_lerobot_2_1_gives_its_percent(run, tmp_path):
    """huggingface/lerobot src/lerobot/datasets/v30/convert_dataset_v21_to_v30.py has the paths."""
    script = sets.so101(cameras={'observation.images.front': 'video',
                                 'observation.images.wrist': 'video'})
    root = sets.write_v21(tmp_path / 'set', script)
    before = {path: path.read_bytes() for path in root.rglob('*') if path.is_file()}
    assert any("a contract was generated, of a robot 'so101_follower' at 30 Hz" in line
               for line in run('inspect', 'set', '--no-pictures'))
    dataset = Dataset(root)
    assert dataset.contract.joint_names == sets.SO101
    for key in ('observation.state', 'action'):
        np.testing.assert_array_equal(dataset.columns[key], sets.values(script, key, 6))
        assert np.abs(dataset.columns[key]).max() > 80
    for camera in ('front', 'wrist'):
        assert sets.told(dataset.frames(camera, np.arange(35))) == list(range(35))
    assert {path: path.read_bytes() for path in root.rglob('*') if path.is_file()} == before
