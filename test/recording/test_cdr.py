import bag_factory as bags
from il_ros.recording import cdr
import numpy as np
import pytest

CONTRACT = bags.small_contract()


@pytest.mark.parametrize('source_id', ['', 'a', 'abc', 'keyboard', 'ein Gerät'])
def test_reads_what_rosbags_serialised(source_id):
    message = bags.command(CONTRACT, 5_000_000_007, np.zeros(7), source=1, seq=2 ** 40 + 3)
    message.source_id = source_id
    data = bags.serialize('il_ros/Command', message)
    assert cdr.stamp_ns(data) == 5_000_000_007
    sender = cdr.sender(data)
    assert (sender.session, sender.seq) == (bytes(range(16)), 2 ** 40 + 3)
    assert cdr.command_source(data) == 1


@pytest.mark.parametrize('length', range(0, 60, 3))
def test_truncated_messages_give_none(length):
    data = bags.serialize('il_ros/Command', bags.command(CONTRACT, 1, np.zeros(7)))[:length]
    data = data if len(data) >= 4 else b'\0\1\0\0'
    assert cdr.command_source(data) is None
    assert cdr.stamp_ns(data) is None or length >= 12


@pytest.mark.parametrize('names', [[], ['a'], ['abc', '', 'joint_1', 'Gelenk ä']])
def test_joint_names(names):
    message = bags.joint_state(CONTRACT, 5, np.zeros(len(names)))
    message.name = names
    data = bags.serialize('sensor_msgs/JointState', message)
    assert cdr.joint_names(data) == tuple(names)
    for length in range(len(data) - 4):
        assert isinstance(cdr.joint_names(data[:length]), tuple)
