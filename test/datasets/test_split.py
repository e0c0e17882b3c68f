"""Several episodes in one bag, and one over several bags."""
from dataclasses import replace

import bag_factory as bags
from bags.foreign import TYPES, write_db3, write_mcap
from il_ros.bags.episodes.spans import Span
from il_ros.bags.episodes.split import parse_split
from il_ros.bags.episodes.view import views
from il_ros.bags.files import content_hash
from il_ros.bags.reader import Bag
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError, DatasetError
from il_ros.recording.metadata import EpisodeInfo
from il_ros.recording.writer import EpisodeWriter, Limits
from il_ros.timing import to_ns
import numpy as np
import pytest

CONTRACT = bags.small_contract(cameras=())
SCRIPT = bags.Script(CONTRACT, seconds=6.0, reports=False, jitter=False)
# Of another recorder, on the grid of ticks: its first message comes 1 ms after START_NS.
EVENTS = [e for e in SCRIPT.events() if not e.topic.startswith(('control/', 'policy/', 'teleop/'))]
FIRST_NS = min(e.log_ns for e in EVENTS)


def at(t, topic, kind, **fields):
    """Return a message of a mark, t seconds after the first message."""
    return bags.Event(FIRST_NS + to_ns(t), topic, bags.serialize(kind, bags.make(kind, **fields)))


def write(path, *marks, kind='', events=EVENTS):
    """Write a bag of one file with marks on the topic `mark`."""
    found = sorted([*events, *marks], key=lambda event: event.log_ns)
    return write_mcap(path, found, types=TYPES | {'mark': kind})


def texts(*said):
    return [at(t, 'mark', 'std_msgs/String', data=text) for t, text in said]


def split(path, how, out, **options):
    return convert([path], out, contract=CONTRACT, split=parse_split(how), **options)


def extents(out):
    """Return from when to when each episode goes [s], as its hash says."""
    found = [row['source_hash'].rpartition('#')[2] for row in Dataset(out).episodes]
    return [tuple(round((int(t) - FIRST_NS) / 1e9, 3) for t in name.split('-')) for name in found]


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return write(tmp_path_factory.mktemp('one') / 'long.mcap')


@pytest.fixture
def table(tmp_path):
    def written(text):
        file = tmp_path / 'times.csv'
        file.write_text(text)
        return str(file)
    return written


@pytest.mark.parametrize('store', ['mcap', 'no chunks', 'sqlite'])
def test_rows_of_a_part_are_those_of_the_whole(tmp_path, bag, monkeypatch, store):
    if store == 'sqlite':
        monkeypatch.setattr('bags.foreign.EVENTS', EVENTS)
        bag = write_db3(tmp_path / 'long.db3')
    elif store == 'no chunks':
        bag = write_mcap(tmp_path / 'long.mcap', EVENTS, chunking=False)
    period_ns = CONTRACT.period_ns
    with Bag(bag, CONTRACT) as opened:
        whole = {row.tick: row for row in episode_rows(opened)}
        spans = [Span(1, opened.start_ns + 30 * period_ns, opened.start_ns + 60 * period_ns + 1),
                 Span(2, opened.start_ns + 90 * period_ns, opened.start_ns + 150 * period_ns + 1)]
        for view, first, count in zip(views(opened, spans), (30, 90), (30, 60), strict=True):
            rows = list(episode_rows(view))
            # What came before a part is no sample of it: its first tick may lack one.
            assert rows[0].tick <= 1 and [r.tick for r in rows] == list(
                range(rows[0].tick, count))
            for row in rows:
                other = whole[first + row.tick]
                np.testing.assert_array_equal(row.observation.state, other.observation.state)
                np.testing.assert_array_equal(row.observation.environment,
                                              other.observation.environment)
                np.testing.assert_allclose(row.action, other.action, rtol=0, atol=1e-12)
                assert (row.source, row.observation.ages_ns) == (
                    other.source, other.observation.ages_ns)


