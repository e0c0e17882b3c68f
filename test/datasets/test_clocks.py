"""Bags whose clocks contradict each other, gaps in time, and what a dataset tells of them."""
from dataclasses import replace
import json
import struct

import bag_factory as bags
from il_ros.bags.clocks import StreamClock
from il_ros.bags.reader import Bag
from il_ros.datasets import clocks
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.rows import episode_rows, Losses
from il_ros.datasets.gaps import Gaps, stretches
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError
from il_ros.inspection.page import render, Section
from il_ros.inspection.report import inspect
from il_ros.policies.config import PolicyConfig
from il_ros.timing import SECOND, to_ns
from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
import numpy as np
import pyarrow.parquet as pq
import pytest

CONTRACT = replace(bags.small_contract(cameras=()), poses=None)
SCRIPT = bags.Script(CONTRACT, jitter=False)    # 2 s; states arrive after 1 ms
STATE, COMMAND, T0 = CONTRACT.state.topic, CONTRACT.command.topic, bags.START_NS


def restamped(event, stamp_ns):
    data = bytearray(event.data)
    struct.pack_into('<iI', data, 4, *divmod(int(stamp_ns), SECOND))
    return bags.Event(event.log_ns, event.topic, bytes(data))


def states(clock):
    """The script's events; the state's stamps are `clock` of the log time [ns]."""
    return [restamped(e, clock(e.log_ns)) if e.topic == STATE else e for e in SCRIPT.events()]


def shifted(events, moved):
    """The events with other log times; header stamps move along where they are the state's."""
    found = [(bags.Event(moved(e.log_ns), e.topic, e.data)) for e in events]
    return sorted((restamped(e, e.log_ns) if e.topic == STATE else e for e in found),
                  key=lambda e: e.log_ns)


def converted(tmp_path, events, script=SCRIPT, **options):
    convert([bags.write_bag(tmp_path / 'e', script, events=events)], tmp_path / 'out', **options)
    return Dataset(tmp_path / 'out')


@pytest.mark.parametrize('clock', [
    lambda log_ns: 0, lambda log_ns: log_ns - T0 + 12 * SECOND,
    lambda log_ns: log_ns + SECOND // 2, lambda log_ns: log_ns - SECOND // 2,
    lambda log_ns: log_ns - (3 * SECOND if log_ns - T0 > SECOND else 0)],
    ids=['zero', 'simulated', 'ahead', 'behind', 'set back'])
def test_a_wrong_clock_is_refused_and_arrival_gives_what_a_right_one_gives(tmp_path, clock):
    right = converted(tmp_path / 'right', states(lambda log_ns: log_ns))
    (tmp_path / 'wrong').mkdir()
    with pytest.raises(BagError, match=r'e: joint_states: .*; --stamp joint_states=arrival \(or '
                                       r'all=arrival\) believes'):
        converted(tmp_path / 'wrong', states(clock))
    convert([tmp_path / 'wrong' / 'e'], tmp_path / 'out', stamps={'/joint_states': 'arrival'})
    found = Dataset(tmp_path / 'out')
    for name, values in right.columns.items():
        assert np.array_equal(values, found.columns[name], equal_nan=True), name
    assert found.contract.state.stamp == 'arrival'      # what the policy shall run with, too


@pytest.mark.parametrize('clock', [
    lambda log_ns: 12 * SECOND + log_ns - T0, lambda log_ns: log_ns - 2 * SECOND,
    lambda log_ns: log_ns + 60 * SECOND], ids=['simulated', 'behind', 'ahead'])
def test_a_wrong_clock_of_the_commands_is_refused_too(tmp_path, clock):
    script = bags.Script(CONTRACT, seconds=1.0, chunks=False, reports=False)
    right = converted(tmp_path / 'right', script.events(), script)
    events = [restamped(e, clock(e.log_ns)) if e.topic == COMMAND else e for e in script.events()]
    (tmp_path / 'wrong').mkdir()
    with pytest.raises(BagError, match=rf'e: {COMMAND}: its header stamps lie .* at most 1 s is '
                                       rf'accepted: .*; --stamp {COMMAND}=arrival \(or '):
        converted(tmp_path / 'wrong', events, script)
    convert([tmp_path / 'wrong' / 'e'], tmp_path / 'out', stamps={COMMAND: 'arrival'})
    assert np.array_equal(Dataset(tmp_path / 'out').columns['action'], right.columns['action'])


