import json

from il_ros.intervention.help import HelpRequest
from il_ros.panel.lost import Lost
from il_ros.panel.seat import Seat
from il_ros.panel.state import Board, Control, GateState, Recorder, StreamState
from il_ros.timing import SECOND
from il_ros.types import Mode

PAGE = 'a' * 32
RETURNS = 'operator resumed; waiting for the policy to see the present state'


def control(mode, epoch=1, reason='because'):
    return Control(mode, epoch, reason, 'operator')


def test_what_was_never_heard_is_not_made_up():
    state = Board().snapshot(SECOND)
    assert state['mode'] is state['gate'] is state['rec'] is state['help'] is None
    json.dumps(state)


def test_who_falls_silent_is_a_fault_until_heard_again():
    board = Board()
    board.hear_gate(GateState(True), ('', ''), 0, SECOND)
    board.look(4 * SECOND)
    fault, = board.snapshot(4 * SECOND)['faults']
    assert (fault['source'], fault['rule']) == ('gate', 'silent') and fault['cure']
    assert not board.snapshot(4 * SECOND)['gate']['fresh']
    board.hear_gate(GateState(True), ('', ''), 0, 5 * SECOND)
    assert board.snapshot(5 * SECOND)['faults'] == []
    assert [f['rule'] for f in board.faults.listed()] == ['silent']


def test_a_fault_of_the_gate_stands_until_it_is_armed_and_the_arbiter_adds_none():
    board = Board()
    board.hear_gate(GateState(True, 'watchdog', 'no accepted command for 120 ms'), ('', ''), 0, 1)
    board.hear_control(control(Mode.HOLD, 2, 'the gate holds: watchdog'), 1)
    fault, = board.snapshot(1)['faults']
    assert fault['rule'] == 'watchdog' and 'No command came' in fault['meaning']
    board.hear_gate(GateState(True), ('', ''), 0, 2)
    board.hear_control(control(Mode.PAUSED, 3), 2)
    assert board.snapshot(2)['faults'] == [] and len(board.faults.listed()) == 1


def test_refusals_are_listed_once_each_five_seconds():
    board = Board()
    for number, second in enumerate((0, 1, 2, 3, 9, 10)):
        board.hear_gate(GateState(True), ('collision', 'the arm would touch'), number,
                        second * SECOND)
    assert [fault['rule'] for fault in board.faults.listed()] == ['collision'] * 2


def test_fifty_faults_are_kept():
    board = Board()
    for number in range(80):
        board.faults.gate('clock', str(number))
    kept = board.faults.listed()
    assert len(kept) == 50 and kept[0]['detail'] == '79' and board.faults.newest == 80


def test_help_with_the_time_left_and_gone_when_answered():
    board = Board()
    board.answer_s = 10.0
    board.hear_control(control(Mode.AUTONOMOUS), SECOND)
    board.hear_help(HelpRequest('help_gate', True, 'doubt', 3.0, 2.0), 5 * SECOND)
    told = board.snapshot(9 * SECOND)['help']
    assert told == {'text': 'help_gate asks for help: doubt (3, threshold 2)', 'left_s': 6.0,
                    'of_s': 10.0}
    board.hear_control(control(Mode.CORRECTING, 2), 9 * SECOND)
    assert board.snapshot(9 * SECOND)['help'] is None
    board.hear_help(HelpRequest('help_gate', False), 10 * SECOND)
    board.hear_control(control(Mode.AUTONOMOUS, 3), 11 * SECOND)
    assert board.snapshot(11 * SECOND)['help'] is None


def test_an_episode_runs_on_between_two_words_of_the_recorder():
    board = Board()
    board.hear_recorder(Recorder(1, 'episode_0001', 3.0, 1.0, 0,
                                 [StreamState('joint_states', 99.0, float('inf'), 0, '')]), SECOND)
    assert board.snapshot(SECOND + SECOND // 2)['rec']['s'] == 3.5
    json.loads(json.dumps(board.streams()), parse_constant=lambda text: 1 / 0)


def lost(mode, reason='because', epoch=2, second=3):
    seat, watch = Seat(), Lost(2.0)
    seat.came(PAGE, 0)
    watch.done('resume', PAGE, 1)
    return watch.look(control(mode, epoch, reason), seat, second * SECOND)


def test_the_policy_is_paused_when_its_page_is_lost_and_a_device_is_not():
    assert lost(Mode.AUTONOMOUS)
    assert lost(Mode.PAUSED, RETURNS)
    assert not lost(Mode.AUTONOMOUS, second=2)
    for mode in (Mode.CORRECTING, Mode.ALIGNING, Mode.TELEOP, Mode.PAUSED, Mode.HOLD):
        assert not lost(mode)


def test_a_page_is_responsible_until_the_arm_is_paused():
    seat, watch = Seat(), Lost(2.0)
    seat.came(PAGE, 0)
    watch.done('resume', PAGE, 1)
    assert not watch.look(control(Mode.PAUSED, 1), seat, 0)      # from before it resumed
    assert not watch.look(control(Mode.AUTONOMOUS, 2), seat, 0)
    assert not watch.look(control(Mode.CORRECTING, 3), seat, 9 * SECOND)
    assert watch.look(control(Mode.AUTONOMOUS, 4), seat, 9 * SECOND)
    assert not watch.look(control(Mode.AUTONOMOUS, 4), seat, 9 * SECOND + 1)   # asked just now
    assert watch.look(control(Mode.AUTONOMOUS, 4), seat, 10 * SECOND)
    assert not watch.look(control(Mode.PAUSED, 5), seat, 10 * SECOND)
    assert not watch.look(control(Mode.AUTONOMOUS, 6), seat, 20 * SECOND)      # another's


def test_with_zero_it_is_never_paused():
    seat, watch = Seat(), Lost(0.0)
    seat.came(PAGE, 0)
    watch.done('resume', PAGE, 1)
    assert not watch.look(control(Mode.AUTONOMOUS, 2), seat, 100 * SECOND)
