"""A person with two gamepads corrects one arm of two; the policy moves the other meanwhile."""
from pathlib import Path
import time

from faults.cell import Cell, NODES
from faults.oracle import check
from il_ros.bags.reader import Bag
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.msg import Command, ControlMode
from il_ros.srv import StopCapture
from nodes.harness import next_domain
import numpy as np
from sensor_msgs.msg import Joy

DOMAIN = next_domain()
HANDS, PERIOD_S = ('left', 'right'), 0.05       # joy_node repeats itself 20 times a second
AXES, BUTTONS, DEAD_MAN = 6, 21, 10             # of game_controller_node
LEFT, RIGHT = slice(0, 7), slice(7, 14)
EACH = [Command.HUMAN] * 7 + [Command.POLICY] * 7


class Pads:
    """Both gamepads.

    Attributes:
        held: Whether the dead-man switch of the left hand's is held.
        tilt: Of its left stick.
    """

    def __init__(self, cell):
        self.cell, self.held, self.tilt, self._told = cell, False, 0.0, 0.0
        self.publishers = {hand: cell.node.create_publisher(Joy, f'{hand}/joy', 10)
                           for hand in HANDS}

    def __call__(self):
        self.cell()
        if time.monotonic() - self._told < PERIOD_S:
            return
        self._told = time.monotonic()
        for hand, publisher in self.publishers.items():
            held = self.held and hand == 'left'
            publisher.publish(Joy(axes=[0.0, self.tilt * held, *[0.0] * (AXES - 2)],
                                  buttons=[int(held and k == DEAD_MAN) for k in range(BUTTONS)]))

    def until(self, condition, what):
        return self.cell.until(condition, what, 60, self)


def stopped(pads):
    """End the episode; return where it lies."""
    node = pads.cell.node
    client = node.create_client(StopCapture, 'capture/stop')
    pads.until(client.service_is_ready, 'capture/stop')
    answer = client.call_async(StopCapture.Request(outcome='success', keep=True))
    pads.until(answer.done, 'the episode')
    assert answer.result().success, answer.result().message
    return Path(answer.result().episode)


def test_one_arm_is_corrected_recorded_and_handed_back(tmp_path):
    with Cell(tmp_path, DOMAIN, robot='sim_two_arms', nodes=(*NODES, 'teleop', 'teleop_capture'),
              is_pad=False, teleop={'device': 'gamepad+gamepad', 'others': 'policy'}) as cell:
        pads = Pads(cell)
        pads.until(lambda: all(p.get_subscription_count() for p in pads.publishers.values()),
                   'teleop')
        cell.drive(Command.POLICY)
        cell.keep_nothing()
        assert cell.call('capture/start').success
        goal = len(cell.reports) + 20
        pads.until(lambda: len(cell.reports) > goal, 'pads at rest')
        epoch, since = cell.modes[-1].epoch, len(cell.reports)
        pads.held = True
        pads.until(lambda: cell.mode == ControlMode.CORRECTING, 'a correction')
        pads.tilt = 0.4     # a stick that is held while the switch is pressed moves nothing
        assert cell.modes[-1].epoch == epoch
        assert cell.modes[-1].reason == (
            'gamepad_gamepad engaged; the policy goes on with right')

        def shared():
            return [r for r in cell.reports[since:] if r.asked.source == Command.HUMAN]

        def moved(columns):
            return len(shared()) > 30 and np.ptp([r.sent[columns] for r in shared()], 0).max()
        pads.until(lambda: moved(RIGHT) > 0.05 and moved(LEFT) > 0.01, 'motion of either arm')
        assert all(list(r.asked.sources) == EACH for r in shared())
        pads.held = False
        pads.until(lambda: cell.mode == ControlMode.AUTONOMOUS, 'the policy')
        assert cell.modes[-1].epoch > epoch
        episode = stopped(pads)
        for index, part in enumerate(cell.parts):
            check(cell.sent(part=index), cell.reports, cell.contract, part.columns)
    with Bag(episode) as bag:
        rows = [row for row in episode_rows(bag) if row.source == Command.HUMAN]
    assert len(rows) > 20 and all(row.intervention for row in rows)
    assert all(row.sources.tolist() == EACH for row in rows)
    assert np.ptp([row.action for row in rows], 0)[RIGHT].max() > 0.05
