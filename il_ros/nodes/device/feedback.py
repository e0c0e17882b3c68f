"""What the person at a device feels and hears."""
from __future__ import annotations

from collections.abc import Iterable
import math

from geometry_msgs.msg import WrenchStamped
from il_ros.nodes import shell
from il_ros.nodes.device.parameters import Parameters
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.feeling import Event, Feeling, Shaker
from il_ros.teleop.inputs import Input, LONGEST_NS
from il_ros.teleop.sounds import Sounds
from rclpy.node import Node
from sensor_msgs.msg import JoyFeedback

PAD = 'joy'    # what a gamepad calls its input


class Feedback:
    """Shakes gamepads on <their topic>/set_feedback, and plays tones."""

    def __init__(self, node: Node, parameters: Parameters, wants: Iterable[Input]) -> None:
        """Advertise to the gamepads among what the device listens to."""
        self._node, self.parameters = node, parameters
        self._feelings: dict[str, Feeling] = {}
        self._shaker, self._shaking, self._sounds = Shaker(), 0.0, Sounds()
        self._pads = [node.create_publisher(JoyFeedback, f'{i.topic}/set_feedback', shell.STREAM)
                      for i in wants if i.kind == 'joy' and i.name.rpartition('/')[2] == PAD]
        self._force: tuple[float, int] | None = None
        if parameters.wrench:
            node.create_subscription(WrenchStamped, parameters.wrench, self._feel, shell.SENSOR)

    def tick(self, contexts: dict[str, DeviceContext], driven: str) -> None:
        """Look at every robot; a contact is one of the driven robot."""
        now_ns = shell.now_ns(self._node)
        for name, context in contexts.items():
            feeling = self._feelings.setdefault(name, Feeling(self.parameters.contact_n))
            touch = self._newest(now_ns) if name == driven else None
            for event in feeling.see(context.help, context.mode, touch):
                self.happened(event)
        level = self._shaker.level(now_ns) if self.parameters.vibration else 0.0
        if level != self._shaking:
            self._shaking = level
            for pad in self._pads:
                pad.publish(JoyFeedback(type=JoyFeedback.TYPE_RUMBLE, id=0, intensity=level))

    def happened(self, event: Event) -> None:
        """Let the person know."""
        self._shaker.begin(event, shell.now_ns(self._node))
        if self.parameters.sounds:
            self._sounds.play(event)

    def close(self) -> None:
        """Give everything back."""
        self._sounds.close()

    def _feel(self, message: WrenchStamped) -> None:
        at = message.wrench.force
        self._force = math.hypot(at.x, at.y, at.z), shell.now_ns(self._node)

    def _newest(self, now_ns: int) -> float | None:
        if self._force is None or not 0 <= now_ns - self._force[1] <= LONGEST_NS:
            return None
        return self._force[0]
