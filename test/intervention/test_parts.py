"""A person corrects one arm of two, and the policy goes on with the other."""
from il_ros.contract import Contract
from il_ros.errors import MessageError
from il_ros.intervention.corrections import CorrectionLog
from il_ros.intervention.handover import HANDOVERS
from il_ros.intervention.shares import Shares
from il_ros.types import ControlSource, Mode, Request
from intervention.pair import autonomous, Cell, CONTRACT, LEFT, NAMES, PARTS, RIGHT, STEP, wanted
import numpy as np
import pytest

POLICY, HUMAN, HOLD, ARBITER = ControlSource
CORRECTING, PAUSED, ALIGNING, AUTONOMOUS = (Mode.CORRECTING, Mode.PAUSED, Mode.ALIGNING,
                                            Mode.AUTONOMOUS)
BOTH = LEFT | RIGHT
TOOK = 'leader engaged; the policy goes on with right'


def of(step, columns):
    """Return whose these joints are."""
    sources = np.full(len(columns), step.source) if step.sources is None else step.sources
    return {ControlSource(source) for source in sources[columns].tolist()}


def test_a_person_takes_one_arm_and_the_policy_goes_on_with_the_other():
    cell = autonomous()
    epoch = cell.arbiter.control.state.epoch
    there = cell.measured + 0.01
    step, _ = cell.tick((True, LEFT, there))
    assert cell.changes() == [(CORRECTING, TOOK)]
    assert cell.arbiter.control.state.epoch == epoch, 'the chunk goes on'
    assert step.source is HUMAN and of(step, LEFT) == {HUMAN} and of(step, RIGHT) == {POLICY}
    np.testing.assert_array_equal(step.positions[LEFT], there[LEFT])
    np.testing.assert_array_equal(step.positions[RIGHT], wanted(cell.ticks)[RIGHT])
    np.testing.assert_array_equal(np.isnan(step.human), RIGHT)
    np.testing.assert_array_equal(step.policy, wanted(cell.ticks))


@pytest.mark.parametrize('style', HANDOVERS)
@pytest.mark.parametrize('arm', PARTS)
def test_the_other_arm_does_what_the_policy_alone_would_do(style, arm):
    rng = np.random.default_rng([len(style), len(arm)])
    mine, other = PARTS[arm], BOTH & ~PARTS[arm]
    for _ in range(15):
        cell, alone = autonomous(handover=style), autonomous()
        device = cell.measured + rng.uniform(-1, 1, 14) * rng.choice([0.01, 0.3])
        worst, before = 0.0, cell.measured
        for tick in range(int(rng.integers(30, 60))):
            device = np.clip(device + rng.uniform(-2, 2, 14) * STEP * rng.choice([1, 1, 1, 20]),
                             CONTRACT.lower, CONTRACT.upper)
            engaged = tick >= 10
            step, decision = cell.tick((engaged, mine, device))
            _, undisturbed = alone.tick()
            if engaged:
                assert of(step, other) == {POLICY} and of(step, mine) != {POLICY}
                assert tick > 10 or cell.mode in (CORRECTING, ALIGNING), 'within the tick'
            np.testing.assert_array_equal(decision.sent[other], undisturbed.sent[other])
            worst = max(worst, (np.abs(decision.sent - before) / STEP).max())
            before = decision.sent
        assert worst <= 1 + 1e-9
        for _ in range(20):     # hand back: all of the robot, by a chunk of a new epoch
            cell.tick((False, mine, cell.measured))
            assert (np.abs(cell.measured - before) <= STEP + 1e-9).all()
            before = cell.measured
        assert cell.mode is AUTONOMOUS


def test_both_return_to_the_policy_together():
    cell = autonomous()
    cell.run(3, True, LEFT, cell.measured)
    cell.changes()
    step, _ = cell.tick((False, LEFT, cell.measured))
    assert of(step, LEFT) == {HOLD} and of(step, RIGHT) == {POLICY}, 'until it is no flapping'
    cell.run(6, False, LEFT, cell.measured)
    assert [mode for mode, _ in cell.changes()] == [PAUSED, AUTONOMOUS]
    step, _ = cell.tick()
    assert step.sources is None and step.source is POLICY


