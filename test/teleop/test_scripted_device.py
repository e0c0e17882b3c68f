from il_ros.errors import ConfigError
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.types import Mode
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, DeviceConformance, ENVIRONMENT, STATE


class TestScriptedDevice(DeviceConformance):
    @pytest.fixture
    def device(self):
        return ScriptedDevice(CONTRACT, seed=1)

    def engage(self, device):
        device.engage = 'always'

    def let_go(self, device):
        device.engage = 'never'

    def test_without_poses_it_cannot_tell(self, device):
        assert device.read(DeviceContext(STATE, np.zeros(0), 1, Mode.TELEOP)) is None

    def test_supervised_it_takes_over_when_nothing_happens_and_says_so(self, device):
        device.engage = 'supervised'
        engaged = [self.read(device, Mode.AUTONOMOUS).engaged for _ in range(90)]
        assert not engaged[0]
        assert engaged[-1]
        assert self.read(device, Mode.CORRECTING).engaged

    def test_where_the_arm_was_stopped_it_lets_go_and_engages_anew(self, device):
        device.engage = 'always'
        told = [self.read(device, mode).engaged for mode in (
            Mode.TELEOP, Mode.TELEOP, Mode.HOLD, Mode.HOLD, Mode.TELEOP)]
        assert told == [True, True, False, False, True]

    def test_resetting_replays_the_same_hand(self, device):
        def targets():
            device.reset(7)
            return np.array([self.read(device).positions for _ in range(10)])
        self.now_ns = 0
        first = targets()
        self.now_ns = 0
        assert (targets() == first).all()

    def test_as_a_human_beside_a_rollout(self, device):
        device.engage = 'never'
        assert device.act(STATE, ENVIRONMENT, 0, False) is None
        device.engage = 'always'
        assert device.act(STATE, ENVIRONMENT, 33_000_000, False).shape == (7,)


def test_an_unknown_way_to_engage_is_refused():
    with pytest.raises(ConfigError) as error:
        ScriptedDevice(CONTRACT, engage='sometimes')
    assert str(error.value) == (
        "engage: expected one of always, supervised, never, got 'sometimes'")
