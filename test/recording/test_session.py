import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.errors import RecordingError
from il_ros.recording.session import Recorder, State
from il_ros.recording.store import EpisodeStore
from il_ros.recording.writer import Limits
import numpy as np
import pytest

SCRIPT = bags.Script(bags.small_contract(), seconds=1.0, correct_s=0.5)
LIMITS = Limits(start_free_bytes=0)


@pytest.fixture
def recorder(tmp_path):
    return Recorder(SCRIPT.contract, bags.topics(SCRIPT.contract), EpisodeStore(tmp_path),
                    operator='anna', limits=LIMITS)


def play(recorder, events=None):
    """Feed events; log time also serves as steady time. Returns the last time."""
    now = 0
    for event in SCRIPT.events() if events is None else events:
        now = event.log_ns
        recorder.arrived(event.topic, event.data, now, now)
    return now


def test_records_an_episode(recorder, tmp_path):
    now = play(recorder)
    partial = recorder.start(now, now, 'test')
    assert (partial.name, recorder.state) == ('episode_0001.partial', State.RECORDING)
    play(recorder)
    closed = recorder.stop('success', reason='done')
    assert (closed.path, closed.note, recorder.closed) == (tmp_path / 'episode_0001', '', 1)
    assert recorder.state == State.IDLE
    with Bag(closed.path) as bag:
        assert (bag.info.outcome, bag.info.operator, bag.info.task) == (
            'success', 'anna', SCRIPT.contract.task)
        assert (bag.info.start_reason, bag.info.stop_reason) == ('test', 'done')
        assert bag.info.control_sources == {'human': 15, 'policy': 15}
        assert bag.info.drops == {}
        assert bag.counts['joint_states'] == 100


def test_the_mode_from_before_the_start_is_written_first(recorder):
    now = play(recorder)
    recorder.start(now, now)
    play(recorder, [e for e in SCRIPT.events() if e.topic == 'joint_states'])
    with Bag(recorder.stop().path) as bag:
        modes = [(m.log_ns, m.message.mode) for m in bag.messages({'control/mode'})]
    assert modes == [(now, bags.CORRECTING)]


def test_lost_commands_are_counted_per_episode(recorder):
    now = play(recorder)
    recorder.start(now, now)
    commands = [e for e in SCRIPT.events() if e.topic == 'control/command']
    play(recorder, [e for e in SCRIPT.events() if e not in commands[10:13]])
    with Bag(recorder.stop().path) as bag:
        assert bag.info.drops == {'control/command': 3}
        seqs = [m.message.seq for m in bag.messages({'control/command'})]
    assert sum(b - a - 1 for a, b in zip(seqs, seqs[1:], strict=False)) == 3


def test_refuses_to_start_without_a_stream(recorder, tmp_path):
    now = play(recorder, [e for e in SCRIPT.events() if e.topic != 'scene_camera/image_raw'])
    with pytest.raises(RecordingError, match='/scene_camera/image_raw: no message has come; is '
                                             'its driver running'):
        recorder.start(now, now)
    assert list(tmp_path.iterdir()) == []


def test_streams_that_no_contract_names_may_be_silent(recorder):
    now = play(recorder, [e for e in SCRIPT.events() if e.topic in SCRIPT.contract.topics])
    recorder.start(now, now)
    assert recorder.stop(keep=False).note == 'discarded'


def test_double_start_and_double_stop(recorder):
    now = play(recorder)
    recorder.start(now, now)
    with pytest.raises(RecordingError, match='episode_0001 is being recorded already; stop it'):
        recorder.start(now, now)
    play(recorder)
    assert recorder.stop().path.name == 'episode_0001'
    with pytest.raises(RecordingError, match='no episode is being recorded; start one first'):
        recorder.stop()


def test_unknown_outcome_leaves_the_episode_running(recorder):
    now = play(recorder)
    recorder.start(now, now)
    with pytest.raises(RecordingError, match="outcome 'good': expected one of success, failure, "
                                             'unlabelled'):
        recorder.stop('good')
    assert recorder.state == State.RECORDING
    recorder.stop(keep=False)


def test_discarded_episodes_are_moved_not_deleted(recorder, tmp_path):
    now = play(recorder)
    recorder.start(now, now)
    play(recorder)
    closed = recorder.stop(keep=False)
    assert closed.path == tmp_path / 'discarded/episode_0001'
    with Bag(closed.path) as bag:
        assert bag.counts['joint_states'] == 100
    assert recorder.closed == 0