def test_a_table_of_times(bag, tmp_path, table):
    how = table('start_s,end_s,task,outcome\n1.0,2.0,pick,success\n\n2.5, 5.5 ,place it,failure\n')
    result = split(bag, how, tmp_path / 'out')
    dataset = Dataset(tmp_path / 'out')
    assert (result.episodes, extents(tmp_path / 'out')) == (2, [(1.0, 2.0), (2.5, 5.5)])
    assert [(row['source'], row['tasks'][0], row['outcome']) for row in dataset.episodes] == [
        ('long.mcap#1', 'pick', 'success'), ('long.mcap#2', 'place it', 'failure')]
    assert [row['source_hash'].partition('#')[0] for row in dataset.episodes] == [
        content_hash(bag)] * 2
    assert result.notes[0] == (
        bag, '2.0 of its 6.0 s are in no episode: 1.0 s before the first, 0.5 s between them, '
             '0.5 s after the last')
    for episode, (start, end) in enumerate([(1.0, 2.0), (2.5, 5.5)]):
        rows = dataset.rows(episode)
        t = start + 0.001 + dataset.columns['tick'][rows] / 30
        assert abs(len(t) - 30 * (end - start)) <= 2
        state = dataset.columns['observation.state'][rows]
        for k, moment in enumerate(t):      # the newest state is up to 10 ms and its latency old
            possible = np.array([SCRIPT.state(s) for s in np.linspace(moment - 0.016, moment, 40)])
            assert np.abs(possible - state[k]).max(axis=1).min() < 2e-4
        assert set(dataset.columns['success'][rows]) == {1 - episode}
        recorded = dataset.episodes[episode]['recorded_ticks']
        assert recorded == (to_ns(end - start) - 1) // CONTRACT.period_ns


def test_dates_are_those_of_the_recorder(bag, tmp_path, table):
    # 1_700_000_000 s is 2023-11-14T22:13:20Z.
    split(bag, table('end,start\n1700000002.001,1700000001.001\n'
                     '2023-11-14T23:13:25.001+01:00,2023-11-14T22:13:23.001Z\n'), tmp_path / 'out')
    assert extents(tmp_path / 'out') == [(1.0, 2.0), (3.0, 5.0)]


@pytest.mark.parametrize(('text', 'error'), [
    ('', "expected the columns start_s,end_s (seconds from the start of the bag) or start,end "
     "(dates), got ''"),
    ('start_s,end\n', "(dates), got 'start_s,end'"),
    ('start_s,end_s\n', 'names no episode: expected a line for each'),
    ('start_s,end_s,tsk\n', "no column 'tsk'; did you mean 'task'?"),
    ('start_s,end_s\n1,2,3\n', 'line 2: expected 2 cells, got 3'),
    ('start_s,end_s\n1\n', "line 2: end_s '': expected seconds from the start of the bag"),
    ('start_s,end_s\n1,inf\n', "line 2: end_s 'inf': expected a number"),
    ('start,end\n1,2\n', "line 2: start '1': no date; seconds from the start of the bag belong in "
     'the columns start_s and end_s'),
    ('start_s,end_s\n1700000001,2\n', "line 2: start_s '1700000001': a date belongs in the "
     'columns start and end'),
    ('start,end\nnoon,2\n', "line 2: start 'noon': expected seconds since 1970, or a date such as "
     '2025-01-31T12:00:00.5Z'),
    ('start,end\n2023-11-14T22:13:23,2\n', "line 2: start '2023-11-14T22:13:23': which time zone? "
     'End it with Z, or +02:00'),
    ('start_s,end_s,outcome\n1,2,good\n', "line 2: outcome 'good': expected one of success, "
     'failure, unlabelled'),
    ('start_s,end_s,bag\n1,2,lang.mcap\n', "line 2: no bag 'lang.mcap' was given; did you mean "
     "'long.mcap'?")])
def test_a_table_that_is_wrong_is_refused_in_one_line(bag, tmp_path, table, text, error):
    with pytest.raises(ConfigError) as raised:
        split(bag, table(text), tmp_path / 'out')
    assert str(raised.value).startswith(f'--split {tmp_path}/times.csv: ')
    assert str(raised.value).endswith(error)


@pytest.mark.parametrize(('times', 'error'), [
    ('2,1', '#1, 2.000 to 1.000 s, ends before it begins'),
    ('2,2', '#1, 2.000 to 2.000 s, is empty'),
    ('3,4\n1,3.5', '#1, 1.000 to 3.500 s, and #2, 3.000 to 4.000 s, overlap: no moment may be in '
     'two episodes'),
    ('4,7', '#1, 4.000 to 7.000 s, lies outside the bag, which goes from 0 to 5.99'),
    ('-1,2', '#1, -1.000 to 2.000 s, lies outside the bag'),
    ('8,9', '#1, 8.000 to 9.000 s, lies outside the bag')])
