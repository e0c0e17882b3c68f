from dataclasses import replace

from il_ros.config import build, config_folders, to_mapping
from il_ros.errors import ConfigError
from il_ros.policies.config import ACTConfig, DiffusionConfig, FlowConfig, IBCConfig, PolicyConfig
from il_ros.training.config import TrainConfig
import pytest

PRESETS = sorted(p.stem for p in config_folders('training')[0].glob('*.yaml'))


def test_presets():
    assert PRESETS == ['act', 'act_paper', 'bc', 'bc_absolute', 'bc_rnn', 'bc_vision', 'diffusion',
                       'flow', 'gmm', 'ibc']
    kinds = {name: TrainConfig.preset(name).policy.kind for name in PRESETS}
    assert kinds == {'act': 'act', 'act_paper': 'act', 'bc': 'bc',
                     'bc_absolute': 'bc', 'bc_rnn': 'bc_rnn', 'bc_vision': 'bc',
                     'diffusion': 'diffusion', 'flow': 'flow', 'gmm': 'gmm', 'ibc': 'ibc'}
    assert TrainConfig.preset('bc_vision').policy.cameras == ('scene', 'wrist')


def test_the_default_policy_moves_the_tool():
    policy = TrainConfig.preset('bc').policy
    assert (policy.inputs, policy.tool_actions) == (('environment', 'gripper'), True)


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="no config/training/bc_vison.yaml; did you mean "
                                          "'bc_vision'"):
        TrainConfig.preset('bc_vison')


@pytest.mark.parametrize(('changes', 'text'), [
    ({'steps': 0}, 'steps: expected more than 0, got 0'),
    ({'tasks': {'pick': -1.0, 'open': 2.0}}, 'tasks: expected shares of 0 or more whose sum is '
                                             'more than 0, got pick=-1, open=2'),
    ({'robots': {}}, 'robots: expected shares of 0 or more whose sum is more than 0, got none'),
    ({'ema_power': 3.0}, 'ema_power: expected 0 to 2, got 3'),
    ({'betas': (0.9, 1.0)}, 'betas: expected 0 or more and less than 1, got 0.9 and 1'),
    ({'ema_decay': 1.0}, 'ema_decay: expected 0 or more and less than 1, got 1.0'),
    ({'correction_share': -0.1}, 'correction_share: expected 0 or more and less than 1'),
    ({'sources': ()}, 'sources: expected at least one of policy, human, hold'),
    ({'sources': ('humen',)}, "source 'humen': did you mean 'human'"),
    ({'precision': '32'}, "precision '32': "),
    ({'accelerator': 'gpu'}, "accelerator 'gpu': "),
    ({'seed': -1}, 'expected 0 or more'),
])
def test_wrong_settings(changes, text):
    with pytest.raises(ConfigError, match=text):
        replace(TrainConfig(), **changes)


def test_wrong_policy_settings():
    with pytest.raises(ConfigError, match="kind 'bb': did you mean 'bc'"):
        PolicyConfig(kind='bb')
    with pytest.raises(ConfigError, match="sampler 'langvin': did you mean 'langevin'"):
        IBCConfig(sampler='langvin')
    with pytest.raises(ConfigError, match='inputs: expected each input once'):
        PolicyConfig(inputs=('state', 'state'))
    with pytest.raises(ConfigError, match=r'width: expected a multiple of heads \(3\) and of 4'):
        ACTConfig(width=128, heads=3)
    with pytest.raises(ConfigError, match=(
            r"normalization: kind 'diffusion' clips to \[-1, 1\], expected 'min_max', got 'mean")):
        PolicyConfig(kind='diffusion')
    with pytest.raises(ConfigError, match="denoiser 'unt': did you mean 'unet'"):
        DiffusionConfig(denoiser='unt')
    with pytest.raises(ConfigError, match='sample_steps: expected 1 to 20, got 21'):
        DiffusionConfig(noise_steps=20, sample_steps=21)
    with pytest.raises(ConfigError, match=r'width: expected an even multiple of heads \(3\)'):
        FlowConfig(width=32, heads=3)
    with pytest.raises(ConfigError, match='kernel: expected an odd number, got 4'):
        FlowConfig(kernel=4)
    with pytest.raises(ConfigError, match="x: policy: bc: unknown key 'hiden'; did you mean"):
        build(TrainConfig, {'policy': {'bc': {'hiden': 3}}}, 'x')


def test_shares_by_task_go_through_yaml():
    config = replace(TrainConfig(), tasks={'pick the cube': 0.7, 'open the box': 0.3})
    assert to_mapping(config)['tasks'] == {'pick the cube': 0.7, 'open the box': 0.3}
    assert build(TrainConfig, to_mapping(config), 'x') == config
    assert {'tasks', 'robots'}.isdisjoint(to_mapping(TrainConfig()))