def test_a_list_of_tasks_and_what_is_not_kept_comes_again(recorder):
    recorder.tasks.change('', ['pick', 'open'])

    def episode(filled=True, **how):
        now = play(recorder)
        recorder.start(now, now)
        if filled:
            play(recorder)
        return recorder.task_told, recorder.stop(**how).path
    told = [episode(keep=False), episode(filled=False), episode(), episode(outcome='failure'),
            episode()]
    assert [text for text, _ in told] == [
        'task 1 of 2: pick', 'task 1 of 2: pick', 'task 1 of 2: pick', 'task 2 of 2: open',
        'task 1 of 2: pick']
    assert [path.parent.name for _, path in told[:2]] == ['discarded', 'quarantine']
    for (_, path), task in zip(told[2:], ['pick', 'open', 'pick'], strict=True):
        with Bag(path) as bag:
            assert bag.info.task == task


def test_a_refused_start_takes_no_turn(recorder):
    recorder.tasks.change('', ['pick', 'open'])
    with pytest.raises(RecordingError):
        recorder.start(0, 0)
    assert recorder.tasks.current == 'pick'


def test_an_empty_episode_goes_to_quarantine(recorder, tmp_path):
    now = play(recorder)
    recorder.start(now, now)
    closed = recorder.stop('success')
    assert closed.path == tmp_path / 'quarantine/episode_0001'
    assert closed.note == 'quarantined: no message of joint_states was recorded'
    assert (closed.path / 'reason.txt').read_text() == 'no message of joint_states was recorded\n'


def test_a_disk_that_fills_closes_the_episode(tmp_path):
    recorder = Recorder(SCRIPT.contract, bags.topics(SCRIPT.contract), EpisodeStore(tmp_path),
                        limits=Limits(start_free_bytes=0, free_bytes=10 ** 18))
    now = play(recorder)
    recorder.start(now, now)
    while not recorder.failure:
        play(recorder, SCRIPT.events()[:20])
    closed = recorder.stop('success')
    assert closed.note.startswith('stopped early: disk full: ')
    with Bag(closed.path) as bag:
        assert bag.info.stop_reason.startswith('disk full: ')


@pytest.mark.parametrize('step_s, text', [
    (-100, 'ROS time went back by 100.0 s'), (100, 'ROS time jumped ahead by 100.0 s')])
def test_a_jump_of_ros_time_ends_the_episode(recorder, step_s, text):
    recorder.tasks.change('', ['pick', 'open'])
    now = play(recorder)
    recorder.start(now, now)
    now = play(recorder)
    late = SCRIPT.events()[-1]
    for _ in range(3):
        recorder.arrived(late.topic, late.data, now + step_s * 10**9, now + 10**7)
    assert (recorder.failure, recorder.jump) == (text, text)
    with Bag(recorder.stop('success').path) as bag:
        assert bag.info.stop_reason == text
        assert bag.end_ns == now + 1
    now = play(recorder)
    recorder.start(now, now)
    assert (recorder.failure, recorder.task_told) == ('', 'task 1 of 2: pick')
    recorder.stop(keep=False)


def test_a_pause_and_a_fast_simulation_are_no_jump(recorder):
    now = play(recorder)
    recorder.start(now, now)
    event, steady = SCRIPT.events()[-1], now
    for ros_ns, steady_ns in ((0, 5 * 10**9), (5 * 10**9, 10**9), (9 * 10**9, 10**9),
                              (-10**8, 0), (10**9, 0)):
        now, steady = now + ros_ns, steady + steady_ns
        recorder.arrived(event.topic, event.data, now, steady)
        assert recorder.failure == ''
    recorder.stop(keep=False)


def test_refuses_below_the_least_free_space(tmp_path):
    recorder = Recorder(SCRIPT.contract, bags.topics(SCRIPT.contract), EpisodeStore(tmp_path),
                        limits=Limits(start_free_bytes=10 ** 18))
    now = play(recorder)
    with pytest.raises(RecordingError, match='GB free, expected at least'):
        recorder.start(now, now)


def test_status_shows_rate_and_drops(recorder):
    now = play(recorder)
    health = recorder.check(now)
    assert round(health['joint_states'].rate_hz) == 100
    assert health['teleop/command'].problem == ''
    assert np.isinf(health['teleop/command'].age_s)
    recorder.start(now, now)
    assert recorder.duration_ns == 0
    play(recorder, [e for e in SCRIPT.events() if e.topic == 'joint_states'])
    assert recorder.taken_bytes > 0
    recorder.stop(keep=False)