def test_times_that_cannot_be_are_refused_in_one_line(bag, tmp_path, table, times, error):
    with pytest.raises(BagError) as raised:
        split(bag, table(f'start_s,end_s\n{times}\n'), tmp_path / 'out')
    assert str(raised.value).startswith(f'{bag}: --split times.csv: {error}')
    assert not (tmp_path / 'out').exists()


def test_a_table_of_several_bags_says_which(bag, tmp_path, table):
    other = write(tmp_path / 'other.mcap', *texts((1.0, 'x')), kind='std_msgs/msg/String')
    with pytest.raises(ConfigError, match='line 2: 2 bags were given: say in a column `bag` of '):
        convert([bag, other], tmp_path / 'out', contract=CONTRACT,
                split=parse_split(table('start_s,end_s\n1,2\n')))
    convert([bag, other], tmp_path / 'out', contract=CONTRACT, split=parse_split(table(
        'bag,start_s,end_s\nother.mcap,1,2\nlong.mcap,3,4\nlong.mcap,1.5,2\n')))
    assert [row['source'] for row in Dataset(tmp_path / 'out').episodes] == [
        'long.mcap#1', 'long.mcap#2', 'other.mcap#1']


def test_a_bool_marks_episodes(tmp_path):
    marks = [at(t, 'mark', 'std_msgs/Bool', data=value) for t, value in (
        (0.5, False), (1.0, True), (1.5, True), (2.0, False), (2.5, False), (4.0, True))]
    bag = write(tmp_path / 'b.mcap', *marks, kind='std_msgs/msg/Bool')
    result = split(bag, 'marker:/mark', tmp_path / 'out')
    assert extents(tmp_path / 'out') == [(1.0, 2.0), (4.0, 5.99)]
    assert result.notes[:2] == [
        (bag, '#2, begun at 4.000 s, is never ended: it goes to the end of the bag'),
        (bag, '3.0 of its 6.0 s are in no episode: 1.0 s before the first, 2.0 s between them')]


def test_texts_mark_and_label_episodes(tmp_path):
    bag = write(tmp_path / 'b.mcap', *texts(
        (0.2, 'stop'), (0.5, 'start'), (1.0, 'success'), (1.5, 'start'), (2.0, 'discard'),
        (2.5, 'start'), (3.0, 'stop'), (3.1, 'failure'), (3.5, 'start'), (4.5, 'start'),
        (5.0, ' stop ')), kind='std_msgs/msg/String')
    result = split(bag, 'marker:mark', tmp_path / 'out')
    assert extents(tmp_path / 'out') == [(0.5, 1.0), (2.5, 3.0), (3.5, 4.5), (4.5, 5.0)]
    rows = Dataset(tmp_path / 'out').episodes
    assert [(row['source'][-2:], row['outcome']) for row in rows] == [
        ('#1', 'success'), ('#3', 'failure'), ('#4', 'unlabelled'), ('#5', 'unlabelled')]
    assert [note for _, note in result.notes[:3]] == [
        'the end at 0.200 s ends nothing: no episode runs there',
        '#4, begun at 3.500 s, is never ended: it goes to the begin of the next',
        '3.5 of its 6.0 s are in no episode: 0.5 s before the first, 1.5 s between them, 1.0 s '
        'after the last, 0.5 s discarded']


def test_an_empty_message_begins_and_ends_in_turn(tmp_path):
    marks = [at(t, 'mark', 'std_msgs/Empty', structure_needs_at_least_one_member=0)
             for t in (1.0, 2.0, 3.0, 3.5)]
    bag = write(tmp_path / 'b.mcap', *marks, kind='std_msgs/msg/Empty')
    split(bag, 'marker:/mark', tmp_path / 'out')
    assert extents(tmp_path / 'out') == [(1.0, 2.0), (3.0, 3.5)]


# As rclpy 7 of Jazzy writes the events of a service whose introspection tells contents.
TRIGGER = ('00010000%02x550000000000000000000000000000000000000000000000000000'
           '666173740%x00000000000000%s')
REFUSED = '0000000001000000007f0000030000006e6f00'
TRIGGERED = '010000000000000000000000'
SET = '%02x00000001000000%02x00000000000000'