def test_who_engages_again_while_the_policy_returns_takes_one_arm_again():
    cell = autonomous()
    cell.run(3, True, LEFT, cell.measured)
    while cell.mode is CORRECTING:
        cell.speaks = False     # it takes its time
        cell.tick((False, LEFT, cell.measured))
    here = cell.measured.copy()
    step, _ = cell.run(3, True, LEFT, here)
    assert cell.mode is CORRECTING and of(step, RIGHT) == {HOLD}
    assert cell.changes()[-1][1] == TOOK
    cell.speaks = True
    step, _ = cell.run(2, True, LEFT, here)
    assert of(step, LEFT) == {HUMAN} and of(step, RIGHT) == {POLICY}


def test_what_a_person_took_stays_theirs_until_the_hand_back():
    cell = autonomous()
    cell.run(3, True, LEFT, cell.measured)
    here = cell.measured.copy()
    step, _ = cell.run(3, True, BOTH, here)
    assert step.sources is None and step.source is HUMAN, 'the second hand joins'
    assert cell.changes() == [(CORRECTING, TOOK)], 'one correction'
    for _ in range(20):     # the first hand lets go of its arm alone
        step, _ = cell.tick((True, RIGHT, here))
    assert step.sources is None and step.source is HUMAN
    np.testing.assert_allclose(step.positions[LEFT], here[LEFT], atol=1e-3)
    np.testing.assert_array_equal(np.isnan(step.human), LEFT)


def test_a_second_hand_that_is_elsewhere_comes_as_the_style_says():
    cell = autonomous()
    cell.run(3, True, LEFT, cell.measured)
    there = cell.measured.copy()
    there[7] += 0.4
    step, _ = cell.tick((True, BOTH, there))
    assert cell.mode is ALIGNING and step.source is ARBITER
    assert 'right_shoulder_pan is 0.40 away' in cell.changes()[-1][1]
    for _ in range(60):
        step, _ = cell.tick((True, BOTH, there))
    assert cell.mode is CORRECTING and step.source is HUMAN


def test_a_policy_that_falls_silent_leaves_the_other_arm_held():
    cell = autonomous()
    here = cell.measured.copy()
    cell.run(3, True, LEFT, here)
    cell.changes()
    cell.speaks = False
    step, _ = cell.run(10, True, LEFT, here)
    assert cell.changes() == [(CORRECTING, f'{TOOK}; the chunk of the policy has run out: right '
                               'held until the hand-back')]
    assert of(step, LEFT) == {HUMAN} and of(step, RIGHT) == {HOLD}
    cell.speaks = True
    held = step.positions[RIGHT]
    step, _ = cell.run(10, True, LEFT, here)
    np.testing.assert_array_equal(step.positions[RIGHT], held)
    cell.run(7, False, LEFT, here)
    assert cell.mode is AUTONOMOUS


def test_a_device_that_falls_silent_holds_both():
    cell = autonomous()
    cell.run(3, True, LEFT, cell.measured)
    cell.changes()
    step, _ = cell.run(5)
    assert cell.mode is Mode.HOLD and of(step, BOTH) == {HOLD}
    assert cell.changes()[0][1].startswith('leader silent for ')


def test_where_the_policy_does_not_drive_the_other_arm_is_held():
    cell = autonomous()
    cell.arbiter.pause(cell.now)
    here = cell.measured.copy()
    step, _ = cell.run(3, True, LEFT, here)
    assert cell.mode is CORRECTING
    assert of(step, LEFT) == {HUMAN} and of(step, RIGHT) == {HOLD}
    demonstrates = Cell(Mode.TELEOP)
    step, _ = demonstrates.run(3, True, LEFT, demonstrates.measured)
    assert step.source is HUMAN and step.sources is None


def test_moving_a_leader_of_one_arm_takes_that_arm():
    cell = autonomous(take_over_motion=0.05)
    here = cell.measured.copy()
    cell.run(3, False, LEFT, here)
    here[0] += 0.5
    step, _ = cell.tick((False, LEFT, here))
    assert of(step, LEFT) == {ARBITER} and of(step, RIGHT) == {POLICY}
    cell.tick((False, LEFT, here, Request.HAND_BACK))
    cell.run(5, False, LEFT, here)
    assert cell.mode is AUTONOMOUS


