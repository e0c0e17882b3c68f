"""A pedal read from the kernel: its events through a socket, its file found in sysfs."""
from dataclasses import replace
import os
from pathlib import Path

from il_ros.errors import ConfigError
from il_ros.teleop.buttons import Buttons
from il_ros.teleop.device import Capture
from il_ros.teleop.device_files import AGAIN_NS
from il_ros.teleop.devices import open_device
from il_ros.teleop.event_keys import EVENT, EventKeys, open_keys
from il_ros.teleop.pedal import KeyBox, WithPedal
from il_ros.types import Request
import pytest
from teleop.device_conformance import CONTRACT, DeviceConformance
from teleop.plugged import Plugged
from teleop.test_gamepad import Heard, Pad

B, C, D = 48, 46, 32      # as the kernel counts the keys
BUTTONS = Buttons(dead_man=B, success=C, pause=D)


class Foot(Plugged):
    """A foot on a pedal behind a socket."""

    def say(self, *events):
        """Say events as kind, code, value, and that the report is whole."""
        self._ours.send(b''.join(EVENT.pack(0, 0, *event) for event in (*events, (0, 0, 0))))

    def press(self, code, value=1):
        self.say((4, 4, 458757), (1, code, value))     # the pedal tells its scan code first


class Desk(DeviceConformance):
    """A gamepad at rest and the pedal beside it."""

    def __init__(self):
        self.foot = Foot()
        self.device = WithPedal(open_device('gamepad', CONTRACT),
                                KeyBox(EventKeys(self.foot.files), BUTTONS), BUTTONS)
        self.read()

    def read(self):
        pad = Heard(Pad((0.0,) * 6, (0,) * 21), 0, self.now_ns + CONTRACT.period_ns)
        return self.device.read(replace(self.context(), heard={'joy': pad}))


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.device.close()


def test_it_drives_while_it_is_held(desk):
    assert not desk.read().engaged
    desk.foot.press(B)
    assert desk.read().engaged
    desk.foot.press(B, 2)     # the kernel repeats it
    assert desk.read().engaged and desk.read().engaged
    desk.foot.press(B, 0)
    assert not desk.read().engaged
    assert desk.device.notice == ''


def test_a_tap_between_two_readings_counts_once(desk):
    desk.foot.press(C)
    desk.foot.press(C, 0)
    assert desk.read().capture is Capture.SUCCESS
    assert desk.read().capture is None
    desk.foot.press(D)
    assert [desk.read().request for _ in range(3)] == [Request.PAUSE, Request.NONE, Request.NONE]


def test_held_since_before_it_was_opened_it_drives_nothing(desk):
    desk.foot.press(B, 2)
    assert not desk.read().engaged
    desk.foot.press(B, 0)
    desk.read()
    desk.foot.press(B)
    assert desk.read().engaged


def test_what_the_kernel_kept_no_more_is_not_held(desk):
    desk.foot.press(B)
    assert desk.read().engaged
    desk.foot.say((0, 3, 0), (1, B, 1))
    assert not desk.read().engaged
    desk.foot.press(B)
    assert desk.read().engaged


