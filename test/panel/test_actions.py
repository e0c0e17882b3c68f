from dataclasses import replace

from il_ros.panel.actions import ACTIONS, Asked, Budget, Desk, HOLD_NS, Kind, Refused
from il_ros.panel.seat import Seat
from il_ros.panel.state import Board, Control, GateState, Recorder
from il_ros.timing import SECOND
from il_ros.types import Mode
import pytest

PAGE, OTHER = 'a' * 32, 'b' * 32
NOW = 100 * SECOND


@pytest.fixture
def board():
    board = Board()
    board.hear_control(Control(Mode.PAUSED, 3, 'operator paused', 'operator'), NOW)
    board.hear_gate(GateState(True), ('', ''), 0, NOW)
    board.hear_recorder(Recorder(1, 'episode_0001', 3.0, 1.0, 0), NOW)
    return board


@pytest.fixture
def desk(board):
    seat = Seat()
    seat.came(PAGE, NOW)
    seat.came(OTHER, NOW)
    return Desk(board, seat)


ASKED = Asked('1', 'resume', PAGE, epoch=3, episode='episode_0001', fault=0, state_ns=0,
              held_ns=HOLD_NS, visible=True, here=True)


@pytest.mark.parametrize('name', ACTIONS)
def test_what_is_as_the_page_saw_it_is_done(desk, board, name):
    if name == 'start':
        board.hear_recorder(Recorder(0, 'episode_0001', 3.0, 1.0, 1), NOW)
    assert desk.admit(replace(ASKED, name=name), NOW) is ACTIONS[name]


@pytest.mark.parametrize('change, why', [
    ({'held_ns': SECOND // 2}, 'held for 0.5 s; hold for 0.7 s'),
    ({'held_ns': 9 * SECOND}, 'let go and hold anew'),
    ({'visible': False}, 'the page is hidden'),
    ({'blind': "camera 'wrist': its picture is 2.0 s old"}, "camera 'wrist'"),
    ({'state_ns': 2 * SECOND}, 'what the page shows is 2.0 s old'),
    ({'epoch': 2}, 'control has changed meanwhile: PAUSED, operator paused'),
    ({'fault': -1}, 'a fault came meanwhile'),
    ({'here': False}, 'on another machine'),
    ({'page': OTHER}, 'page 1 has the seat'),
    ({'page': 'c' * 32}, 'page 1 has the seat')])
@pytest.mark.parametrize('name', [n for n, a in ACTIONS.items() if a.kind is Kind.MOTION])
def test_motion_is_refused_with_the_reason(desk, name, change, why):
    with pytest.raises(Refused, match=why):
        desk.admit(replace(ASKED, name=name, **change), NOW)


def test_every_page_stops(desk):
    for name in ('pause', 'disarm'):
        desk.admit(Asked(name, name, OTHER), NOW)


def test_motion_from_another_machine_only_where_that_was_said(board):
    seat = Seat()
    seat.came(PAGE, NOW)
    Desk(board, seat, motion_from_lan=True).admit(replace(ASKED, here=False), NOW)


def test_one_action_is_done_once(desk):
    desk.admit(Asked('7', 'pause', PAGE), NOW)
    with pytest.raises(Refused, match='asked already'):
        desk.admit(Asked('7', 'pause', PAGE), NOW)


def test_a_second_y_does_not_end_the_next_episode(desk, board):
    first = replace(ASKED, name='success')
    desk.admit(first, NOW)
    with pytest.raises(Refused, match='success is under way'):
        desk.admit(replace(first, id='2'), NOW)
    desk.done(first, True)
    with pytest.raises(Refused, match='episode_0001 has ended already'):   # no status came yet
        desk.admit(replace(first, id='3'), NOW)
    board.hear_recorder(Recorder(1, 'episode_0002', 0.0, 0.0, 1), NOW)
    with pytest.raises(Refused, match='episode_0001 has ended already'):
        desk.admit(replace(first, id='4'), NOW)
    desk.admit(replace(first, id='5', episode='episode_0002'), NOW)


def test_arm_and_resume_are_not_chained(desk):
    desk.admit(replace(ASKED, name='arm'), NOW)
    with pytest.raises(Refused, match='arm is under way'):
        desk.admit(replace(ASKED, id='2'), NOW)


@pytest.mark.parametrize('name, who', [('resume', 'arbiter'), ('success', 'recorder')])
def test_who_is_silent_is_not_asked(desk, name, who):
    with pytest.raises(Refused, match=f'the {who} is not heard'):
        desk.admit(replace(ASKED, name=name), NOW + 3 * SECOND)


def test_what_is_not_listed_is_not_done(desk):
    for name in ('load', 'set_parameter', '__class__', ''):
        with pytest.raises(Refused, match='no such action'):
            desk.admit(replace(ASKED, name=name), NOW)


def test_twenty_a_second():
    budget = Budget()
    assert [budget.spend(0) for _ in range(21)] == [True] * 20 + [False]
    assert not budget.spend(SECOND - 1) and budget.spend(SECOND)
