"""What `il_ros view` writes, read back through Rerun's own reader."""
from dataclasses import replace

import bag_factory as bags
from checkpoint_factory import make_checkpoint, SMALL
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.recording.metadata import Topic
import numpy as np
import pytest

chunk_files = pytest.importorskip('rerun.chunk', reason='needs rerun-sdk: the extra [view]')
WRENCH = Topic('ft_sensor/wrench', 'geometry_msgs/WrenchStamped')


class Recorded:
    """The entities of an .rrd file: their times [ns] and values, as Rerun gives them."""

    def __init__(self, path):
        self.rows = {}
        self.blueprints = chunk_files.RrdReader(path).blueprints()
        for chunk in chunk_files.RrdReader(path).stream().to_chunks():
            batch = chunk.to_record_batch()
            found = self.rows.setdefault(chunk.entity_path, {})
            for field in batch.schema:
                name = (field.metadata or {}).get(b'rerun:component', field.name.encode()).decode()
                found.setdefault(name.rpartition(':')[2], []).extend(
                    batch.column(field.name).to_pylist())

    def values(self, entity, component):
        return [value[0] if isinstance(value, list) and value else value
                for value in self.rows[entity][component]]

    def times_s(self, entity):
        return np.array([time.total_seconds() for time in self.rows[entity]['time']])


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A bag in which a person corrects after a second, with a force sensor, and its dataset."""
    folder = tmp_path_factory.mktemp('view')
    script = bags.Script(bags.small_contract(), seconds=2.0, correct_s=1.0)

    def wrench(t):
        ns = bags.START_NS + round(1e9 * t)
        force, torque = (bags.make('geometry_msgs/Vector3', x=x, y=0.0, z=t) for x in (1.0, 2.0))
        return bags.Event(ns, WRENCH.name, bags.serialize(WRENCH.type, bags.make(
            WRENCH.type, header=bags.header(ns),
            wrench=bags.make('geometry_msgs/Wrench', force=force, torque=torque))))

    events = sorted([*script.events(), *(wrench(k / 10) for k in range(1, 20))],
                    key=lambda event: event.log_ns)
    bag = bags.write_bag(folder / 'bag', script, outcome='failure', events=events, more=[WRENCH])
    convert([bag], folder / 'data')
    return folder


def view(made, *arguments):
    from il_ros.cli import app

    path = made / f'{len(list(made.glob("*.rrd")))}.rrd'
    app(['view', *map(str, arguments), '--save', str(path)], standalone_mode=False)
    assert not list(made.glob('.*.partial'))
    return Recorded(path)


def test_bag_and_dataset_show_the_same_bands_joints_and_pictures(made):
    dataset = Dataset(made / 'data')
    columns, joint = dataset.columns, dataset.contract.joint_names[1]
    for shown in (view(made, made / 'bag'), view(made, made / 'data')):
        assert shown.values('/bands/control', 'state') == ['policy', 'human', '']
        begins = shown.times_s('/bands/control')[1]
        first = int(np.flatnonzero(columns['control_source'])[0])
        assert begins == pytest.approx(columns['tick'][first] / 30, abs=1e-6)
        assert shown.values('/bands/intervention', 'state') == ['a person corrects', '']
        assert shown.values('/bands/outcome', 'state') == ['failure', '']
        assert shown.values('/bands/help', 'state') == ['']
        for name, column in (('state', 'observation.state'), ('command', 'action'),
                             ('policy', 'action.policy')):
            np.testing.assert_allclose(
                shown.values(f'/joints/{joint}/{name}', 'scalars'), columns[column][:, 1],
                rtol=1e-6)
        assert shown.rows[f'/joints/{joint}/state']['tick'] == columns['tick'].tolist()
        assert len(shown.values('/cameras/scene', 'blob')) == len(dataset)
        way = shown.rows['/world/arm/way']['strips'][0]
        assert len(way) == 2, 'one stretch of the policy, one of the person'
        assert sum(map(len, way)) == len(dataset) + 1
        assert shown.blueprints


def test_a_bag_also_has_plans_forces_and_modes(made):
    shown = view(made, made / 'bag')
    force = np.reshape(shown.rows['/wrench/ft_sensor/wrench/force']['scalars'], (-1, 3))
    np.testing.assert_allclose(force[:, 2], np.arange(1, 20) / 10)
    assert shown.values('/modes', 'text') == ['AUTONOMOUS: test (test)',
                                              'CORRECTING: test (test)']
    plans = shown.rows['/world/arm/plan']['strips']
    assert {len(plan[0]) for plan in plans if plan} == {4}
    assert not plans[-1], 'a plan is over when its last row is'


def test_a_checkpoint_predicts_over_an_episode(made):
    checkpoint = make_checkpoint(made / 'policy', replace(SMALL, inputs=('state', 'scene'),
                                                          image_size=(32, 32)),
                                 bags.small_contract())
    shown = view(made, checkpoint, '--over', made / 'data')
    predicted = shown.values('/joints/elbow/predicted', 'scalars')
    # Of a chunk is shown what comes before the next, a fifth row later; of the last one all 12.
    assert len(predicted) == (len(shown.times_s('/joints/elbow/state')) - 1) // 5 * 5 + 12
    assert np.isfinite(predicted).all()
    with pytest.raises(Exception, match='name the episodes to predict over with --over DATASET'):
        view(made, checkpoint)


def test_what_cannot_be_shown_is_refused(made, tmp_path):
    from il_ros.cli import app

    (tmp_path / 'there.rrd').touch()
    for arguments, text in (
            (('--save', tmp_path / 'there.rrd'), 'exists; name a new file with --save'),
            (('--save', tmp_path / 'no' / 'x.rrd'), 'cannot be written: No such file'),
            (('--over', made / 'data'), '--over goes with a checkpoint'),
            (('--namespace', 'left'), '--namespace goes with --foxglove')):
        with pytest.raises(ConfigError, match=text):
            app(['view', str(made / 'data'), *map(str, arguments)], standalone_mode=False)