@pytest.mark.parametrize(('kind', 'calls', 'expected'), [
    ('Trigger', [(1.0, 0, '0000000000000000'), (1.001, 1, TRIGGERED), (2.0, 1, TRIGGERED)],
     [(1.001, 2.0)]),
    ('Trigger', [(1.0, 0, TRIGGERED), (2.0, 0, TRIGGERED), (2.1, 3, '0000000000000000')],
     [(1.0, 2.0)]),
    ('Trigger', [(1.0, 1, TRIGGERED), (2.0, 1, TRIGGERED), (2.1, 2, REFUSED),
                 (3.0, 1, TRIGGERED)], [(1.0, 3.0)]),
    ('SetBool', [(1.0, 1, '010000000100000000000000'), (1.5, 1, '010000000100000000000000'),
                 (2.0, 1, '010000000000000000000000')], [(1.0, 2.0)])])
def test_calls_of_a_service_mark_episodes(tmp_path, kind, calls, expected):
    marks = [bags.Event(FIRST_NS + to_ns(t), 'mark',
                        bytes.fromhex(TRIGGER % (event, int(t), rest)))
             for t, event, rest in calls]
    bag = write_mcap(tmp_path / 'b.mcap', sorted([*EVENTS, *marks], key=lambda e: e.log_ns),
                     types=TYPES | {'mark': f'std_srvs/srv/{kind}_Event'},
                     rename=lambda topic: 'go/_service_event' if topic == 'mark' else topic)
    split(bag, 'marker:/go/_service_event', tmp_path / 'out')
    assert extents(tmp_path / 'out') == expected
    silent = [replace(marks[0], data=bytes.fromhex(TRIGGER % (1, 1, '0000000000000000')))]
    if kind == 'SetBool':
        bag = write_mcap(tmp_path / 's.mcap', sorted([*EVENTS, *silent], key=lambda e: e.log_ns),
                         types=TYPES | {'mark': f'std_srvs/srv/{kind}_Event'})
        with pytest.raises(BagError, match='mark at 1.000 s does not say what was asked: record '):
            split(bag, 'marker:/mark', tmp_path / 'silent')


def test_each_new_task_is_an_episode(tmp_path):
    bag = write(tmp_path / 'b.mcap', *texts(
        (0.5, ''), (1.0, 'pick'), (1.5, 'pick'), (2.0, 'place'), (3.0, ''), (4.0, 'pick')),
        kind='std_msgs/msg/String')
    result = split(bag, 'task:/mark', tmp_path / 'out')
    assert extents(tmp_path / 'out') == [(1.0, 2.0), (2.0, 3.0), (4.0, 5.99)]
    dataset = Dataset(tmp_path / 'out')
    assert [row['tasks'][0] for row in dataset.episodes] == ['pick', 'place', 'pick']
    assert sorted(dataset.tasks) == ['pick', 'place']
    assert (bag, '#3, begun at 4.000 s, is never ended: it goes to the end of the bag'
            ) in result.notes


def test_a_silence_of_the_states_ends_an_episode(tmp_path, bag):
    quiet = [e for e in EVENTS if e.topic != 'joint_states' or not (
        1.995e9 < e.log_ns - FIRST_NS < 3.495e9)]
    out = tmp_path / 'out'
    split(write(tmp_path / 'quiet.mcap', events=quiet), 'gap:1.0', out)
    assert extents(out) == [(0.0, 1.99), (3.5, 5.99)]
    result = split(bag, 'gap:1.0', tmp_path / 'one')
    assert result.episodes == 1
    assert result.notes[0] == (bag, 'its states never pause for more than 1 s: it is one episode')


def test_two_recordings_in_a_bag_are_cut_as_the_error_says(tmp_path):
    far = [replace(e, log_ns=e.log_ns + to_ns(2 * 86_400.0) * (e.log_ns - FIRST_NS > 3e9))
           for e in EVENTS]
    bag = write(tmp_path / 'b.mcap', events=far)
    stamps = {'joint_states': 'arrival', CONTRACT.poses.topic: 'arrival'}
    with pytest.raises(BagError, match=r'cut the bag there \(il_ros convert --split gap:60\)'):
        convert([bag], tmp_path / 'out', contract=CONTRACT, stamps=stamps)
    assert split(bag, 'gap:60', tmp_path / 'out', stamps=stamps).episodes == 2


