"""The energy: what its search finds, what InfoNCE asks of it, and the Particle task."""
from dataclasses import replace

from il_ros.policies.config import BCConfig, IBCConfig
from il_ros.policies.ibc import IBC, STEP_CLIP, STEP_SIZES
from il_ros.policies.networks.network import Sizes
import pytest
import torch
from torch.nn import functional as F

from benchmarks.tasks import particle

H, A = 2, 3
SIZES = Sizes({'state': 4}, {}, H, A)
SMALL = IBCConfig(hidden=16, layers=1, negatives=8)


def make(config=SMALL, sizes=SIZES):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return IBC(config, BCConfig(hidden=16, layers=1), sizes).eval()


def bowls(network, places, depth):
    """Make the energy the least of several bowls."""
    def energy(encoding, candidates):
        off = (candidates[:, :, None] - places[None, None]).square().sum((3, 4))  # (B, N, P)
        return depth * off.amin(-1)
    network.energy = energy


@pytest.mark.parametrize('sampler', ['derivative_free', 'langevin'])
def test_the_search_finds_the_lowest_energy(sampler):
    network = make(replace(SMALL, sampler=sampler), Sizes({'state': 4}, {}, 1, 2))
    places = torch.tensor([[[0.6, -0.4]]])
    bowls(network, places, 300.0)
    chunk = network({'state': torch.randn(30, 4)})
    assert chunk.shape == (30, 1, 2)
    assert (chunk - places).abs().max() < 0.08


def test_it_chooses_where_two_answers_are_right():
    network = make(sizes=Sizes({'state': 4}, {}, 1, 2))
    places = torch.tensor([[[0.5, 0.5]], [[-0.5, -0.5]]])
    bowls(network, places, 300.0)
    chunks = network({'state': torch.randn(200, 4)})
    side = chunks[:, 0, 0].sign()
    assert (chunks - 0.5 * side[:, None, None]).abs().max() < 0.08
    assert 0.25 < (side > 0).float().mean() < 0.75


@pytest.mark.parametrize('sampler', ['derivative_free', 'langevin'])
def test_candidates_stay_within_the_data_and_5_percent(sampler):
    network = make(replace(SMALL, sampler=sampler))
    bowls(network, torch.full((1, H, A), 5.0), 10.0)
    chunk = network({'state': torch.randn(3, 4)})
    assert chunk.max() <= 1.1
    assert chunk.max() > 1.05, 'it would go further'
    candidates = network.uniform(torch.zeros(50, 16), 100)
    assert candidates.shape == (50, 100, H, A)
    assert 1.09 < candidates.max() <= 1.1 and -1.1 <= candidates.min() < -1.09


def test_the_spread_of_the_search_is_halved_in_each_round():
    network = make(replace(SMALL, iterations=3))
    start = torch.zeros(4, 2000, H, A)
    for rounds, variance in ((1, 0.33 ** 2), (3, 0.33 ** 2 * (1 + 1 / 4 + 1 / 16))):
        network.config = replace(SMALL, iterations=rounds)
        network.energy = lambda encoding, candidates: torch.zeros(candidates.shape[:2])
        spread = network.derivative_free(torch.zeros(4, 16), start).var()
        assert spread.item() == pytest.approx(variance, rel=0.05)


def test_langevin_steps_are_those_of_the_paper():
    network = make(replace(SMALL, langevin_steps=4))
    encoding, start = torch.zeros(1, 16), torch.zeros(1, 5, H, A)
    bowls(network, torch.full((1, H, A), 0.8), 1.0)
    torch.manual_seed(3)
    got = network.langevin(encoding, start)
    torch.manual_seed(3)
    expected = start
    for size in (0.1, 1e-5 + (0.1 - 1e-5) * 4 / 9, 1e-5 + (0.1 - 1e-5) / 9, 1e-5):
        slope = 2 * (expected - 0.8)
        step = (size * (0.5 * slope + torch.randn(1, 5, H, A))).clamp(-STEP_CLIP, STEP_CLIP)
        expected = (expected - step).clamp(-1.1, 1.1)
    torch.testing.assert_close(got, expected)
    assert (STEP_SIZES, STEP_CLIP) == ((1e-1, 1e-5), 0.1)


def test_a_share_of_the_counter_examples_lies_near_low_energies():
    network = make(replace(SMALL, negatives=40, found_share=0.75), Sizes({'state': 4}, {}, 1, 2))
    places = torch.tensor([[[0.6, -0.4]]])
    bowls(network, places, 300.0)
    asked = []

    def energy(encoding, candidates, bowl=network.energy):
        asked.append(candidates)
        return bowl(encoding, candidates)
    network.energy = energy
    batch = {'state': torch.randn(50, 4), 'actions': places.expand(50, 1, 2),
             'valid': torch.ones(50, 1, dtype=torch.bool)}
    network.loss(batch)
    pool, judged = asked
    assert pool.shape == (50, 80, 1, 2) and judged.shape == (50, 41, 1, 2)
    assert torch.equal(judged[:, 0], batch['actions'])
    far = (judged - places).square().sum((2, 3)).sqrt()  # (B, 1 + N)
    uniform, found = far[:, 1:11], far[:, 11:]
    assert found.median() < 0.35, 'one round: the best of 80, spread by half of 0.33'
    assert uniform.median() > 0.8
    assert judged.abs().max() <= 1.1