def test_unplugged_while_pressed_it_lets_go_and_is_found_again(desk):
    desk.foot.press(B)
    assert desk.read().engaged
    desk.foot.unplug()
    assert not desk.read().engaged
    assert desk.device.notice == ('pedal: unplugged while it was pressed: let go; plug it in and '
                                  'press it anew')
    assert not desk.read().engaged
    assert desk.device.notice == 'pedal: it is unplugged'
    desk.foot.plugged = True
    for _ in range(AGAIN_NS // CONTRACT.period_ns + 2):
        assert not desk.read().engaged
    desk.foot.press(B)
    assert desk.read().engaged


def test_half_an_event_and_other_kinds_are_of_no_concern(desk):
    desk.foot._ours.send(EVENT.pack(0, 0, 1, B, 1)[:-3])
    desk.foot.say((2, 0, 5), (1, B, 7), (17, B, 1))
    assert not desk.read().engaged and desk.device.notice == ''


def test_the_code_of_a_key_that_means_nothing_is_told(desk):
    desk.foot.press(30)
    desk.read()
    assert desk.device.notice == ('pedal: key 30 was pressed and means nothing; name it under '
                                  'buttons in its settings')
    desk.read()
    assert desk.device.notice == ''


def sysfs(folder, *devices):
    """Write what the kernel shows of input devices, each with a pipe for its file."""
    (folder / 'dev/input').mkdir(parents=True)
    for n, (name, phys) in enumerate(devices):
        at = folder / f'sys/input/event{n}/device'
        (at / 'id').mkdir(parents=True)
        (at / 'name').write_text(f'{name}\n')
        (at / 'phys').write_text(f'{phys}\n')
        (at / 'id/vendor').write_text('0c45\n')
        os.mkfifo(folder / f'dev/input/event{n}')
    return folder / 'sys', folder / 'dev'


LAPTOP = ('AT Translated Set 2 keyboard', 'isa0060/serio0/input0')
SWITCH = [('PCsensor FootSwitch Keyboard', 'usb-1/input0'),
          ('PCsensor FootSwitch Mouse', 'usb-1/input1')]


def test_it_is_found_by_name_with_all_its_files(tmp_path):
    sys_, dev = sysfs(tmp_path, LAPTOP, *SWITCH)
    keys = open_keys('footswitch', sys_, dev)
    with (dev / 'input/event1').open('wb') as board, (dev / 'input/event2').open('wb') as mouse:
        for file, code in ((board, B), (mouse, 272)):
            file.write(EVENT.pack(0, 0, 1, code, 1))
            file.flush()
        assert keys.held(0) == {B, 272}
    assert keys.held(1) is None, 'nobody holds the other ends'
    keys.close()


def test_of_a_device_all_files_are_opened_or_none(tmp_path):
    folders = sysfs(tmp_path, *SWITCH)
    (tmp_path / 'dev/input/event1').unlink()
    before = len(list(Path('/proc/self/fd').iterdir()))
    with pytest.raises(ConfigError, match='event1: No such file or directory; plug the device in'):
        open_keys('footswitch', *folders)
    assert len(list(Path('/proc/self/fd').iterdir())) == before


@pytest.mark.parametrize(('devices', 'name', 'text'), [
    ([LAPTOP], 'footswitch', "pedal: no device 'footswitch'; expected one of AT Translated Set 2 "
                             'keyboard'),
    ([], 'footswitch', 'pedal: none is plugged in'),
    ([SWITCH[0], (SWITCH[0][0], 'usb-2/input0')], 'FootSwitch',
     'pedal: expected one device, got {dev}/event0 (PCsensor FootSwitch Keyboard), {dev}/event1 '
     '(PCsensor FootSwitch Keyboard); set device in its settings to the name or the file of one')])
def test_none_or_two_of_a_name_are_refused(tmp_path, devices, name, text):
    with pytest.raises(ConfigError) as error:
        open_keys(name, *sysfs(tmp_path, *devices))
    assert str(error.value) == text.format(dev=tmp_path / 'dev/input')


def test_what_cannot_be_taken_or_is_no_device_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='/dev/null cannot be taken: .*; end the program that'):
        open_keys('/dev/null')
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigError, match='file is no device'):
        open_keys(str(tmp_path / 'file'))


def test_the_pedals_of_several_robots_are_one(tmp_path):
    os.mkfifo(tmp_path / 'pedal')
    settings = tmp_path / 'pedal.yaml'
    settings.write_text(f'device: {tmp_path}/pedal\nbuttons: {{dead_man: {B}}}\n')
    robots = [open_device('gamepad+pedal', CONTRACT, settings=f'+{settings}') for _ in range(2)]
    assert robots[0]._box._keys is robots[1]._box._keys
    for robot in robots:
        robot.close()
