from dataclasses import replace

from checkpoint_factory import CONTRACT, describe, observation, SMALL
from il_ros.errors import ConfigError
from il_ros.policies.config import KINDS
from il_ros.policies.load import LearnedPolicy, make_network
from il_ros.policies.networks.ensemble import Ensemble
from il_ros.policies.networks.network import Network
import numpy as np
import pytest
import torch

MEMBERS = replace(SMALL, members=3)


class Drawing(Network):
    """Answers its number and what it drew."""

    def __init__(self, number):
        super().__init__()
        self.number = torch.nn.Parameter(torch.tensor(float(number)))

    def forward(self, batch):
        return (self.number + torch.randn(1)).expand(len(batch['state']), 2, 1)

    def loss(self, batch):
        loss = (self.number * batch['state']).mean()
        return loss, {'seen': batch['state'].mean()}


class Telling(Drawing):
    unimodal = True


def test_one_member_is_the_network_itself():
    torch.manual_seed(0)
    one = make_network(SMALL, CONTRACT)
    torch.manual_seed(0)
    several = make_network(MEMBERS, CONTRACT)
    assert not isinstance(one, Ensemble)
    assert set(several.state_dict()) == {
        f'members.{k}.{name}' for k in range(3) for name in one.state_dict()}
    for name, value in one.state_dict().items():
        assert torch.equal(several.state_dict()[f'members.0.{name}'], value)
    assert not torch.equal(several.members[0].trunk[0].weight, several.members[1].trunk[0].weight)


def test_the_mean_where_there_is_one_mode_and_else_the_first_member():
    batch = {'state': torch.zeros(4, 1)}
    torch.manual_seed(5)
    drawn = torch.randn(3).mean()
    torch.manual_seed(5)
    mean = Ensemble([Telling(k) for k in range(3)])(batch)
    torch.testing.assert_close(mean, torch.full((4, 2, 1), 1.0 + drawn.item()))
    torch.manual_seed(5)
    first = Ensemble([Drawing(k) for k in (7, 8, 9)])(batch)
    torch.manual_seed(5)
    torch.testing.assert_close(first, (7 + torch.randn(1)).expand(4, 2, 1))


def test_members_that_draw_draw_the_same():
    chunks = Ensemble([Drawing(k) for k in (1, 2, 4)]).each({'state': torch.zeros(4, 1)})
    assert chunks.shape == (3, 4, 2, 1)
    torch.testing.assert_close((chunks - chunks[:1])[:, 0, 0, 0], torch.tensor([0.0, 1.0, 3.0]))
    other = Ensemble([Drawing(1)]).each({'state': torch.zeros(4, 1)})
    assert other[0, 0, 0] != chunks[0, 0, 0], 'another draw the next time'


def test_each_member_learns_from_its_own_samples():
    network = Ensemble([Drawing(1) for _ in range(2)])
    state = torch.tensor([[1.0], [3.0], [10.0], [30.0]])
    loss, figures = network.loss({'state': state})
    loss.backward()
    assert loss.item() == pytest.approx((2 + 20) / 2)
    assert figures['seen'].item() == pytest.approx(11.0)
    gradients = [member.number.grad.item() for member in network.members]
    assert gradients == pytest.approx([2 / 2, 20 / 2])


@pytest.mark.parametrize('kind', KINDS)
def test_an_ensemble_of_every_kind(kind):
    config = replace(MEMBERS, kind=kind, members=2, normalization='min_max')
    torch.manual_seed(0)
    torch.set_num_threads(1)
    policy = LearnedPolicy(describe(config), make_network(config, CONTRACT))
    spread = policy.spread(observation())
    assert spread.shape == (SMALL.horizon, len(CONTRACT.joints))
    assert np.isfinite(spread).all() and spread.max() > 0
    twins = LearnedPolicy(describe(config), make_network(config, CONTRACT))
    twins.network.members[1].load_state_dict(twins.network.members[0].state_dict())
    np.testing.assert_allclose(twins.spread(observation()), 0, atol=1e-8)


@pytest.mark.parametrize('kind', ['bc', 'flow'])
def test_a_chunk_comes_with_its_uncertainty(kind):
    config = replace(MEMBERS, kind=kind, members=2, normalization='min_max')
    policy = LearnedPolicy(describe(config), make_network(config, CONTRACT))
    torch.manual_seed(3)
    chunk = policy.infer(observation())
    torch.manual_seed(3)
    np.testing.assert_allclose(policy.uncertainty, policy.spread(observation()).mean(1))
    torch.manual_seed(3)
    each = policy.network.each(policy._batch(policy._window(observation())))
    assert chunk.shape == (SMALL.horizon, len(CONTRACT.joints))
    torch.testing.assert_close(policy.network.combined(each),
                               each.mean(0) if policy.network.unimodal else each[0])
    alone = LearnedPolicy(describe(SMALL), make_network(SMALL, CONTRACT))
    alone.infer(observation())
    assert alone.uncertainty is None


def test_spread_is_the_variance_of_normalised_actions():
    torch.manual_seed(0)
    network = make_network(MEMBERS, CONTRACT)
    description = describe(MEMBERS)
    policy, seen = LearnedPolicy(description, network), observation()
    spread = policy.spread(seen)
    assert spread.shape == (SMALL.horizon, len(CONTRACT.joints))
    motions = np.stack([LearnedPolicy(description, member).motions(seen)
                        for member in network.members])
    np.testing.assert_allclose(spread, (motions / 0.05).var(0), rtol=1e-4)
    np.testing.assert_allclose(policy.motions(seen), motions.mean(0), atol=1e-7)


def test_one_member_has_no_spread():
    policy = LearnedPolicy(describe(SMALL), make_network(SMALL, CONTRACT))
    with pytest.raises(ConfigError, match='expected an ensemble, got a policy of 1 member; train '
                                          'it with --members 5'):
        policy.spread(observation())
