"""The same messages through the live path and through a bag: every value equal."""
from contextlib import suppress
from dataclasses import replace
import struct

import bag_factory as bags
from il_ros.alignment.aligner import Aligner
from il_ros.alignment.reader import StreamReader
from il_ros.alignment.stamps import sample_ns, stamped_by
from il_ros.bags.reader import Bag
from il_ros.contract import VIDEO_TYPES
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.rows import episode_rows, Losses
from il_ros.datasets.reader import Dataset
from il_ros.errors import MessageError
from il_ros.types import Observation
import numpy as np
import pytest
from video_factory import encode


def restamped(event, stamp_ns):
    """The same message with another header stamp."""
    data = bytearray(event.data)
    struct.pack_into('<iI', data, 4, *divmod(stamp_ns, 10 ** 9))
    return bags.Event(event.log_ns, event.topic, bytes(data))


def in_parts(contract, event):
    """Return a state as an arm's driver and, 3 ms later, a gripper's publish it."""
    message = bags.store().deserialize_cdr(event.data, 'sensor_msgs/msg/JointState')
    names, values = message.name, message.position
    for late, part in ((0, slice(0, 6)), (3_000_000, slice(6, 7))):
        message.name, message.position = [*names[part], 'wheel'], np.array([*values[part], 9.0])
        yield bags.Event(event.log_ns + late, event.topic,
                         bags.serialize('sensor_msgs/JointState', message))


def live(contract, events, start_ns, ticks):
    """Push each message on arrival and observe at the tick, as policy_inference does."""
    aligner = Aligner(contract, [c.name for c in contract.cameras])
    streams, reader = {s.topic: s for s in contract.streams}, StreamReader(contract)
    pending = [e for e in events if e.topic in streams]
    found = {}
    for tick in range(ticks):
        tick_ns = start_ns + tick * contract.period_ns
        while pending and pending[0].log_ns <= tick_ns:
            event = pending.pop(0)
            stream = streams[event.topic]
            message = bags.store().deserialize_cdr(event.data, bags.full_type(stream.type))
            with suppress(MessageError):    # as `nodes.streams` does, with a line in the log
                aligner.push(event.topic, sample_ns(stream, message, event.log_ns),
                             reader.read(event.topic, message))
        if isinstance(observation := aligner.observe(tick_ns), Observation):
            found[tick] = observation
    return found