@pytest.mark.parametrize('changes', [{}, {'found_share': 0.5},
                                     {'sampler': 'langevin', 'langevin_steps': 3}])
def test_rows_without_a_label_are_alike_in_all_candidates(changes):
    network = make(replace(SMALL, **changes))
    judged = []

    def energy(encoding, candidates, energy=network.energy):
        judged.append(candidates)
        return energy(encoding, candidates)
    network.energy = energy
    valid = torch.tensor([[True, False]]).expand(6, H)
    network.loss({'state': torch.randn(6, 4), 'actions': torch.rand(6, H, A) * 2 - 1,
                  'valid': valid})
    last = next(c for c in reversed(judged) if c.shape[1] == 1 + SMALL.negatives)
    assert (last[:, :, 1] == last[:, :1, 1]).all(), 'nothing is learned from them'
    assert not (last[:, 1:, 0] == last[:, :1, 0]).any()


def test_the_loss_is_info_nce():
    network = make()
    batch = {'state': torch.randn(6, 4), 'actions': torch.rand(6, H, A) * 2 - 1,
             'valid': torch.ones(6, H, dtype=torch.bool)}
    torch.manual_seed(5)
    loss, figures = network.loss(batch)
    torch.manual_seed(5)
    encoding = network.encode(batch)
    negatives = network.uniform(encoding, 8)
    likelihood = (-network.energy(encoding, torch.cat(
        [batch['actions'][:, None], negatives], 1))).exp()
    expected = -(likelihood[:, 0] / likelihood.sum(1)).log().mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(figures['info_nce'], expected.detach())


def test_the_gradient_penalty_is_on_what_exceeds_1():
    network = make()
    for depth, slope in ((0.1, 0.0), (10.0, 9.0)):
        def energy(encoding, candidates, depth=depth):
            return depth * candidates[:, :, 0, 0] + 0.0 * encoding.sum(-1, keepdim=True)
        network.energy = energy
        penalty = network.gradient_penalty(torch.zeros(2, 16), torch.rand(2, 3, H, A))
        assert penalty.item() == pytest.approx(slope ** 2)


def test_langevin_teaches_the_observation_only_through_the_energies():
    network = make(replace(SMALL, sampler='langevin', langevin_steps=3))
    batch = {'state': torch.randn(6, 4), 'actions': torch.rand(6, H, A) * 2 - 1,
             'valid': torch.ones(6, H, dtype=torch.bool)}
    loss, figures = network.loss(batch)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    torch.testing.assert_close(loss.detach(), figures['info_nce'] + figures['penalty'])


def test_energy_depends_on_observation_and_candidate_together():
    network = make()
    encoding = network.encode({'state': torch.randn(2, 4)})
    candidates = network.uniform(encoding, 50)
    one, two = network.energy(encoding, candidates), network.energy(encoding.flip(0), candidates)
    gap = one - two
    assert gap.shape == (2, 50)
    assert gap.std(1).min() > 1e-3, 'a constant per observation would not change the choice'


def test_it_jumps_where_a_regression_bends():
    """Figure 2 of the paper: a step function, one number to one number."""
    network = IBC(IBCConfig(hidden=32, layers=1, negatives=64, samples=256),
                  BCConfig(hidden=32, layers=1), Sizes({'state': 1}, {}, 1, 1))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(300):
        state = torch.rand(64, 1) * 2 - 1
        actions = 0.7 * state.sign()[:, None]
        loss, _ = network.loss({'state': state, 'actions': actions,
                                'valid': torch.ones(64, 1, dtype=torch.bool)})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    state = torch.linspace(-1, 1, 81)[:, None]
    with torch.no_grad():
        got = network({'state': state})[:, 0]
    assert (got - 0.7 * state.sign()).abs()[state.abs() > 0.05].max() < 0.2
    assert F.l1_loss(got.abs(), torch.full_like(got, 0.7)) < 0.1, 'nothing in between'


def test_particle_demonstrations_succeed_and_others_fail():
    observations, setpoints = particle.demonstrations(20, 0)
    assert observations.shape == (1000, 8) and setpoints.shape == (1000, 1, 2)
    jumps = (setpoints.reshape(50, 20, 2)[1:] != setpoints.reshape(50, 20, 2)[:-1]).any(-1).sum(0)
    assert (jumps == 1).all(), 'each turns once from the first goal to the second'
    turned = [False] * 100

    def demonstrator(seen):
        for row, (position, first) in enumerate(zip(seen[:, :2], seen[:, 4:6], strict=True)):
            turned[row] |= bool(((position - first) ** 2).sum() < (2 * particle.REACHED) ** 2)
        return torch.where(torch.tensor(turned)[:, None], torch.from_numpy(seen[:, 6:]),
                           torch.from_numpy(seen[:, 4:6])).numpy()

    assert particle.rollouts(demonstrator, 100, 1).mean() >= 0.99
    assert particle.rollouts(lambda seen: seen[:, 6:], 100, 1).mean() < 0.2, 'the first counts'
    assert particle.rollouts(lambda seen: seen[:, 4:6], 100, 1).mean() < 0.1, 'so does the second'
