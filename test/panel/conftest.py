"""One lab, one panel and one browser for all tests of a file."""
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('aiohttp')


@pytest.fixture(scope='module')
def served(lab):
    """Give the panel of a module's lab."""
    from panel.operators import panel  # wants what its modules skip without
    with panel(lab.folder, lab.domain, robot=lab.contract_file) as served:
        yield served
        assert 'Traceback' not in served.node.output, served.node.output
