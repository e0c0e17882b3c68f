"""A headset as a device: the page's messages, judged one by one, in place of the socket."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.bi_device import BiDevice
from il_ros.teleop.device import Capture
from il_ros.teleop.devices import load_settings, open_device
from il_ros.teleop.inputs import Heard, LONGEST_NS, Pad
from il_ros.teleop.pedal import open_box, PedalSettings, WithPedal
from il_ros.teleop.xr.device import open_xr, XrHand
from il_ros.teleop.xr.frames import A, B, SQUEEZE, STICK, TRIGGER
from il_ros.teleop.xr.settings import XrSettings
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, PAIR, RelativeConformance, STATE
from teleop.xr.page_messages import Headset

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
GRIPPER = CONTRACT.arms[0].gripper
TICK_NS = CONTRACT.period_ns
TWO = Contract.load('sim_two_arms')


class OfHeadset(RelativeConformance):
    # A hand that moves while the person engages goes on from where it is: it has no rest.
    test_what_is_deflected_when_engaging_moves_nothing_until_it_was_at_rest = None
    test_engaging_anew_wants_rest_anew = None
    names = ('right',)

    def begin(self):
        self.headset, self.velocity = Headset(self.names), 0.0
        return self.headset

    def engage(self, device):
        self.let_go(device)
        self.read(device)
        self.squeeze(1)

    def let_go(self, device):
        self.squeeze(0)

    def squeeze(self, value):
        for name in self.names:
            self.headset.press(SQUEEZE, value, name)

    def deflect(self, device, on):
        self.velocity = 0.01 if on else 0.0

    def pictures(self):
        """Let one control period go by in the headset."""
        for _ in range(3):
            for hand in self.headset.hands.values():
                hand['position'][0] += self.velocity / 3
            self.headset.wait(TICK_NS // 3)
            self.headset.send()

    def read(self, device, mode=Mode.TELEOP, state=None, **more):
        self.pictures()
        return device.read(self.context(mode, state, **more))

    def intent(self, device, **more):
        """Read without another picture."""
        return device.read(self.context(**more))

    def driving(self, device, state=None):
        self.let_go(device)
        self.read(device, state=state)
        self.squeeze(1)
        assert self.read(device, state=state).engaged

    def wants_a_new_squeeze(self, device):
        """Tell whether it is let go, stays so while it is held, and drives once squeezed anew."""
        held = [self.read(device) for _ in range(5)]
        assert not any(intent and intent.engaged for intent in held), 'still held'
        self.driving(device)
        return True


class TestXrHand(OfHeadset):
    @pytest.fixture
    def device(self):
        headset = self.begin()
        device = XrHand(CONTRACT, CONTRACT.arms[0], 'right', XrSettings(), headset, robots=2,
                        clock=lambda: headset.now_ns)
        self.read(device)
        return device

    def test_the_tool_goes_with_the_hand_as_the_robot_sees_it(self, device):
        self.driving(device)
        state = STATE
        for _ in range(40):
            position = self.headset.hands['right']['position']
            position[0] -= 0.001       # to the left: the robot's y
            position[1] += 0.0005      # up
            position[2] -= 0.0015      # ahead: the robot's x
            state = self.read(device, state=state).positions
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        np.testing.assert_allclose(moved, [0.06, 0.04, 0.02], atol=0.012)

    def test_the_hand_may_be_put_back_while_the_squeeze_is_let_go(self, device):
        state = STATE
        for _ in range(2):
            self.driving(device, state)
            for _ in range(10):
                self.headset.hands['right']['position'][2] -= 0.003
                state = self.read(device, state=state).positions
            self.let_go(device)
            assert not self.read(device, state=state).engaged
            self.headset.hands['right']['position'][2] += 0.03
            self.read(device, state=state)
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        assert 0.04 < moved[0] < 0.065

    def test_the_trigger_is_the_gripper(self, device):
        self.driving(device)
        shares = [0.0, 0.3, 0.7, 1.0, 0.5]
        told = []
        for share in shares:
            self.headset.press(TRIGGER, share)
            told.append(self.read(device).positions[-1])
        np.testing.assert_allclose(
            told, [GRIPPER.open + share * (GRIPPER.closed - GRIPPER.open) for share in shares])

    def test_what_the_gripper_holds_stays_until_the_trigger_takes_it_up(self, device):
        state = STATE.copy()
        state[-1] = GRIPPER.open + 0.6 * (GRIPPER.closed - GRIPPER.open)
        self.let_go(device)
        self.read(device, state=state)
        self.squeeze(1)
        for share, told in [(0.0, 1.0), (0.5, 1.0), (0.95, 0.95), (0.2, 0.2)]:
            self.headset.press(TRIGGER, share)
            positions = self.read(device, state=state).positions
            assert positions[-1] == pytest.approx(
                GRIPPER.open + told * (GRIPPER.closed - GRIPPER.open)), share

    @pytest.mark.parametrize('button, hand, found', [
        (A, 'right', [Capture.START, Capture.SUCCESS, Capture.START]),
        (A, 'left', [Capture.FAILURE]), (B, 'left', [Capture.DISCARD])])
    def test_buttons_tell_the_recorder(self, device, button, hand, found):
        self.headset.hands.setdefault('left', dict(self.headset.hands['right'],
                                                   buttons=[0] * 6))
        self.read(device)
        for capture in found:
            self.headset.press(button, 1, hand)
            assert self.read(device).capture is capture
            assert self.read(device).capture is None, 'held'
            self.headset.press(button, 0, hand)
            self.read(device)

    def test_a_press_between_two_readings_counts(self, device):
        for value in (1, 0):
            self.headset.press(B, value)
            self.headset.go()
        assert self.read(device).request is Request.PAUSE

    def test_pausing_lets_go(self, device):
        self.driving(device)
        self.headset.press(B, 1)
        intent = self.read(device)
        assert not intent.engaged and intent.request is Request.PAUSE
        assert self.wants_a_new_squeeze(device)

    def test_pausing_works_while_the_hand_is_not_seen(self, device):
        self.headset.hands['right']['emulated'] = True
        assert self.read(device) is None
        self.headset.press(B, 1)
        assert self.read(device).request is Request.PAUSE
        assert self.read(device) is None

    def test_a_stick_chooses_another_robot(self, device):
        self.driving(device)
        self.headset.press(STICK, 1)
        intent = self.read(device)
        assert intent.switch and not intent.engaged
        assert self.wants_a_new_squeeze(device)

    def test_a_pedal_is_the_dead_man_switch(self, device):
        assert not self.read(device, dead_man=False).engaged
        assert self.read(device, dead_man=True).engaged
        self.squeeze(1)
        assert not self.read(device, dead_man=False).engaged
        self.squeeze(0)
        gripper = [self.read(device, dead_man=True, grip=grip).positions[-1]
                   for grip in (False, True, False, True)]
        assert gripper == [GRIPPER.open, GRIPPER.closed, GRIPPER.closed, GRIPPER.open]

    @pytest.mark.parametrize('happens, why', [
        (lambda h: h.go(visibility='visible-blurred'),
         'the headset shows something else, or was taken off'),
        (lambda h: h.go(visibility='hidden'),
         'the headset shows something else, or was taken off'),
        (lambda h: h.push('{"seq": 99, "t": 0.5, "lost": "reset"}'), 'the view was reset'),
        (lambda h: h.go(lost='end', hands=None), 'the session ended'),
        (lambda h: h.go(lost='hidden'), 'the page went to the background'),
        (lambda h: h.go(hands={}), 'not in view, its place is a guess'),
        (lambda h: h.go(hands={'right': {**h.hands['right'], 'position': None}}),
         'not in view, its place is a guess'),
        (lambda h: h.go(hands={'right': {**h.hands['right'], 'emulated': True}}),
         'not in view, its place is a guess'),
        (lambda h: h.go(hands={'right': {**h.hands['right'], 'position': [1.3, 1.0, -0.4]}}),
         'it went 100.0 m/s'),
        (lambda h: h.go(hands={'right': {**h.hands['right'], 'quaternion': [0, 1, 0, 0]}}),
         'it turned 314 rad/s'),
        (lambda h: (setattr(h, 'seq', h.seq - 1), h.go()), 'message 10 came after 10'),
        (lambda h: (h.wait(200_000_000), h.send()), 'silent for 200 ms'),
        (lambda h: (h.tracking.closed(), h.tracking.opened()), 'a new page was opened'),
    ], ids=['blurred', 'hidden', 'reset', 'end', 'background', 'no hand', 'no pose', 'emulated',
            'leap', 'turn', 'replay', 'gap', 'other page'])
    def test_lets_go_although_the_next_picture_is_fine(self, device, happens, why):
        self.driving(device)
        assert self.headset.seq == 10 or why != 'message 10 came after 10'
        happens(self.headset)
        self.headset.seq = max(self.headset.seq, 99)
        self.headset.go()
        intent = self.intent(device)
        assert intent is None or not intent.engaged
        assert device.notice == f'xr: right hand: {why}: let go; squeeze anew'
        assert self.wants_a_new_squeeze(device)

    def test_silence_gives_nothing_and_no_last_pose(self, device):
        self.driving(device)
        self.headset.wait(LONGEST_NS)
        assert self.intent(device).engaged
        self.headset.wait(1)
        assert self.intent(device) is None
        assert device.notice == ('xr: right hand: nothing comes any more: out of reach, or the '
                                 'headset was taken off: let go; squeeze anew')
        assert self.wants_a_new_squeeze(device)

    def test_late_pictures_count_for_nothing(self, device):
        self.driving(device)
        for _ in range(12):
            self.headset.wait()
            text = self.headset.message()
            self.headset.push(text, LONGEST_NS + 10_000_000)
        self.headset.wait(LONGEST_NS + 10_000_000)
        assert self.intent(device) is None
        assert 'it came 110 ms late' in self.headset.said.note

    def test_the_page_is_asked_for_where_none_is_open(self, device):
        self.driving(device)
        self.headset.tracking.closed()
        assert self.read_nothing(device) == 'xr: no page is open'
        self.headset.tracking.opened()
        assert self.read_nothing(device) == 'xr: the page is open: press its button'

    def read_nothing(self, device):
        assert self.intent(device) is None
        return device.notice

    def test_what_is_held_while_the_page_opens_is_no_press(self, device):
        self.headset.tracking.closed()
        self.headset.tracking.opened()
        self.headset.press(A, 1)
        self.squeeze(1)
        for _ in range(3):
            intent = self.read(device)
            assert not intent.engaged and intent.capture is None
        self.headset.press(A, 0)
        self.read(device)
        self.headset.press(A, 1)
        assert self.read(device).capture is Capture.START

    def test_a_request_for_help_is_felt_once(self, device):
        self.read(device, help='policy: it hesitates')
        self.read(device, help='policy: it hesitates')
        pulses = [message for message in self.headset.told if 'pulse' in message]
        assert pulses == [{'pulse': {'hand': 'right', 'strength': 0.7, 'ms': 300},
                           'say': 'help: policy: it hesitates'}]
        self.read(device, asking=('left_cell',))
        assert self.headset.told[-1]['say'] == 'help: left_cell'

    def test_the_page_is_told_who_drives(self, device):
        self.driving(device)
        self.let_go(device)
        self.read(device)
        assert [m['drives'] for m in self.headset.told if 'drives' in m] == [True, False]

    def test_a_message_that_is_none_is_dropped_with_a_line(self, device):
        self.driving(device)
        self.headset.push('{"seq": 1e999}')
        assert self.read(device).engaged
        assert device.notice == ('xr: a message was dropped, 1 so far: seq: expected a number '
                                 'from 0')
        bad = {'right': {**self.headset.hands['right'], 'quaternion': [0, 0, 0, 2]}}
        self.headset.go(hands=bad)
        assert self.intent(device).engaged
        assert device.notice == 'xr: right: the norm of a quaternion is 2: dropped, 1 so far'


class TestXrOfTwoArms(OfHeadset):
    contract, state, names = TWO, np.array(TWO.start), ('left', 'right')

    @pytest.fixture
    def device(self):
        headset = self.begin()
        arms = TWO.arms[:2]
        left, right = (XrHand(TWO, arm, hand, XrSettings(), headset, (hand,),
                              clock=lambda: headset.now_ns)
                       for arm, hand in zip(arms, self.names, strict=True))
        device = BiDevice(TWO, left, right, tuple(arm.name for arm in arms))
        self.read(device)
        return device

    def test_each_hand_moves_its_arm(self, device):
        self.driving(device)
        before = self.read(device).positions
        for _ in range(10):
            self.headset.hands['left']['position'][2] -= 0.004
            told = self.read(device).positions
        left, right = (TWO.indices(arm.joints) for arm in TWO.arms)
        assert np.abs(told - before)[left].max() > 0.01
        np.testing.assert_allclose(told[right], before[right], atol=1e-6)

    def test_one_hand_drives_without_the_other(self, device):
        self.let_go(device)
        del self.headset.hands['right']
        self.read(device)
        self.headset.press(SQUEEZE, 1, 'left')
        assert self.read(device).engaged

    def test_a_hand_that_is_lost_while_both_drive_lets_go_of_both(self, device):
        self.driving(device)
        hidden = self.headset.hands.pop('right')
        assert self.read(device) is None
        self.headset.hands['right'] = hidden
        assert self.wants_a_new_squeeze(device)


class TestXrWithPedal(OfHeadset):
    """The pedal's Joy engages, the headset leads."""

    @pytest.fixture
    def device(self):
        headset = self.begin()
        self.pedal = 0
        hand = XrHand(CONTRACT, CONTRACT.arms[0], 'right', XrSettings(), headset,
                      clock=lambda: headset.now_ns)
        settings = PedalSettings()
        return WithPedal(hand, open_box(settings), settings.buttons)

    def squeeze(self, value):
        self.pedal = value

    def context(self, mode=Mode.TELEOP, state=None, **more):
        context = super().context(mode, state, **more)
        return replace(context, heard={'pedal': Heard(Pad((), (self.pedal,)), 0,
                                                      context.now_ns)})


@pytest.mark.parametrize('contract, parts', [(PAIR, ()), (CONTRACT, ('base',))])
def test_a_robot_that_no_hand_can_lead_is_refused(contract, parts):
    with pytest.raises(ConfigError, match="xr: the contract of '.*' needs a URDF, and an arm"):
        open_xr(contract, XrSettings(), parts)


def test_settings():
    assert load_settings(XrSettings, 'xr') == XrSettings()
    with pytest.raises(ConfigError, match='tls: expected true, since whoever listens on the way'):
        XrSettings(listen='0.0.0.0', tls=False)
    with pytest.raises(ConfigError, match="hand: expected one of left, right, got 'both'"):
        XrSettings(hand='both')
    with pytest.raises(ConfigError, match='scale: expected 0.1 to 2, got 3'):
        XrSettings(scale=3.0)
    with pytest.raises(ConfigError, match=r"device 'xr\+xr': one page has both hands; say xr"):
        open_device('xr+xr', TWO)
