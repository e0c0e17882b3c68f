import json

from il_ros.intervention.corrections import CorrectionLog, write
from il_ros.types import Mode
from intervention.driver import autonomous, HUMAN, NAMES, POLICY
import numpy as np


def one_correction():
    """Return the correction of a take-over, seen as the node sees it."""
    driver, log, found = autonomous(), CorrectionLog(), []

    def follow(step):
        for change in driver.arbiter.control.changes:
            found.append(log.change(change, driver.now.ros_ns))
        driver.arbiter.control.changes.clear()
        log.add(step, driver.now.ros_ns)

    driver.device(True)
    start = driver.now.ros_ns
    follow(driver.tick())
    for _ in range(4):
        follow(driver.run(1, policy=True, engaged=True)[0])
    for _ in range(8):
        follow(driver.run(1, policy=True, engaged=False)[0])
    assert driver.mode is Mode.AUTONOMOUS
    (correction,) = [c for c in found if c]
    assert correction.start_ns == start
    return correction


def test_a_correction_has_what_both_sides_wanted_at_the_same_instants():
    correction = one_correction()
    assert correction.cause == 'pad engaged'
    assert correction.end_reason == ('pad released; waiting for the policy to see the present '
                                     'state')
    assert len(correction.stamps_ns) == len(correction.human) == len(correction.policy) == 5
    assert correction.end_ns > correction.stamps_ns[-1]
    assert (np.array(correction.human) == HUMAN).all()
    assert np.isnan(correction.policy[0]).all(), 'the chunk was void at the take-over'
    assert (np.array(correction.policy[1:]) == POLICY).all()


def test_a_correction_that_goes_on_is_closed_on_request():
    driver, log = autonomous(), CorrectionLog()
    driver.device(True)
    for change in driver.arbiter.control.changes:
        assert log.change(change, 1) is None
    closed = log.close('the arbiter was stopped', 7)
    assert (closed.start_ns, closed.end_ns, closed.end_reason) == (1, 7, 'the arbiter was stopped')
    assert log.close('again', 8) is None


def test_the_file_is_whole_and_readable(tmp_path):
    correction = one_correction()
    path = write(correction, NAMES, tmp_path / 'new' / 'folder')
    assert [p.name for p in path.parent.iterdir()] == [
        f'{correction.start_ns}_{correction.epoch}.json']
    data = json.loads(path.read_text())
    assert data['joint_names'] == NAMES
    assert data['policy'][0] == [None] * 7
    assert data['policy'][1] == POLICY.tolist()
    assert data['stamps_ns'] == correction.stamps_ns
