"""A driver whose arm can be led by hand, as a process: python -m nodes.guided_driver CONTRACT.

Under the real names and types of ros2_control, ur_robot_driver and xarm_ros2. Controllers are
switched as a controller manager does it with STRICT: all of it or nothing. While the arm is led it
moves, and its freedrive ends a second after the last word of it.
"""
from __future__ import annotations

import json
import sys
import time

from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import ListControllers, SwitchController
from il_ros.contract import Contract
from nodes.drivers import Drivers
from std_msgs.msg import Bool, String
from xarm_msgs.msg import RobotMsg
from xarm_msgs.srv import SetInt16

FREEDRIVE, GRAVITY = 'freedrive_mode_controller', 'gravity_compensation_example_controller'
STATE, FAULT = 'driver/state', 'driver/fault'


class GuidedDriver(Drivers):
    """Says what it does on `driver/state`; does wrong what `driver/fault` names."""

    def __init__(self, contract: Contract) -> None:
        self.mode, self.wanted, self.fault = 1, 1, ''
        self.alive = 0.0            # last word to freedrive
        self.says, self.words = False, 0
        arm = [joint for arm in contract.arms for joint in arm.joints]
        grip = [arm.gripper.joint for arm in contract.arms if arm.gripper]
        trajectory = contract.commands[0].name.partition('/')[0]
        self.controllers = {
            trajectory: ('active', arm), 'gripper_controller': ('active', grip),
            'joint_state_broadcaster': ('active', []), GRAVITY: ('inactive', arm),
            FREEDRIVE: ('inactive', [])}
        super().__init__(None, contract)
        node = self.node
        node.create_service(ListControllers, 'controller_manager/list_controllers', self._list)
        node.create_service(SwitchController, 'controller_manager/switch_controller', self._switch)
        node.create_subscription(Bool, f'{FREEDRIVE}/enable_freedrive_mode', self._enable, 10)
        node.create_service(SetInt16, 'xarm/set_mode', self._set_mode)
        node.create_service(SetInt16, 'xarm/set_state', self._set_state)
        self._robot_states = node.create_publisher(RobotMsg, 'xarm/robot_states', 10)
        self._state = node.create_publisher(String, STATE, 10)
        node.create_subscription(String, FAULT, self._on_fault, 10)
        node.create_timer(0.05, self._say)

    @property
    def active(self) -> list[str]:
        """Names of the active controllers."""
        return sorted(name for name, (state, _) in self.controllers.items() if state == 'active')

    @property
    def led(self) -> bool:
        """Whether the arm gives way to a hand."""
        free = FREEDRIVE in self.active and time.monotonic() - self.alive < 1.0 and self.says
        return GRAVITY in self.active or free or self.mode == 2

    def _tell(self) -> None:
        if self.led and self.fault != 'frozen':
            self.at[0] += 1e-5      # slow enough for rest
        super()._tell()

    def _say(self) -> None:
        sent = sum(len(came) for name, came in self.got.items() if 'grip' not in name)
        grips = [float(goal) for name, came in self.got.items() if 'grip' in name for goal in came]
        self._state.publish(String(data=json.dumps({
            'active': self.active, 'led': self.led, 'mode': self.mode, 'sent': sent,
            'grips': grips, 'words': self.words, 'fault': self.fault})))
        self._robot_states.publish(RobotMsg(mode=self.mode, state=2))

    def _on_fault(self, message: String) -> None:
        self.fault = message.data

    def _list(self, _: object, response: ListControllers.Response) -> ListControllers.Response:
        response.controller = [ControllerState(
            name=name, state=state, claimed_interfaces=[
                f'{joint}/position' for joint in joints] if state == 'active' else [])
            for name, (state, joints) in self.controllers.items()]
        return response

    def _switch(self, request: SwitchController.Request, response: SwitchController.Response
                ) -> SwitchController.Response:
        wrong = [name for name in request.activate_controllers
                 if self.controllers.get(name, ('',))[0] != 'inactive'] + [
            name for name in request.deactivate_controllers
            if self.controllers.get(name, ('',))[0] != 'active']
        if self.fault == 'switch' and GRAVITY in request.activate_controllers:
            wrong.append('hardware in error')
        response.ok = not wrong and request.strictness == SwitchController.Request.STRICT
        response.message = ', '.join(wrong)
        if response.ok:
            for names, state in ((request.activate_controllers, 'active'),
                                 (request.deactivate_controllers, 'inactive')):
                for name in names:
                    self.controllers[name] = state, self.controllers[name][1]
        return response

    def _enable(self, message: Bool) -> None:
        self.says, self.alive = message.data, time.monotonic()
        self.words += 1

    def _set_mode(self, request: SetInt16.Request, response: SetInt16.Response
                  ) -> SetInt16.Response:
        self.wanted = request.data
        return response

    def _set_state(self, request: SetInt16.Request, response: SetInt16.Response
                   ) -> SetInt16.Response:
        if self.fault == 'mode' and self.wanted == 2:
            return response     # it says yes, and stays in its mode
        self.mode = self.wanted
        return response


def main() -> None:
    """Serve until it is ended."""
    driver = GuidedDriver(Contract.load(sys.argv[1]))
    while True:
        driver.spin()


if __name__ == '__main__':
    main()