def test_commands_that_begin_a_little_later_are_told(tmp_path):
    script = bags.Script(CONTRACT, seconds=1.0, chunks=False, reports=False, jitter=False)
    data = converted(tmp_path, [restamped(e, e.log_ns + SECOND // 20) if e.topic == COMMAND else e
                                for e in script.events()], script)
    report = inspect(data)
    assert f'{COMMAND}: its stamps lie 50 ms ahead of their arrival' in report.episodes[0].problems
    assert any(line.startswith(f'{COMMAND}: stamped -50 to -50 ms before arrival')
               for line in clocks.lines([report.episodes[0].clocks]))


def test_what_the_robot_was_told_counts_from_the_gate_whatever_stamps_say(tmp_path):
    events = [restamped(e, 12 * SECOND) if e.topic == COMMAND else e for e in SCRIPT.events()]
    assert np.array_equal(converted(tmp_path, events).columns['action'], converted(
        tmp_path / 'right', SCRIPT.events()).columns['action'])


@pytest.mark.parametrize('stray', [10 ** 9, (2 ** 31 - 1) * SECOND])
def test_one_message_from_another_century_costs_its_sample(tmp_path, stray):
    events = states(lambda log_ns: log_ns)
    at = [k for k, e in enumerate(events) if e.topic == STATE][100]
    events[at] = restamped(events[at], stray)
    data = converted(tmp_path, events)
    assert len(data) == 58
    (episode,) = inspect(data).episodes
    assert episode.lost_ticks - episode.missing_ticks < 3
    assert 'joint_states: 1 of its 200 stamps are far from their arrival' in episode.problems


@pytest.mark.parametrize('leap_s, text', [
    (-1_700_000_000, 'no message from 1970-01-01T00:00:00 to 2023-11-14T22:13:20'),
    (300_000_000, 'no message from 2023-11-14T22:13:21 to 2033-05-18T03:33:21')])
def test_recorded_times_that_leap_by_years_are_refused_at_once(tmp_path, leap_s, text):
    first = leap_s < 0
    events = shifted(SCRIPT.events(), lambda ns: ns + leap_s * SECOND if
                     (ns - T0 < 5 * 10 ** 6 if first else ns - T0 > to_ns(1.9)) else ns)
    with pytest.raises(BagError, match=f"e: joint_states: {text}.* the recorder's clock was set, "
                                       'or these are two recordings; cut the bag there'):
        converted(tmp_path, events)


def test_what_nobody_needs_may_be_recorded_in_another_century(tmp_path):
    events = SCRIPT.events()
    late = [bags.Event(e.log_ns + 10 ** 18, e.topic, e.data) for e in events
            if e.topic == 'control/mode']
    early = [bags.Event(T0 - 10 ** 18, e.topic, e.data) for e in late]
    data = converted(tmp_path, sorted([*early, *events, *late], key=lambda e: e.log_ns))
    assert len(data) == 59 + 3      # the last state serves for 0.1 s
    assert Gaps.of(data.columns['tick']) == Gaps()


def test_streams_that_never_meet(tmp_path):
    script = bags.Script(replace(CONTRACT, poses=bags.small_contract().poses), jitter=False)
    events = [e for e in script.events()
              if not (e.topic == STATE and e.log_ns - T0 > 0.9e9)
              and not (e.topic == script.contract.poses.topic and e.log_ns - T0 < 1.4e9)]
    with pytest.raises(BagError, match='e: no complete observation: sim/poses: its first message '
                                       'comes when joint_states has ended already'):
        converted(tmp_path, events, script)


def test_ticks_before_a_stream_begins_and_after_it_ends_are_counted(tmp_path):
    events = [e for e in SCRIPT.events()
              if e.topic != STATE or to_ns(0.5) <= e.log_ns - T0 < to_ns(1.2)]
    losses = Losses()
    with Bag(bags.write_bag(tmp_path / 'e', SCRIPT, events=events)) as bag:
        ticks = [row.tick for row in episode_rows(bag, (), losses)]
        count = (bag.end_ns - 1 - bag.start_ns) // CONTRACT.period_ns
    assert ticks == list(range(ticks[0], ticks[-1] + 1))
    assert losses.ticks == {STATE: count - len(ticks)}
    assert losses.reason().startswith('joint_states: its first message comes 0.5')


def test_rows_that_are_lost_at_the_ends_are_told(tmp_path):
    data = converted(tmp_path, [e for e in SCRIPT.events()
                                if e.topic != STATE or e.log_ns - T0 >= to_ns(0.5)])
    (episode,) = inspect(data).episodes
    assert (episode.gaps, episode.lost_ticks) == (0, 59 - len(data))
    assert (f'{episode.lost_ticks} ticks without observation before its first or after its last '
            'row') in episode.problems


def paused(tmp_path, seconds=10):
    """A recording of 2 s, paused in the middle for some more."""
    return converted(tmp_path, shifted(
        SCRIPT.events(), lambda ns: ns + (seconds * SECOND if ns - T0 >= SECOND else 0)))


def test_no_chunk_and_no_history_spans_a_gap(tmp_path):
    data = paused(tmp_path)
    tick = data.columns['tick']
    (cut,) = np.flatnonzero(np.diff(tick) > 1) + 1
    assert tick[cut] - tick[cut - 1] > 290
    samples = Samples.of(data, TrainConfig(
        PolicyConfig(kind='bc', inputs=('state',), horizon=16), validation_share=0.0), {})
    rows = np.arange(len(data))
    _, valid = samples.batch(rows)
    future = np.minimum(rows[:, None] + np.arange(16), len(rows) - 1)
    apart = tick[future] - tick[rows][:, None]
    inside = rows[:, None] + np.arange(16) < len(rows)
    assert (valid == ((apart == np.arange(16)) & inside)).all()
    assert stretches(data.lengths, tick) == [cut, len(data) - cut]


def test_gaps_are_told_when_converting_and_inspecting(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT, events=shifted(
        SCRIPT.events(), lambda ns: ns + (10 * SECOND if ns - T0 >= SECOND else 0)))
    result = convert([bag], tmp_path / 'out')
    (note,) = result.notes
    assert note == (bag, '298 ticks without observation in 1 gap, the longest 10.0 s: training '
                         'windows end there')
    (episode,) = inspect(Dataset(tmp_path / 'out')).episodes
    assert (episode.gaps, episode.missing_ticks) == (1, 298)
    assert episode.longest_gap_s == pytest.approx(299 / 30)
    assert episode.problems[0] == '298 ticks without observation in 1 gap, the longest 10.0 s'


@pytest.mark.parametrize('ticks, expected, text', [
    ([0, 1, 2], (0, 0, 0), ''), ([7], (0, 0, 0), ''),
    ([0, 1, 5, 6, 8], (2, 4, 3), '4 ticks without observation in 2 gaps, the longest 0.1 s')])
def test_gaps_by_hand(ticks, expected, text):
    gaps = Gaps.of(np.array(ticks))
    assert gaps == expected
    assert gaps.text(30.0) == text


@pytest.mark.parametrize('lengths, ticks, expected', [
    ([3, 2], None, [3, 2]), ([3, 2], [0, 1, 2, 0, 1], [3, 2]), ([3, 2], [0, 1, 2, 3, 4], [3, 2]),
    ([4, 3], [0, 1, 5, 6, 0, 3, 4], [2, 2, 1, 2])])
def test_stretches_by_hand(lengths, ticks, expected):
    assert stretches(lengths, None if ticks is None else np.array(ticks)[:, None]) == expected


@pytest.mark.parametrize('max_age_s, lost, rows', [
    (0.02, '81%', None), (0.06, '66%', None), (0.08, '21%', 39)])
def test_a_slow_stream_is_refused_or_told(tmp_path, max_age_s, lost, rows):
    slow = replace(CONTRACT, state=replace(CONTRACT.state, max_age_s=max_age_s))
    script = replace(SCRIPT, contract=slow)
    events = [e for e in script.events() if e.topic != STATE
              or (e.log_ns - T0 - 10 ** 6) % (SECOND // 10) == 0]
    bag = bags.write_bag(tmp_path / 'e', script, events=events)
    if rows is None:
        text = (f'e: joint_states: comes at 10.0 Hz and a sample counts for {max_age_s} s, so '
                f'that {lost} of the ticks have none; write max_age_s: 0.15 for it into the '
                'contract, or its rate_hz as the rate of the whole contract')
        with pytest.raises(BagError, match=text):
            convert([bag], tmp_path / 'out')
        return
    result = convert([bag], tmp_path / 'out')
    assert result.frames == rows
    assert [note.split(',')[0] for _, note in result.notes] == [
        '19 ticks without observation in 19 gaps',
        'joint_states: comes at 10.0 Hz and a sample counts for 0.08 s']


def test_the_dataset_keeps_the_clocks_and_inspection_tells_them(tmp_path):
    report = inspect(converted(tmp_path, None))
    (episode,) = report.episodes
    clock = episode.clocks[STATE]
    assert (clock.stamp, clock.messages, clock.zeros) == ('header', 200, 0)
    assert (clock.offset_s, clock.spread_s, clock.backwards) == (0.001, 0.0, 0)
    assert clocks.lines([episode.clocks]) == [
        'joint_states: stamped 1 to 1 ms before arrival (spread 0 ms, drift 0 ppm, 0 jumps back, '
        '0% zero); believed: header']
    assert '<td class="text">joint_states</td>' in render([Section(report)])


def test_a_dataset_from_before_clocks_were_kept_is_read_and_extended(tmp_path):
    converted(tmp_path, None)
    for file in (tmp_path / 'out/meta/episodes').rglob('*.parquet'):
        pq.write_table(pq.read_table(file).drop_columns(['clocks']), file)
    assert inspect(Dataset(tmp_path / 'out')).episodes[0].clocks == {}
    other = bags.write_bag(tmp_path / 'f', replace(SCRIPT, seed=1))
    convert([other], tmp_path / 'out', append=True)
    assert [set(e) for e in Dataset(tmp_path / 'out').episodes] == [
        set(Dataset(tmp_path / 'out').episodes[0])] * 2


def test_clocks_as_text():
    assert clocks.read_clocks(None) == clocks.read_clocks('') == {}
    later = json.dumps({'a': {'stamp': 'header', 'messages': 3, 'of a later version': 1}})
    assert clocks.read_clocks(later)['a'].messages == 3


def test_a_drift_is_told_when_it_adds_up():
    found = clocks.read_clocks(json.dumps({STATE: {
        'stamp': 'header', 'messages': 9, 'drift_ppm': -900.0, 'spread_s': 0.004}}))
    assert clocks.problems(found, CONTRACT.streams, 20.0) == []
    assert clocks.problems(found, CONTRACT.streams, 60.0) == [
        'joint_states: its clock drifts by -900 ppm']


@pytest.mark.parametrize('strays, told', [
    ((5, 0), ['joint_states: 5 of its 100 stamps are far from their arrival']),
    ((5, 7), ['stamps far from their arrival: 5 of 100 of joint_states, 7 of 100 of sim/poses; '
              'the recorder had too little processor time, or its clock was set'])])
def test_where_several_streams_come_late_it_was_the_recorder(strays, told):
    streams = bags.small_contract(cameras=()).streams
    found = {stream.topic: StreamClock('header', 100, strays=k, interval_s=0.01)
             for stream, k in zip(streams, strays, strict=True)}
    assert clocks.problems(found, streams, 1.0) == told
