"""One gamepad or keyboard before several robots; real devices, no ROS."""
import os

from il_ros.errors import ConfigError
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.devices import open_device
from il_ros.teleop.inputs import Heard, Pad
from il_ros.teleop.keyboard import Keyboard
from il_ros.teleop.station import Station
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, ENVIRONMENT, PAIR, PAIR_STATE, STATE
from teleop.test_gamepad import LB, LEFT, RB, RIGHT
from teleop.test_keyboard import Keys

NAMES = ('a', 'b', 'c')


class Robots:
    """Two single arms and a robot of two arms and a base before one operator."""

    now_ns = 10**9
    states = {'a': STATE, 'b': STATE, 'c': PAIR_STATE}
    contracts = {'a': CONTRACT, 'b': CONTRACT, 'c': PAIR}

    def __init__(self):
        self.help = dict.fromkeys(NAMES, '')
        self.unseen = set()
        self.engaged = []   # at each reading, who obeys

    def read(self, pad=None):
        self.now_ns += CONTRACT.period_ns
        told = self.station.read({name: DeviceContext(
            self.states[name], ENVIRONMENT, self.now_ns, Mode.AUTONOMOUS,
            {'joy': Heard(pad, 0, self.now_ns)} if pad else {}, self.help[name], robot=name,
            velocities=self.contracts[name].is_velocity) for name in NAMES}, self.unseen)
        self.engaged.append([name for name, intent in told.items() if intent.engaged])
        assert len(self.engaged[-1]) <= 1, 'never two'
        return told


class Pads(Robots):
    def __init__(self):
        super().__init__()
        self.station = Station({name: open_device('gamepad', contract, robots=3)
                                for name, contract in self.contracts.items()})
        self.held, self.axes = set(), [0.0] * 6
        self.tell()

    def tell(self, *buttons):
        """Read with these buttons besides those that are held, then without them."""
        told = self.read(self.pad(self.held | set(buttons)))
        if buttons:
            self.read(self.pad(self.held))
        return told

    def pad(self, held):
        return Pad(tuple(self.axes), tuple(int(b in held) for b in range(21)))

    def engage(self):
        self.held.discard(RB)
        self.tell()
        self.held.add(RB)
        return self.tell()


@pytest.fixture
def pads():
    return Pads()


def test_only_the_driven_robot_obeys_and_the_others_are_told_that_nobody_drives(pads):
    told = pads.engage()
    assert {name: intent.engaged for name, intent in told.items()} == {
        'a': True, 'b': False, 'c': False}
    assert told['c'].positions.tolist() == PAIR_STATE.tolist()
    pads.axes[1] = 1.0
    for _ in range(20):
        told = pads.tell()
        assert (told['b'].positions == STATE).all()
        assert told['b'].request is told['c'].request is Request.NONE


def test_going_to_another_robot_lets_go_and_drives_it_only_once_engaged_anew(pads):
    pads.engage()
    told = pads.tell(LB, RIGHT)
    assert pads.station.driven == 'b'
    assert (told['a'].engaged, told['a'].request) == (False, Request.NONE)
    for _ in range(5):
        assert not any(intent.engaged for intent in pads.tell().values()), 'RB is held still'
    assert pads.engage()['b'].engaged


def test_requests_are_answered_in_the_order_of_asking(pads):
    pads.help['c'] = 'c asks'
    pads.tell()
    pads.help['b'] = 'b asks'
    pads.tell()
    pads.tell(LB, RIGHT)
    assert pads.station.driven == 'c'
    pads.tell(LB, RIGHT)
    assert pads.station.driven == 'b'
    pads.help['c'] = ''
    pads.tell()
    pads.tell(LB, RIGHT)
    assert pads.station.driven == 'c', 'nobody else asks: the next of all'
    pads.help |= {'b': '', 'a': 'a asks', 'c': 'c asks'}
    pads.tell()
    pads.help['b'] = 'b asks anew'
    pads.tell()
    pads.tell(LB, LEFT)
    assert pads.station.driven == 'a', 'b took its request back and stands last'


def test_a_button_that_is_held_at_the_change_does_not_go_on_changing(pads):
    for _ in range(5):
        pads.read(pads.pad({LB, RIGHT}))
    assert pads.station.driven == 'b'


def test_the_one_that_comes_back_counts_no_button_held_meanwhile(pads):
    pads.tell(LB, RIGHT)
    pads.held.add(1)                        # B: pause
    pads.tell(LB, RIGHT)
    told = pads.tell(LB, RIGHT)
    assert pads.station.driven == 'a'
    for _ in range(3):
        told = pads.tell()
        assert told['a'].request is Request.NONE


def test_before_a_robot_that_is_not_seen_only_the_wish_for_another_counts(pads):
    pads.unseen = {'a'}
    told = pads.engage()
    assert sorted(told) == ['b', 'c']
    pads.unseen = set()
    assert not pads.tell()['a'].engaged, 'what is held when it comes back is no wish to drive'
    pads.unseen = {'a'}
    pads.tell(LB, RIGHT)
    assert pads.station.driven == 'b'


def test_a_pad_that_falls_silent_says_nothing_to_the_driven_robot_alone(pads):
    pads.engage()
    told = pads.read()
    assert sorted(told) == ['b', 'c']


@pytest.fixture
def keys():
    keys = Keys()
    robots = Robots()
    robots.keys, terminal = keys, keys.device._terminal
    robots.station = Station({name: Keyboard(contract, terminal, robots=3)
                              for name, contract in robots.contracts.items()})
    os.read(keys.master, 8192)
    yield robots
    keys.close()


def press(robots, keys):
    os.write(robots.keys.master, keys.encode())
    return robots.read()


def shown(robots, text):
    seen = ''
    while text not in seen:
        seen += os.read(robots.keys.master, 8192).decode()
    return seen


def test_the_status_line_names_robot_and_who_asks_in_order(keys):
    keys.help['c'] = 'c asks'
    press(keys, '')
    assert 'a   autonomous  released' in shown(keys, 'o: c wants help')
    keys.help |= {'b': 'b asks', 'a': 'a asks'}
    press(keys, '')
    shown(keys, 'HELP WANTED: t   o: c, b wants help')


def test_o_lets_go_and_what_is_typed_after_it_is_meant_for_nobody(keys):
    told = press(keys, 't')
    assert (told['a'].engaged, told['a'].request) == (True, Request.TAKE_OVER)
    told = press(keys, 'ot')
    assert not any(intent.engaged for intent in told.values())
    assert {intent.request for intent in told.values()} == {Request.NONE}
    assert keys.station.driven == 'b'
    told = press(keys, 't')
    assert (told['b'].engaged, told['b'].request) == (True, Request.TAKE_OVER)
    told = press(keys, 't')
    assert (told['b'].engaged, told['b'].request) == (False, Request.HAND_BACK)


def test_keys_of_the_robot_that_is_driven_now(keys):
    press(keys, 'o')
    press(keys, 'o')
    press(keys, 'mmt')
    told = press(keys, 'w')
    assert told['c'].engaged and told['c'].positions[6] > 0
    assert np.abs(told['c'].positions[:6] - PAIR_STATE[:6]).max() == 0


def test_a_scripted_operator_serves_one_robot():
    with pytest.raises(ConfigError, match='a scripted operator drives all parts of one robot'):
        open_device('scripted', CONTRACT, robots=2)