@pytest.mark.parametrize(('how', 'error'), [
    ('gap:-1', '--split gap:-1: expected seconds above zero, as gap:2.0'),
    ('gap:x', '--split gap:x: expected seconds above zero'),
    ('maker:/mark', "--split 'maker:/mark': expected a table of times (a .csv file), "
                    'marker:/TOPIC, task:/TOPIC or gap:SECONDS'),
    ('marker:', "--split 'marker:': expected a table"),
    ('marker:/a b', "topic '/a b'"),
    ('none.csv', '--split none.csv: cannot be read: No such file or directory')])
def test_what_no_way_to_split_is(how, error):
    with pytest.raises(ConfigError) as raised:
        parse_split(how)
    assert str(raised.value).startswith(error)


@pytest.mark.parametrize(('how', 'error'), [
    ('marker:/mrk', "no message of /mrk; did you mean '/mark'?"),
    ('marker:/joint_states', '--split marker:/joint_states: it is of type '
     'sensor_msgs/msg/JointState; what marks episodes is one of std_msgs/Bool, std_msgs/String, '
     'std_msgs/Empty, std_srvs/Trigger_Event, std_srvs/SetBool_Event'),
    ('task:/joint_states', '--split task:/joint_states: it is of type sensor_msgs/msg/JointState, '
     'expected std_msgs/String'),
    ('marker:/mark', "mark at 1.000 s says 'go'; expected one of start, stop, success, failure, "
     'discard')])
def test_a_topic_that_marks_nothing_is_refused(tmp_path, how, error):
    bag = write(tmp_path / 'b.mcap', *texts((1.0, 'go')), kind='std_msgs/msg/String')
    with pytest.raises(BagError) as raised:
        split(bag, how, tmp_path / 'out')
    assert str(raised.value) == f'{bag}: {error}'


def test_a_bag_of_which_nothing_is_kept_is_refused(tmp_path):
    bag = write(tmp_path / 'b.mcap', *texts((1.0, 'start'), (2.0, 'discard')),
                kind='std_msgs/msg/String')
    with pytest.raises(BagError, match='--split marker:/mark: every episode in it is discarded'):
        split(bag, 'marker:/mark', tmp_path / 'out')
    bag = write(tmp_path / 'c.mcap', *texts((1.0, '')), kind='std_msgs/msg/String')
    with pytest.raises(BagError, match='--split task:/mark: no episode begins in it'):
        split(bag, 'task:/mark', tmp_path / 'out')


def test_what_is_in_the_dataset_is_not_added_again(bag, tmp_path, table):
    out = tmp_path / 'out'
    split(bag, table('start_s,end_s\n1,2\n'), out)
    result = split(bag, table('start_s,end_s\n1,2\n3,4\n'), out, append=True)
    assert (result.episodes, result.skipped) == (1, [
        (bag.with_name('long.mcap#1'), 'already in the dataset')])
    cut = 'is in the dataset already, cut in another way'
    with pytest.raises(BagError, match=f'long.mcap#1: {cut}'):
        split(bag, table('start_s,end_s\n1.5,2.5\n'), out, append=True)
    with pytest.raises(BagError, match=f'long.mcap: {cut}'):
        convert([bag], out, contract=CONTRACT, append=True)
    result = convert([bag], out, contract=CONTRACT, append=True, skip_bad=True)
    assert (result.episodes, len(result.skipped)) == (0, 1)
    whole = tmp_path / 'whole'
    convert([bag], whole, contract=CONTRACT)
    with pytest.raises(BagError, match=f'long.mcap#1: {cut}'):
        split(bag, table('start_s,end_s\n1,2\n'), whole, append=True)
    assert [len(Dataset(each).lengths) for each in (out, whole)] == [2, 1]


def test_a_part_without_rows_names_itself_and_may_be_left_out(tmp_path, bag, table):
    quiet = [e for e in EVENTS if e.topic != 'joint_states' or e.log_ns - FIRST_NS < 2.9e9]
    half = write(tmp_path / 'half.mcap', events=quiet)
    how = table('start_s,end_s\n1,2\n3,4\n')
    error = 'half.mcap#2: no complete observation: no message of joint_states from 3.000 to 4.000'
    with pytest.raises(BagError, match=error):
        split(half, how, tmp_path / 'out')
    result = split(half, how, tmp_path / 'out', skip_bad=True)
    assert result.episodes == 1 and result.skipped[0][0].name == 'half.mcap#2'


