from il_ros.safety.rules import Order, Refusal
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, MEASURED, moved, PERIOD_NS

NAMES = CONTRACT.joint_names
HUMAN, POLICY, HOLD = ControlSource.HUMAN, ControlSource.POLICY, ControlSource.HOLD


def with_value(value, joint=2):
    target = MEASURED.copy()
    target[joint] = value
    return target


@pytest.mark.parametrize('changes, rule, detail', [
    ({'positions': with_value(np.nan)}, 'nonfinite',
     'positions[2]: expected a finite number, got'),
    ({'positions': with_value(-np.inf)}, 'nonfinite', 'positions[2]'),
    ({'positions': with_value(5e-324)}, 'nonfinite', 'positions[2]'),
    ({'positions': MEASURED[:5]}, 'joints',
     'positions: expected one per joint name (7), got 5'),
    ({'positions': MEASURED[:0], 'joint_names': []}, 'joints',
     "joint_names: missing joint 'shoulder_pan'; expected shoulder_pan, "),
    ({'joint_names': [*NAMES[:6], 'wrist_9']}, 'joints', "missing joint 'gripper'"),
    ({'joint_names': [*NAMES[:6], 'elbow']}, 'joints',
     "joint 'elbow' stands twice; expected each joint once"),
    ({'joint_names': [*NAMES, 'wrist_9'], 'positions': [*MEASURED, 0.0]}, 'joints',
     "unknown joint 'wrist_9'"),
    ({'source': 7}, 'source', 'source: expected 0 to 3, got 7'),
    ({'sources': [1] * 6 + [9]}, 'source', 'source: expected 0 to 3, got 9'),
    ({'sources': [1] * 6}, 'source', 'sources: expected none or one per joint name (7), got 6'),
    ({'stamp_ns': 0}, 'stamp', 'stamp: expected a time, got 0'),
    ({'positions': with_value(90.0), 'source': HUMAN}, 'scale',
     "joint 'elbow': expected -2.7 to 2.7, got 90"),
    ({'positions': with_value(100.0, 6), 'source': HOLD}, 'scale', "joint 'gripper'"),
    ({'positions': with_value(2.9), 'source': POLICY}, 'position',
     "joint 'elbow': expected -2.7 to 2.7, got 2.9"),
    ({'positions': with_value(MEASURED[2] + 0.5), 'source': POLICY}, 'jump',
     "joint 'elbow': expected within 0.333 of the setpoint 1.200, got 1.700"),
])
def test_a_broken_command_is_rejected_and_named(changes, rule, detail):
    driver = Driver().armed()
    decision = driver.send(**changes)
    assert (decision.verdict, decision.rule) == (Verdict.REJECTED, rule)
    assert detail in decision.detail
    assert decision.sent is None


@pytest.mark.parametrize('value, rule', [(2.9, 'position'), (MEASURED[2] + 0.5, 'jump')])
def test_of_a_row_of_two_each_joint_is_judged_by_whose_it_is(value, rule):
    driver, target = Driver().armed(), with_value(value)
    of_elbow = [HUMAN if name == 'elbow' else POLICY for name in NAMES]
    decision = driver.send(target[::-1], joint_names=NAMES[::-1], sources=of_elbow[::-1])
    assert decision.verdict is Verdict.CLAMPED, 'a person may'
    driver.wait()
    of_others = [POLICY if name == 'elbow' else HUMAN for name in NAMES]
    decision = driver.send(target[::-1], joint_names=NAMES[::-1], sources=of_others[::-1])
    assert (decision.verdict, decision.rule) == (Verdict.REJECTED, rule), 'a policy may not'


@pytest.mark.parametrize('age_ms, words', [(101, '101 ms old'), (-150, '150 ms in the future')])
def test_a_stale_or_future_stamp_is_rejected(age_ms, words):
    driver = Driver().armed()
    decision = driver.send(stamp_ns=driver.now.ros_ns - age_ms * 1_000_000)
    assert decision.rule == 'stamp'
    assert decision.detail == f'stamp: expected within 100 ms of now, got one {words}'


def test_joints_in_another_order_are_put_in_order():
    driver = Driver().armed()
    target = moved(shoulder_pan=0.003, gripper=0.0005)
    order = [6, 3, 0, 5, 1, 4, 2]
    decision = driver.send(target[order], joint_names=[NAMES[i] for i in order])
    assert decision.verdict == Verdict.PASSED
    assert (decision.sent == target).all()


def test_repeated_and_backward_sequence_numbers_are_rejected():
    driver = Driver().armed()
    assert driver.send(seq=5).verdict == Verdict.PASSED
    for seq in (5, 4):
        driver.wait()
        decision = driver.send(seq=seq)
        assert (decision.rule, decision.detail) == (
            'seq', f'seq: expected more than 5, got {seq}')
    driver.wait()
    assert driver.send(seq=6).verdict == Verdict.PASSED


def test_an_older_epoch_is_rejected_until_the_sender_starts_anew():
    driver = Driver().armed()
    assert driver.send(epoch=3).verdict == Verdict.PASSED
    driver.wait()
    decision = driver.send(epoch=2)
    assert (decision.rule, decision.detail) == ('epoch', 'epoch: expected 3 or newer, got 2')
    driver.wait()
    assert driver.send(epoch=0, session=b'B' * 16, seq=0).verdict == Verdict.PASSED


def test_a_session_that_was_followed_by_another_never_comes_back():
    driver = Driver().armed()
    driver.send(session=b'A' * 16)
    driver.wait()
    assert driver.send(session=b'B' * 16).verdict == Verdict.PASSED
    driver.wait()
    decision = driver.send(session=b'A' * 16)
    assert decision.rule == 'session'
    assert decision.detail == ('session: 41414141 was followed by 42424242; '
                               'two senders are at work')


def test_a_rejected_old_epoch_still_uses_up_its_sequence_number():
    order, driver = Order(), Driver()
    order.admit(driver.command(seq=1, epoch=2))
    with pytest.raises(Refusal):
        order.admit(driver.command(seq=2, epoch=1))
    with pytest.raises(Refusal, match='seq'):
        order.admit(driver.command(seq=2, epoch=2))


@pytest.mark.parametrize('source', [HUMAN, POLICY])
def test_a_gripper_target_past_closed_is_clamped_for_everyone(source):
    driver = Driver().armed()
    decision = driver.send(with_value(-0.01, 6), source)
    assert (decision.verdict, decision.rule) == (Verdict.CLAMPED, 'position')


def test_a_human_beyond_a_position_limit_is_clamped_and_flagged():
    driver = Driver().armed()
    decision = driver.send(with_value(3.5), HUMAN)
    assert (decision.verdict, decision.rule) == (Verdict.CLAMPED, 'position')
    assert decision.sent[2] > MEASURED[2]


def test_a_policy_that_overshoots_a_limit_by_noise_is_clamped():
    driver = Driver()
    driver.measured = with_value(2.69)
    driver.armed()
    decision = driver.send(with_value(2.72), POLICY)
    assert (decision.verdict, decision.rule) == (Verdict.CLAMPED, 'position')
    driver.wait(PERIOD_NS)
    assert driver.send(with_value(2.80), POLICY).rule == 'position'
    assert driver.send(with_value(2.80), POLICY).verdict == Verdict.REJECTED
