"""Bytes as they came: a message counts from when the transport took it, not the interpreter."""
import time

from il_ros.nodes import shell
from il_ros.nodes.recorder.raw_streams import RawStreams
from il_ros.recording.metadata import Topic
from il_ros.timing import MILLISECOND
from nodes.harness import next_domain, wait_for
from nodes.peer import Peer
from rclpy.parameter import Parameter
from std_msgs.msg import String

DOMAIN = next_domain()
BUSY_NS = 300 * MILLISECOND


class Ears(Peer):
    """A recorder's subscription, served when the test likes."""

    def __init__(self, sim_time=False):
        super().__init__(DOMAIN, 'ears')
        self.node.set_parameters([Parameter('use_sim_time', value=sim_time)])
        self.heard = []
        RawStreams(self.node, [Topic('told', 'std_msgs/String')], (),
                   lambda name, data, came, seq: self.heard.append(
                       (shell.now(self.node).steady_ns - came.steady_ns, came.ros_ns)))
        self._publisher = self.node.create_publisher(String, 'told', 10)
        self.until(self._publisher.get_subscription_count, 'itself')

    def busy(self):
        """Return how long two messages waited while nobody looked, and when they came [ns]."""
        for text in ('first', 'second'):
            self._publisher.publish(String(data=text))
        end_ns = time.monotonic_ns() + BUSY_NS
        wait_for(lambda: time.monotonic_ns() >= end_ns, 'the end of what keeps it busy')
        self.until(lambda: len(self.heard) == 2, 'both')
        return self.heard


def test_what_waited_came_when_the_transport_took_it():
    with Ears() as ears:
        first, second = ears.busy()
        assert min(first[0], second[0]) >= BUSY_NS - 100 * MILLISECOND
        assert first[1] <= second[1], 'in their order'


def test_simulated_time_has_no_clock_in_common_with_the_transport():
    with Ears(sim_time=True) as ears:
        assert all(waited_ns < 100 * MILLISECOND and came_ns == 0
                   for waited_ns, came_ns in ears.busy()), 'now, by a clock that nobody tells'