def told(keep):
    return [e for e in EVENTS if e.topic != CONTRACT.command.topic or keep(
        (e.log_ns - FIRST_NS) / 1e9)]


def test_a_robot_does_in_a_part_what_it_was_told_before(tmp_path, table):
    """A command stays in force, as in the whole bag; but where none comes, nobody showed it."""
    bag = write(tmp_path / 'b.mcap', events=told(lambda t: t < 0.9 or 1.5 < t < 2.0))
    with Bag(bag, CONTRACT) as opened:
        last = max(e.log_ns for e in told(lambda t: t < 0.9)
                   if e.topic == CONTRACT.command.topic)
        view, = views(opened, [Span(1, FIRST_NS + to_ns(1.0), FIRST_NS + to_ns(2.0))])
        rows = list(episode_rows(view))
        before = SCRIPT.state((last - bags.START_NS - 1e6) / 1e9 + 1 / 30)
        np.testing.assert_allclose(rows[0].action, before, atol=1e-3)
        assert {row.source for row in rows} == {1}
        silent, = views(opened, [Span(1, FIRST_NS + to_ns(3.0), FIRST_NS + to_ns(4.0))])
        with pytest.raises(BagError, match='nothing says what the robot was told from 3.000 to '):
            list(episode_rows(silent))


def test_a_trajectory_under_way_sets_out_from_where_the_arm_is(tmp_path):
    def sent(t, due_s, positions):
        point = bags.make('trajectory_msgs/JointTrajectoryPoint', positions=positions,
                          velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
                          time_from_start=bags.make('builtin_interfaces/Duration', sec=due_s,
                                                    nanosec=0))
        return at(t, CONTRACT.command.topic, 'trajectory_msgs/JointTrajectory',
                  header=bags.header(0), joint_names=CONTRACT.joint_names, points=[point])
    target = np.full(7, 0.02)
    bag = write_mcap(tmp_path / 'b.mcap', sorted(
        [*told(lambda t: False), sent(0.5, 2, target), sent(1.9, 0, target)],
        key=lambda event: event.log_ns))
    with Bag(bag, CONTRACT) as opened:
        view, = views(opened, [Span(1, FIRST_NS + to_ns(1.0), FIRST_NS + to_ns(2.0))])
        rows = list(episode_rows(view))
    first = rows[0].observation.state
    for row in rows[:20]:
        share = (0.5 + (row.tick + 1) * CONTRACT.period_ns / 1e9) / 2
        np.testing.assert_allclose(row.action, first + share * (target - first), atol=1e-9)
    np.testing.assert_allclose(rows[-1].action, target)


def test_a_latched_mode_from_before_counts(tmp_path, table):
    script = bags.Script(CONTRACT, seconds=4.0, correct_s=1.0)
    bag = bags.write_bag(tmp_path / 'episode_0001', script, outcome='success')
    result = convert([bag], tmp_path / 'out', split=parse_split(table('start_s,end_s\n0.5,3.5\n')))
    dataset = Dataset(tmp_path / 'out')
    assert result.episodes == 1 and dataset.episodes[0]['outcome'] == 'success'
    split_ = convert([bag], tmp_path / 'late', split=parse_split(table('start_s,end_s\n2,3\n')))
    assert split_.episodes == 1
    assert set(Dataset(tmp_path / 'late').columns['intervention']) == {1}
    assert dataset.episodes[0]['tasks'] == [CONTRACT.task]


def pieces(tmp_path, *keeps):
    return [write(tmp_path / f'piece_{k}.mcap', events=[
        e for e in EVENTS if keep((e.log_ns - FIRST_NS) / 1e9, e.topic)])
        for k, keep in enumerate(keeps)]


@pytest.mark.parametrize('keeps', [
    [lambda t, topic: t >= 3.0, lambda t, topic: t < 3.0],          # in any order
    [lambda t, topic: topic == 'joint_states', lambda t, topic: topic != 'joint_states']])