@pytest.mark.parametrize('parts', [False, True], ids=['whole states', 'states in parts'])
@pytest.mark.parametrize('clocks', ['header', 'arrival', 'stray'])
def test_offline_equals_live(tmp_path, clocks, parts):
    contract = bags.small_contract(cameras=('scene', 'wrist'))
    if clocks == 'arrival':
        contract = stamped_by(contract, {contract.state.topic: 'arrival',
                                         contract.camera('wrist').topic: 'arrival'})
    script = bags.Script(contract, seconds=2.0)
    # A camera that falls silent, and one state that comes late and out of order.
    events = [e for e in script.events()
              if not (e.topic == contract.camera('wrist').topic
                      and 0.8e9 < e.log_ns - bags.START_NS < 1.3e9)]
    late = next(e for e in events if e.topic == 'joint_states' and e.log_ns > bags.START_NS + 5e8)
    events[events.index(late)] = bags.Event(late.log_ns + 40_000_000, late.topic, late.data)
    if parts:   # and the gripper's driver falls silent
        events = [part for event in events for part in (
            in_parts(contract, event) if event.topic == 'joint_states' else [event])
            if not (part.log_ns > bags.START_NS + 1.6e9 and b'gripper' in part.data
                    and part.topic == 'joint_states')]
    events.sort(key=lambda e: e.log_ns)
    if clocks == 'arrival':     # a driver without stamps, and one of a simulation
        events = [restamped(e, {'joint_states': 0, contract.camera('wrist').topic:
                                e.log_ns - bags.START_NS + 10 ** 10}[e.topic])
                  if e.topic in ('joint_states', contract.camera('wrist').topic) else e
                  for e in events]
    if clocks == 'stray':       # one from 1970 and one that would last until 2038
        states = [k for k, e in enumerate(events) if e.topic == 'joint_states']
        events[states[20]] = restamped(events[states[20]], 10 ** 9)
        events[states[90]] = restamped(events[states[90]], (2 ** 31 - 1) * 10 ** 9)
    folder = bags.write_bag(tmp_path / 'e', script, events=events)

    with Bag(folder) as bag:
        rows = list(episode_rows(bag, ['scene', 'wrist']))
        expected = live(contract, events, bag.start_ns,
                        (bag.end_ns - 1 - bag.start_ns) // contract.period_ns)

    assert [row.tick for row in rows] == list(expected)
    assert (30 if not parts else 20) < len(rows) < 58
    for row in rows:
        ours, theirs = row.observation, expected[row.tick]
        assert (ours.stamp_ns, ours.ages_ns) == (theirs.stamp_ns, theirs.ages_ns)
        assert np.array_equal(ours.state, theirs.state)
        assert np.array_equal(ours.environment, theirs.environment)
        assert set(ours.images) == {'scene', 'wrist'}
        for name in ours.images:
            assert np.array_equal(ours.images[name], theirs.images[name])


def test_of_distances_too_as_a_dataset_holds_them(tmp_path):
    contract = bags.with_depth(bags.small_contract(cameras=('scene', 'wrist')), 'wrist')
    script = bags.Script(contract, seconds=1.0)
    folder = bags.write_bag(tmp_path / 'bags/e', script)
    with Bag(folder) as bag:
        expected = live(contract, script.events(), bag.start_ns,
                        (bag.end_ns - 1 - bag.start_ns) // contract.period_ns)
    convert([tmp_path / 'bags'], tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    assert dataset.columns['tick'].tolist() == list(expected) and len(expected) > 20
    seen = np.stack([observation.images['wrist'] for observation in expected.values()])
    assert seen.dtype == np.float32 and seen.shape[1:] == (48, 64, 1)
    assert seen.min() == 0 and 1.9 < seen.max() < 2.0
    np.testing.assert_array_equal(dataset.frames('wrist', range(len(dataset))), seen)


@pytest.mark.parametrize('kind', [*VIDEO_TYPES, 'sensor_msgs/CompressedImage'])
def test_of_a_video_too_and_what_lacks_a_picture_is_counted(tmp_path, kind):
    raw = bags.small_contract(cameras=('scene',))
    contract = replace(raw, cameras=(replace(raw.cameras[0], type=kind),))
    topic, script = contract.cameras[0].topic, bags.Script(raw, seconds=2.0)
    sent = [e for e in script.events() if e.topic == topic]
    coded = encode([bags.picture(contract, 'scene', k) for k in range(len(sent))])
    data = {e.log_ns: bags.serialize(kind, bags.video(kind, e.log_ns - 1_000_000, each))
            for e, each in zip(sent, coded, strict=True)}
    lost = sent[20].log_ns
    events = [replace(e, data=data[e.log_ns]) if e.topic == topic else e
              for e in script.events() if (e.topic, e.log_ns) != (topic, lost)]
    folder = bags.write_bag(tmp_path / 'e', replace(script, contract=contract), events=events)
    losses = Losses()
    with Bag(folder) as bag:
        rows = list(episode_rows(bag, ['scene'], losses))
        expected = live(contract, events, bag.start_ns,
                        (bag.end_ns - 1 - bag.start_ns) // contract.period_ns)
    assert [row.tick for row in rows] == list(expected) and len(rows) > 50
    for row in rows:
        assert np.array_equal(row.observation.images['scene'],
                              expected[row.tick].images['scene'])
    assert losses.messages == {topic: 3}   # of the eight from one key picture to the next
    assert 'needs one before it that did not come' in losses.refusals[topic]


def test_a_look_at_a_video_that_was_joined_late_finds_no_fault():
    kind = VIDEO_TYPES[0]
    raw = bags.small_contract(cameras=('scene',))
    contract = replace(raw, cameras=(replace(raw.cameras[0], type=kind),))
    topic = contract.cameras[0].topic
    sent = [bags.video(kind, bags.START_NS, data) for data in encode(
        [bags.picture(contract, 'scene', k) for k in range(12)])]
    StreamReader(contract).look_at(topic, sent[3:])
    with pytest.raises(MessageError, match='needs one before it that did not come'):
        StreamReader(contract).look_at(topic, sent[3:6])
