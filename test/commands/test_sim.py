"""`il_ros sim` rolls the scripted operator out and writes the video."""
import av
from il_ros.commands.sim import sim
from il_ros.errors import ConfigError
import pytest


def options(**given):
    return {'task': 'Reach', 'seed': 3, 'episodes': 2, 'disturb': False, 'action_noise': 0.0,
            'video': None, 'robot': 'sim_arm', **given}


def test_prints_a_line_per_episode_and_writes_the_video(tmp_path, capsys):
    video = tmp_path / 'out.mp4'
    sim(**options(video=video))
    lines = capsys.readouterr().out.splitlines()
    seconds = [float(line.split()[-2]) for line in lines if line.startswith('seed ')]
    assert [line.rsplit(' ', 2)[0] for line in lines if line.startswith('seed ')] == [
        'seed 3: success after', 'seed 4: success after']
    assert '2 of 2 episodes succeed' in lines
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width, float(stream.average_rate)) == (480, 640, 30.0)
        assert stream.frames == pytest.approx(30 * sum(seconds), abs=4)


def test_same_seed_same_result(capsys):
    sim(**options())
    first = capsys.readouterr().out
    sim(**options())
    assert [line for line in capsys.readouterr().out.splitlines() if 'seed' in line] == [
        line for line in first.splitlines() if 'seed' in line]


def test_an_existing_video_is_kept(tmp_path):
    video = tmp_path / 'out.mp4'
    video.write_bytes(b'mine')
    with pytest.raises(ConfigError) as error:
        sim(**options(video=video))
    assert str(error.value) == f'{video} exists; name a new file with --video'
    assert video.read_bytes() == b'mine'


@pytest.mark.parametrize(('given', 'text'), [
    ({'task': 'Rech'}, "no task 'Rech'; did you mean 'Reach'?"),
    ({'video': 'out.avi'}, 'out.avi: expected a name that ends in .mp4'),
    ({'robot': 'sim_amr'}, "no config/robots/sim_amr.yaml; did you mean 'sim_arm'?")])
def test_wrong_input_is_named(given, text, tmp_path):
    if 'video' in given:
        given = {'video': tmp_path / given['video']}
    with pytest.raises(ConfigError) as error:
        sim(**options(**given))
    assert text in str(error.value)
    assert list(tmp_path.iterdir()) == []
