"""What header stamps and their arrival have in common, on times that the test makes."""
from dataclasses import replace

import bag_factory as bags
from il_ros.bags.clocks import clock_doubts, clock_problem, compare, rate_problem
import numpy as np
import pytest

STATE = bags.small_contract().state     # 100 Hz, 0.1 s
T0, MS = bags.START_NS, 10 ** 6
LOG = T0 + np.arange(1000, dtype=np.int64) * 10 * MS
REMEDY = ('--stamp joint_states=arrival (or all=arrival) believes the times of arrival, as does '
          'stamp: arrival in the contract')
DELAY = np.random.default_rng(0).integers(1 * MS, 5 * MS, 1000)
AFTER = np.arange(1000)


def problem(header_ns, log_ns=LOG):
    return clock_problem(STATE, compare(STATE, log_ns, np.asarray(header_ns, np.int64)))


def test_clocks_that_agree():
    clock = compare(STATE, LOG, LOG - DELAY)
    assert (clock.stamp, clock.messages, clock.zeros, clock.strays) == ('header', 1000, 0, 0)
    assert clock.offset_s == pytest.approx(0.003, abs=2e-4)
    assert clock.spread_s == pytest.approx(0.004, abs=2e-4)
    assert abs(clock.drift_ppm) < 20
    assert (clock.backwards, clock.back_s, clock.apart_s) == (0, 0.0, 0.0)
    assert clock.rate_hz == pytest.approx(100, rel=0.02)
    assert (clock_problem(STATE, clock), clock_doubts(clock)) == ('', '')
    assert rate_problem(STATE, clock, 0.98) == ''


def test_drift_is_measured():
    for ppm in (500.0, -500.0):
        header = LOG - DELAY - ((LOG - T0) * ppm * 1e-6).astype(np.int64)
        assert compare(STATE, LOG, header).drift_ppm == pytest.approx(ppm, abs=20)


WRONG = {
    'zero': (LOG * 0, '100% of its header stamps are zero: its driver does not fill them in'),
    'some zero': (np.where(AFTER < 20, 0, LOG),
                  '2% of its header stamps are zero: its driver does not fill them in'),
    'simulated': (LOG - T0 + 12 * 10 ** 9,
                  'its header stamps lie 19675.9 days behind their arrival, at most 0.1 s is '
                  'accepted: another clock, or recorded without --use-sim-time'),
    'ahead': (LOG + 500 * MS, 'its header stamps lie 0.500 s ahead of their arrival, at most 0.1 '
                              's is accepted: another clock, or recorded without --use-sim-time'),
    'behind': (LOG - 500 * MS, 'its header stamps lie 0.500 s behind their arrival, at most 0.1 s '
                               'is accepted: another clock, or recorded without --use-sim-time'),
    'set back': (LOG - np.where(AFTER < 700, 0, 3000 * MS),
                 'its header stamps jump back 1 times, by up to 2.990 s: its clock was set, or '
                 'two drivers publish'),
    'set back by an hour': (LOG - np.where(AFTER < 950, 0, 3600 * 10 ** 9),
                            'its header stamps jump back 1 times, by up to 3599.990 s: its clock '
                            'was set, or two drivers publish'),
    'two drivers': (LOG - np.where(AFTER % 2, 0, 400 * MS),
                    'its header stamps lie 0.200 s behind their arrival, at most 0.1 s is '
                    'accepted: another clock, or recorded without --use-sim-time'),
    'set once it runs': (np.where(AFTER < 300, (AFTER + 1) * 10 * MS, LOG),
                         'its header stamps and their arrival differ by more than 0.1 s for '
                         '2.990 s (drift'),
    'set forward': (LOG + np.where(AFTER < 800, 0, 200 * MS),
                    'its header stamps and their arrival differ by more than 0.1 s for 1.990 s'),
    'drifts': (LOG - ((LOG - T0) * 0.016).astype(np.int64),
               'its header stamps and their arrival differ by more than 0.1 s for 3.730 s (drift '
               '16000 ppm): one of the clocks was set or drifts'),
}


@pytest.mark.parametrize('header, text', WRONG.values(), ids=WRONG)
def test_a_wrong_clock_is_named_unless_nobody_believes_it(header, text):
    found = problem(header)
    assert found.startswith(text) and found.endswith(f'; {REMEDY}')
    arrival = replace(STATE, stamp='arrival')
    clock = compare(arrival, LOG, header)
    assert (clock.stamp, clock_problem(arrival, clock), clock_doubts(clock)) == ('arrival', '', '')
    assert clock.rate_hz == 100.0


def stalled():
    """The recorder stood still for half of the time and took what had queued up at once."""
    log = LOG.copy()
    log[250:750] = LOG[750]
    return log


FORGIVEN = {
    'one from 1970': np.where(AFTER == 500, 10 ** 9, LOG),
    'one from 2106': np.where(AFTER == 500, 4_294_967_295 * 10 ** 9, LOG),
    'one zero': np.where(AFTER == 0, 0, LOG),
}


@pytest.mark.parametrize('header', FORGIVEN.values(), ids=FORGIVEN)
def test_a_stray_stamp_is_no_wrong_clock_but_it_is_told(header):
    clock = compare(STATE, LOG, header)
    assert clock_problem(STATE, clock) == ''
    assert clock_doubts(clock) in ('1 of its 1000 stamps are zero',
                                   '1 of its 1000 stamps are far from their arrival')


def test_a_recorder_that_stalls_is_no_wrong_clock():
    clock = compare(STATE, stalled(), LOG)
    assert clock_problem(STATE, clock) == ''
    assert clock.strays == 490


def test_stamps_a_little_ahead_are_told():
    assert clock_doubts(compare(STATE, LOG, LOG + 50 * MS)) == (
        'its stamps lie 50 ms ahead of their arrival')


def test_a_single_message():
    clock = compare(STATE, LOG[:1], LOG[:1] - 3 * MS)
    assert (clock.offset_s, clock.rate_hz, clock.coverage(STATE)) == (0.003, 0.0, 1.0)


@pytest.mark.parametrize('rate, late_ms, expected', [
    (10, 0, ''), (9, 0, ''),
    (4, 0, 'comes at 4.0 Hz and a sample counts for 0.1 s, so that 60% of the ticks have none; '
           'write max_age_s: 0.38 for it into the contract, or its rate_hz as the rate of the '
           'whole contract'),
    (10, 60, 'comes at 10.0 Hz and a sample counts for 0.1 s, so that 60% of the ticks have none; '
             'write max_age_s: 0.15 for it into the contract, or its rate_hz as the rate of the '
             'whole contract')])
def test_a_stream_that_is_too_slow(rate, late_ms, expected):
    log = T0 + np.arange(100, dtype=np.int64) * (10 ** 9 // rate)
    assert rate_problem(STATE, compare(STATE, log, log - late_ms * MS), 0.5) == expected
