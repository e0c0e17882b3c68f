"""A pedal beside real devices."""
from dataclasses import replace

from il_ros.config import build, parse_yaml
from il_ros.errors import ConfigError
from il_ros.teleop.buttons import Buttons
from il_ros.teleop.device import Capture
from il_ros.teleop.devices import open_device
from il_ros.teleop.inputs import Heard, Joints, JOY_SILENT_NS, Pad
from il_ros.teleop.pedal import PedalSettings
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, DeviceConformance, STATE
from teleop.test_keyboard import Keys

BUTTONS = ('dead_man: 0, gripper: 1, start: 2, success: 3, failure: 4, discard: 5, pause: 6, '
           'rewind: 7')


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / 'box.yaml'
    path.write_text(f'topic: box/joy\nbuttons: {{{BUTTONS}}}\n')
    return str(path)


class Desk(DeviceConformance):
    """A leader in the robot's pose and a box of buttons beside it."""

    def __init__(self, settings, name='leader+pedal'):
        files = '+'.join([''] * name.count('+') + [settings])
        self.device = open_device(name, CONTRACT, settings=files)
        self.held, self.buttons, self.silent_ns, self.axes = set(), 8, 0, (0.0,) * 6
        self.read()

    def read(self, *buttons, mode=Mode.TELEOP):
        context = self.context(mode)
        pressed = self.held | set(buttons)
        return self.device.read(replace(context, heard={
            'joints': Heard(Joints(tuple(CONTRACT.joint_names), STATE), 0, self.now_ns),
            'joy': Heard(Pad(self.axes, (0,) * 21), 0, self.now_ns),
            'pedal': Heard(Pad((), tuple(int(b in pressed) for b in range(self.buttons))), 0,
                           self.now_ns - self.silent_ns)}))


def test_its_dead_man_switch_is_the_devices(settings):
    desk = Desk(settings)
    assert [wanted.topic for wanted in desk.device.wants] == ['leader/joint_states', 'box/joy']
    assert (desk.device.name, desk.device.absolute) == ('leader', True)
    assert not desk.read().engaged
    desk.held = {0}
    assert desk.read().engaged and desk.read().engaged
    desk.held = set()
    assert not desk.read().engaged


@pytest.mark.parametrize(('button', 'capture', 'request_'), [
    (2, Capture.START, Request.NONE), (3, Capture.SUCCESS, Request.NONE),
    (4, Capture.FAILURE, Request.NONE), (5, Capture.DISCARD, Request.NONE),
    (6, None, Request.PAUSE), (7, None, Request.REWIND)])
def test_each_press_asks_once(settings, button, capture, request_):
    desk = Desk(settings)
    told = desk.read(button)
    assert (told.capture, told.request) == (capture, request_)
    desk.held = {button}
    again = [desk.read() for _ in range(3)]
    assert not any(t.capture for t in again[1:])
    assert {t.request for t in again[1:]} == {Request.NONE}


def test_unplugged_while_pressed_it_lets_go_and_says_so(settings):
    desk = Desk(settings)
    desk.held = {0}
    assert desk.read().engaged
    desk.silent_ns = JOY_SILENT_NS + 1
    assert not desk.read().engaged
    assert desk.device.notice == 'pedal: silent while it was pressed: let go; check its cable'
    assert not desk.read().engaged
    assert desk.device.notice == 'pedal: nothing is heard of it'
    desk.silent_ns = 0
    assert not desk.read().engaged, 'plugged in again while it is held'
    desk.held = set()
    desk.read()
    desk.held = {0}
    assert desk.read().engaged


def test_held_from_the_start_it_drives_nothing(settings):
    desk = Desk(settings)
    desk.device.reset(0)
    desk.held = {0}
    assert not desk.read().engaged and not desk.read().engaged


def test_another_box_is_refused_in_a_line(settings):
    desk = Desk(settings)
    desk.buttons = 3
    assert not desk.read().engaged
    assert desk.device.notice == 'pedal: success: button 3: there are 3, counted from 0'


def test_a_gamepad_is_driven_by_the_pedal_alone(settings):
    desk = Desk(settings, 'gamepad+pedal')
    desk.held = {0}
    assert desk.read().engaged
    told = desk.read(1)
    assert told.positions[-1] == CONTRACT.arms[0].gripper.closed
    desk.held = set()
    assert not desk.read().engaged


def test_a_keyboard_engages_while_the_pedal_is_held():
    keys, test = Keys(), Desk.__new__(Desk)
    for dead_man, engaged in ((False, False), (True, True), (True, True), (False, False)):
        told = keys.device.read(test.context(dead_man=dead_man))
        assert told.engaged == engaged
        np.testing.assert_allclose(told.positions[:6], STATE[:6], atol=1e-9)
    keys.close()


@pytest.mark.parametrize(('name', 'settings', 'text'), [
    ('pedal', '', "device 'pedal': expected one pedal beside another device, as in leader+pedal"),
    ('leader+pedal+pedal', '', 'expected one pedal beside another device'),
    ('leader', 'a+b', "settings 'a+b': expected one at most for each of 'leader'"),
    ('leader+pedal', '+none', 'no config/devices/none.yaml')])
def test_what_cannot_be_is_refused(name, settings, text):
    with pytest.raises(ConfigError) as error:
        open_device(name, CONTRACT, settings=settings)
    assert text in str(error.value)


def test_buttons_mean_one_thing_each():
    with pytest.raises(ConfigError, match='button 1 means two things'):
        Buttons(dead_man=1, start=1)
    with pytest.raises(ConfigError, match='dead_man: expected 0 to 767, got 770'):
        build(PedalSettings, parse_yaml('buttons: {dead_man: 770}', 'x.yaml'), 'x.yaml')