def test_joined_bags_are_the_episode_that_they_are_of(bag, tmp_path, keeps):
    parts = pieces(tmp_path, *keeps)
    result = convert(parts, tmp_path / 'out', contract=CONTRACT, joined_s=1.0)
    convert([bag], tmp_path / 'whole', contract=CONTRACT)
    joined, whole = Dataset(tmp_path / 'out'), Dataset(tmp_path / 'whole')
    assert (result.episodes, joined.lengths) == (1, whole.lengths)
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(joined.columns[name], values, err_msg=name)
    assert joined.episodes[0]['source'] == 'piece_0.mcap+1'
    with pytest.raises(BagError, match='piece_0.mcap: is in the dataset already, cut in another'):
        convert(parts[:1], tmp_path / 'out', contract=CONTRACT, append=True)
    again = convert(parts, tmp_path / 'out', contract=CONTRACT, joined_s=1.0, append=True)
    assert again.skipped == [(tmp_path / 'piece_0.mcap+1', 'already in the dataset')]


def test_joined_bags_may_be_split(tmp_path, table):
    parts = pieces(tmp_path, lambda t, topic: t < 3.0, lambda t, topic: t >= 3.0)
    convert(parts, tmp_path / 'out', contract=CONTRACT, joined_s=1.0,
            split=parse_split(table('start_s,end_s\n2,4\n')))
    assert extents(tmp_path / 'out') == [(2.0, 4.0)]
    assert Dataset(tmp_path / 'out').lengths[0] >= 58


def test_what_is_no_recording_is_not_joined(tmp_path, bag):
    early, late = pieces(tmp_path, lambda t, topic: t < 1.0, lambda t, topic: t > 4.0)
    with pytest.raises(BagError, match=r'piece_1.mcap begins 3.0 s after the end of piece_0.mcap; '
                       'pieces of one recording are at most 2 s apart: say --apart 3.1 if these'):
        convert([early, late], tmp_path / 'out', contract=CONTRACT, joined_s=2.0)
    assert convert([early, late], tmp_path / 'out', contract=CONTRACT, joined_s=3.1).episodes == 1
    with pytest.raises(BagError, match='--join: expected several bags, the pieces of one'):
        convert([early], tmp_path / 'one', contract=CONTRACT, joined_s=2.0)
    other = write(tmp_path / 'other.mcap', *texts((0.0, 'x')), kind='std_msgs/msg/String',
                  events=())
    wrong = write(tmp_path / 'wrong.mcap', at(0.0, 'mark', 'std_msgs/Bool', data=True),
                  kind='std_msgs/msg/Bool', events=())
    with pytest.raises(BagError, match='wrong.mcap: /mark is of type std_msgs/msg/Bool, in '
                       'other.mcap of std_msgs/msg/String: no pieces of one recording'):
        convert([bag, other, wrong], tmp_path / 'no', contract=CONTRACT, joined_s=2.0)
    own = bags.write_bag(tmp_path / 'own', bags.Script(bags.small_contract(), seconds=1.0))
    with pytest.raises(BagError, match='own: was recorded with another contract than long.mcap'):
        convert([bag, own], tmp_path / 'no', contract=CONTRACT, joined_s=10.0)
    with pytest.raises(DatasetError):
        convert([early, late], tmp_path / 'out', contract=CONTRACT, joined_s=3.1)


def test_joined_bags_of_il_ros_keep_their_names_and_losses(tmp_path):
    script = bags.Script(CONTRACT, seconds=1.0)
    found = []
    for name, mine in (('a', lambda topic: topic == 'joint_states'),
                       ('b', lambda topic: topic != 'joint_states')):
        own = [replace(topic, resolved=f'/cell/{topic.name}') for topic in bags.topics(CONTRACT)
               if mine(topic.name)]
        info = EpisodeInfo(CONTRACT, CONTRACT.task, 'anna', 'success', drops={name: 2},
                           topics={topic.name: topic.resolved for topic in own})
        writer = EpisodeWriter(tmp_path / name, own, info, Limits(queue_bytes=1 << 40))
        for event in script.events():
            assert not mine(event.topic) or writer.write(event.topic, event.log_ns, event.data)
        writer.close(info)
        found.append(tmp_path / name)
    convert(found, tmp_path / 'out', joined_s=1.0)
    episode, = Dataset(tmp_path / 'out').episodes
    assert (episode['drops'], episode['outcome'], episode['length'] > 25) == (4, 'success', True)