def test_rewinding_and_pausing_stop_both():
    for request, mode in ((Request.PAUSE, PAUSED), (Request.REWIND, ALIGNING)):
        cell = autonomous()
        cell.run(3, True, LEFT, cell.measured)
        step, _ = cell.tick((True, LEFT, cell.measured, request))
        assert cell.mode is mode and step.sources is None


def test_the_leader_of_the_other_arm_follows_it():
    cell = autonomous(handover='leader')
    step, _ = cell.run(3, True, LEFT, cell.measured)
    np.testing.assert_array_equal(np.isnan(step.leader), LEFT)
    np.testing.assert_array_equal(step.leader[RIGHT], step.state[RIGHT])


def test_one_correction_whatever_is_told_meanwhile():
    cell, log = autonomous(), CorrectionLog()
    here = cell.measured.copy()
    for tick in range(30):
        cell.speaks = tick < 10
        step, _ = cell.tick((tick < 20, LEFT, here))
        for change in cell.arbiter.control.changes:
            closed = log.change(change, cell.now.ros_ns)
            assert closed is None or (tick > 20 and len(closed.human) == 20)
        cell.arbiter.control.changes.clear()
        log.add(step, cell.now.ros_ns)


@pytest.mark.parametrize('names, text', [
    (NAMES[:6], "leader: missing joint 'left_gripper'; expected all joints of a part or none of "
                "them, and some of 'left' are there"),
    ([], "leader: missing joint 'left_shoulder_pan'; expected "),
    ([*NAMES[:7], 'tail'], "leader: missing joint 'right_shoulder_pan'; expected "),
    ([*NAMES[:7], NAMES[0]], "leader: joint 'left_shoulder_pan' stands twice; expected "),
])
def test_a_device_drives_whole_parts(names, text):
    cell = Cell()
    with pytest.raises(MessageError) as error:
        cell.arbiter.teleop(sample(names), cell.now)
    assert str(error.value).startswith(text)


def test_a_robot_of_one_part_is_driven_whole():
    cell = Cell(contract=Contract.load('sim_arm'))
    with pytest.raises(MessageError) as error:
        cell.arbiter.teleop(sample(cell.contract.joint_names[:-1]), cell.now)
    assert str(error.value).startswith("leader: missing joint 'gripper'; expected ")


def sample(names):
    from il_ros.intervention.operators import Sample
    return Sample('leader', b'leader', 1, True, Request.NONE, names, [0.0] * len(names))


class Rover(Cell):
    def __init__(self):
        super().__init__(contract=Contract.load('sim_mobile'))

    def policy(self, tick):
        return np.array(self.contract.start) + 0.2 * self.contract.is_velocity


def test_a_person_takes_the_arm_while_the_policy_drives_the_base():
    cell = Rover()
    cell.run(10)
    base, here = cell.contract.is_velocity, cell.measured.copy()
    step, decision = cell.run(5, True, ~base, here)
    assert of(step, ~base) == {HUMAN} and of(step, base) == {POLICY}
    assert decision.sent[base].tolist() == [0.2, 0.2]
    cell.speaks = False
    step, decision = cell.run(2, True, ~base, here)
    assert not decision.sent[base].any(), 'a base waits for no late policy'


def test_a_device_of_one_arm_says_where_it_stands_for_that_arm_alone():
    cell = Cell(Mode.TELEOP, handover='clutch')
    away = np.array(CONTRACT.start) + 0.3
    step, _ = cell.run(5, True, LEFT, away)
    np.testing.assert_allclose(step.positions, CONTRACT.start, atol=2e-3)


def test_what_a_device_leaves_out_is_unknown_to_whoever_watches_the_policy():
    shares = Shares(CONTRACT)
    row = shares.row(NAMES[6::-1], np.arange(7))
    np.testing.assert_array_equal(row[LEFT], np.arange(7)[::-1])
    assert np.isnan(row[RIGHT]).all()
    with pytest.raises(MessageError, match='expected one finite position per joint name'):
        shares.row(NAMES[:7], [np.nan] * 7)
