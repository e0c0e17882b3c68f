from il_ros.errors import ConfigError
from il_ros.intervention.beta import Beta, expert_acts
import numpy as np
import pytest


def test_linear_falls_to_zero_and_stays_there():
    beta = Beta.parse('linear:4')
    assert [beta.at(i) for i in range(7)] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]


def test_power_halves():
    beta = Beta.parse('power:0.5')
    assert [beta.at(i) for i in range(4)] == [1.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize('text', ['power:0', 'linear:1'])
def test_the_parameter_free_choice_is_the_expert_first_and_the_policy_alone_after(text):
    assert [Beta.parse(text).at(i) for i in range(4)] == [1.0, 0.0, 0.0, 0.0]


def test_steps_are_drawn_one_by_one_in_the_share():
    random = np.random.default_rng(0)
    drawn = np.array([expert_acts(0.3, random) for _ in range(20_000)])
    assert drawn.mean() == pytest.approx(0.3, abs=0.01)
    # Independent: the expert follows itself as often as it follows the policy.
    assert drawn[1:][drawn[:-1]].mean() == pytest.approx(drawn[1:][~drawn[:-1]].mean(), abs=0.02)
    assert all(expert_acts(1.0, random) for _ in range(1000))
    assert not any(expert_acts(0.0, random) for _ in range(1000))


def test_schedules_share_their_draws():
    few, many = (np.random.default_rng(7) for _ in range(2))
    pairs = [(expert_acts(0.2, few), expert_acts(0.6, many)) for _ in range(500)]
    assert all(b for a, b in pairs if a)


@pytest.mark.parametrize('text, reason', [
    ('cosine:3', "expected linear:ITERATIONS or power:BASE, as in linear:10 or power:0.5, "
                 "got 'cosine:3'"),
    ('power:half', "got 'power:half'"),
    ('linear:0', 'over: expected 1 or more iterations, got 0'),
    ('power:1', 'p: expected 0 or more and less than 1, got 1'),
])
def test_a_wrong_schedule_is_refused(text, reason):
    with pytest.raises(ConfigError, match=reason.replace('(', r'\(')):
        Beta.parse(text)
