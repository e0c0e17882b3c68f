"""The real action server over DDS."""
import signal

import bag_factory as bags
from il_ros.datasets.reader import Dataset
from nodes.harness import next_domain, running, wait_for
import pytest

rclpy = pytest.importorskip('rclpy')

from action_msgs.msg import GoalStatus  # noqa: E402
from il_ros.action import ConvertBags  # noqa: E402
from rclpy.action import ActionClient  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

DOMAIN = next_domain()


class Asker:
    """Sends goals and keeps the feedback."""

    def __init__(self):
        self.context = rclpy.Context()
        self.context.init(domain_id=DOMAIN)
        self.node = rclpy.create_node('asker', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.client = ActionClient(self.node, ConvertBags, 'convert')
        self.feedback = []
        self.until(self.client.server_is_ready, 'the action server')

    def until(self, condition, what, timeout_s=40.0):
        return wait_for(condition, what, timeout_s,
                        lambda: self.executor.spin_once(timeout_sec=0.02))

    def send(self, paths, out, trim_idle=False):
        goal = ConvertBags.Goal(bags=list(map(str, paths)), output=str(out), trim_idle=trim_idle)
        future = self.client.send_goal_async(
            goal, feedback_callback=lambda m: self.feedback.append(
                (m.feedback.bag, m.feedback.done, m.feedback.total)))
        self.until(future.done, 'an answer to the goal')
        return future.result()

    def result(self, handle):
        future = handle.get_result_async()
        self.until(future.done, 'a result')
        return future.result().status, future.result().result

    def close(self):
        self.client.destroy()
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


@pytest.fixture
def converter(tmp_path):
    with running('bag_converter', DOMAIN, tmp_path / 'log') as node:
        yield node


@pytest.fixture
def asker(converter):
    asker = Asker()
    yield asker
    asker.close()


def test_converts_with_feedback_and_adds(asker, tmp_path):
    paths = bags.write_bags(tmp_path / 'bags', 2, seconds=1.0)
    status, result = asker.result(asker.send(paths[:1], tmp_path / 'out'))
    first = Dataset(tmp_path / 'out')
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True)
    assert (result.episodes, result.frames) == (1, len(first))
    assert set(asker.feedback) == {(str(paths[0]), 0, 1)}
    status, result = asker.result(asker.send([tmp_path / 'bags'], tmp_path / 'out'))
    assert (result.episodes, len(Dataset(tmp_path / 'out').lengths)) == (1, 2)
    assert result.message == (f'1 episodes, {result.frames} frames; '
                              'episode_0001 skipped: already in the dataset')


def test_a_wrong_bag_aborts_with_the_reason(asker, tmp_path):
    status, result = asker.result(asker.send([tmp_path / 'none'], tmp_path / 'out'))
    assert (status, result.success) == (GoalStatus.STATUS_ABORTED, False)
    assert result.message == (f'{tmp_path}/none: expected a bag directory, got nothing')
    assert not (tmp_path / 'out').exists()
    paths = bags.write_bags(tmp_path / 'bags', 1, seconds=1.0)
    assert asker.result(asker.send(paths, tmp_path / 'out'))[1].success


def many(tmp_path):
    """Return bags that take a while: one long episode under many names of the same files."""
    return bags.write_bags(tmp_path / 'bags', 6, seconds=8.0,
                           contract=bags.small_contract(size=(240, 320)))


def test_cancel_while_it_works(asker, tmp_path):
    paths = many(tmp_path)
    handle = asker.send(paths, tmp_path / 'out')
    asker.until(lambda: asker.feedback, 'feedback')
    busy = asker.send(paths, tmp_path / 'other')
    assert not busy.accepted
    future = handle.cancel_goal_async()
    asker.until(future.done, 'an answer to the cancellation')
    status, result = asker.result(handle)
    assert (status, result.success, result.message) == (
        GoalStatus.STATUS_CANCELED, False, 'cancelled; nothing was written')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bags', 'log']


def test_a_signal_ends_it_within_five_seconds(asker, converter, tmp_path):
    handle = asker.send(many(tmp_path), tmp_path / 'out')
    assert handle.accepted
    asker.until(lambda: asker.feedback, 'feedback')
    converter.send(signal.SIGTERM)
    assert converter.process.wait(5) == 0
    assert 'Traceback' not in converter.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ['bags', 'log']
