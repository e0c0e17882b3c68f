"""The layouts of twelve public stacks, from what their sources say of topics, types and order."""
from __future__ import annotations

from collections.abc import Sequence

from layouts.layout import Layout, write_humble
from layouts.recordings import (
    camera,
    depth,
    drive,
    joint_group,
    joint_single,
    joint_states,
    LEAD_S,
    numbers,
    odometry,
    other,
    text,
    Topic,
    trajectory,
)
from robots import joint

SO101 = ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper')
UR = tuple(f'{name}_joint' for name in (
    'shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_1', 'wrist_2', 'wrist_3'))
# As ur_robot_driver publishes them: by the alphabet, but for the base that its sorting puts last.
UR_STATES = (*UR[1:], UR[0])
FR3 = tuple(f'fr3_joint{k}' for k in range(1, 8))
XARM = tuple(f'joint{k}' for k in range(1, 7))
ALOHA = ('waist', 'shoulder', 'elbow', 'forearm_roll', 'wrist_angle', 'wrist_rotate', 'gripper',
         'left_finger', 'right_finger')
CONTROLLERS = (     # what `ros2 bag record -a` takes along of any ros2_control robot
    other('/dynamic_joint_states', 'control_msgs/DynamicJointState', rate_hz=100.0),
    other('/arm_controller/controller_state', 'control_msgs/JointTrajectoryControllerState'),
    other('/diagnostics', 'diagnostic_msgs/DiagnosticArray', rate_hz=1.0),
    other('/tf', 'tf2_msgs/TFMessage', rate_hz=50.0),
    other('/rosout', 'rcl_interfaces/Log', rate_hz=1.0),
    other('/parameter_events', 'rcl_interfaces/ParameterEvent', rate_hz=1.0))


def urdf(names: Sequence[str], fingers: Sequence[str] = ()) -> str:
    """Return a chain of joints as robot_description says it; fingers hang at its end."""
    links, joints = ['world'], []
    for name in names:
        joints.append(joint(name, 'revolute', links[-1], f'{name}_link', limits=(-2.5, 2.5)))
        links.append(f'{name}_link')
    for name in fingers:
        joints.append(joint(name, 'prismatic', links[len(names)], f'{name}_link',
                            limits=(0.0, 0.06)))
        links.append(f'{name}_link')
    return f'<robot name="arm">{"".join(map(_link, links))}{"".join(joints)}</robot>'


def _link(name: str) -> str:
    return f'<link name="{name}"/>'


def sided(side: str, names: Sequence[str]) -> dict[str, str]:
    """Return the joints of one of two arms that call them alike, by their names in the dataset."""
    return {name: f'{side}_{name}' for name in names}


def ffw(side: str) -> tuple[str, ...]:
    """Return the joints of one arm of a ROBOTIS AI Worker."""
    return (*(f'arm_{side}_joint{k}' for k in range(1, 8)), f'gripper_{side}_joint1')


BASE = {'base_x': 'linear.x', 'base_yaw': 'angular.z'}
SIDEWAYS = {'base_x': 'linear.x', 'base_y': 'linear.y', 'base_yaw': 'angular.z'}
TB3 = ('joint1', 'joint2', 'joint3', 'joint4', 'gripper_left_joint')

LAYOUTS = {
    'ros2_bag_record': Layout(
        'ros2/rosbag2 README.md (`ros2 bag record -a`), of ROBOTIS-GIT/open_manipulator '
        'open_manipulator_bringup/config/open_manipulator_x/hardware_controller_manager.yaml',
        (joint_states('/joint_states', (
            'joint2', 'joint1', 'joint3', 'gripper_left_finger', 'joint4'), 100.0),
         trajectory('/arm_controller/joint_trajectory', XARM[:4], 50.0),
         text('/robot_description', urdf(XARM[:4], ('gripper_left_finger',))),
         camera('/image_raw'), camera('/image_raw/compressed'),
         other('/camera_info', 'sensor_msgs/CameraInfo', rate_hz=30.0), *CONTROLLERS),
        (*XARM[:4], 'gripper_left_finger'), {'image_raw': '/image_raw'},
        shown=('gripper_left_finger',)),
    'rosetta': Layout(
        'iblnkn/rosetta contracts/so_101.yaml',
        (joint_states('/follower_arm/joint_states', (
            'shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_pitch', 'wrist_roll', 'wrist_yaw'),
            50.0),
         joint_states('/leader_arm/joint_states', (
             'shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_pitch', 'wrist_roll', 'wrist_yaw'),
             50.0, LEAD_S),
         *(camera(f'/{name}_camera/image_raw/compressed') for name in ('front', 'top', 'wrist'))),
        ('shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_pitch', 'wrist_roll', 'wrist_yaw'),
        {name: f'/{name}_camera/image_raw/compressed' for name in ('front', 'top', 'wrist')}),
    'cyclo': Layout(
        'ROBOTIS-GIT/cyclo_intelligence shared/shared/robot_configs/ffw_sg2_rev1_config.yaml, '
        'with the head of ROBOTIS-GIT/physical_ai_tools '
        'physical_ai_server/config/ffw_bg2_rev4_config.yaml',
        (joint_states('/joint_states', (
            *ffw('l'), *ffw('r'), 'head_joint1', 'head_joint2', 'lift_joint'), 100.0),
         odometry('/odom', 50.0, SIDEWAYS),
         *(trajectory(f'/leader/joint_trajectory_command_broadcaster_{side}/joint_trajectory',
                      ffw(side[0]), 100.0) for side in ('left', 'right')),
         trajectory('/leader/joystick_controller_left/joint_trajectory',
                    ('head_joint1', 'head_joint2'), 50.0),
         trajectory('/leader/joystick_controller_right/joint_trajectory', ('lift_joint',), 50.0),
         drive('/cmd_vel', 50.0, SIDEWAYS),
         camera('/zed/zed_node/left/image_rect_color/compressed'),
         camera('/camera_left/camera_left/color/image_rect_raw/compressed'),
         camera('/camera_right/camera_right/color/image_rect_raw/compressed'),
         other('/tf', 'tf2_msgs/TFMessage')),
        (*ffw('l'), *ffw('r'), 'head_joint1', 'head_joint2', 'lift_joint', *SIDEWAYS),
        {'zed_node_left': '/zed/zed_node/left/image_rect_color/compressed',
         'camera_left': '/camera_left/camera_left/color/image_rect_raw/compressed',
         'camera_right': '/camera_right/camera_right/color/image_rect_raw/compressed'},
        answers=('base.sideways=yes',)),
    'so101_ros_physical_ai': Layout(
        'legalaspro/so101-ros-physical-ai '
        'so101_bringup/config/recording/episode_recorder_so101.yaml, '
        'rosbag_to_lerobot/config/so101.yaml',
        (joint_states('/follower/joint_states', sorted(SO101), 100.0),
         numbers('/follower/forward_controller/commands', SO101, 50.0),
         camera('/follower/image_raw'), camera('/static_camera/image_raw', encoding='bgr8')),
        SO101, {'follower': '/follower/image_raw', 'static': '/static_camera/image_raw'}),
    'leros2': Layout(
        'ngres/leros2 examples/lerobot_robot_ur/lerobot_robot_ur/config_ur.py, '
        'examples/lerobot_robot_ure/convert_config.yaml, src/leros2/scripts/convert.py',
        (joint_states('/joint_states', (*UR_STATES, 'robotiq_85_left_knuckle_joint'), 125.0),
         trajectory('/scaled_joint_trajectory_controller/joint_trajectory', UR, 30.0),
         text('/lerobot_task', 'pick up the gray plush cube', '', start_s=0.5, rate_hz=0.5),
         other('/force_torque_sensor_broadcaster/wrench', 'geometry_msgs/WrenchStamped'),
         camera('/left_camera/color/image_raw/compressed'),
         camera('/wrist_camera/color/image_raw/compressed')),
        (*UR, 'robotiq_85_left_knuckle_joint'),
        {'left': '/left_camera/color/image_raw/compressed',
         'wrist': '/wrist_camera/color/image_raw/compressed'},
        more=('--split', 'task:/lerobot_task'), shown=('robotiq_85_left_knuckle_joint',)),
    'aloha': Layout(
        'Interbotix/aloha launch/aloha_bringup.launch.py, aloha/constants.py, config/rs_cam.yaml; '
        'Interbotix/interbotix_ros_core interbotix_ros_xseries/interbotix_xs_msgs/msg',
        (*(joint_states(f'/follower_{side}/joint_states', sided(side, ALOHA), 100.0)
           for side in ('left', 'right')),
         *(joint_group(f'/follower_{side}/commands/joint_group', tuple(
             f'{side}_{name}' for name in ALOHA[:6]), 50.0) for side in ('left', 'right')),
         *(joint_single(f'/follower_{side}/commands/joint_single', 'gripper', f'{side}_gripper',
                        50.0) for side in ('left', 'right')),
         *(joint_states(f'/leader_{side}/joint_states', sided(side, ALOHA), 100.0, LEAD_S)
           for side in ('left', 'right')),
         *(camera(f'/{name}/camera/color/image_rect_raw', 60.0)
           for name in ('cam_high', 'cam_low', 'cam_left_wrist', 'cam_right_wrist'))),
        tuple(f'{side}_{name}' for side in ('left', 'right') for name in ALOHA[:7]),
        {name: f'/{name}/camera/color/image_rect_raw'
         for name in ('cam_high', 'cam_low', 'cam_left_wrist', 'cam_right_wrist')}),
    'fr3_gello': Layout(
        'wuphilipp/gello_software ros2/src/franka_gello_state_publisher/'
        'franka_gello_state_publisher/gello_publisher.py, ros2/README.md; cameras as DROID has '
        'them (ZED)',
        (joint_states('/joint_states', (*FR3, 'fr3_finger_joint1', 'fr3_finger_joint2'), 30.0),
         joint_states('/gello/joint_states', FR3, 25.0, LEAD_S, frame='fr3_link0'),
         Topic('/gripper/gripper_client/target_gripper_width_percent', 'std_msgs/Float32', 25.0,
               lambda k, t: b'\0\1\0\0' + bytes(4)),
         camera('/zed_left/zed_node/rgb/image_rect_color/compressed', 15.0),
         camera('/zed_wrist/zed_node/rgb/image_rect_color/compressed', 15.0)),
        (*FR3, 'fr3_finger_joint1'),
        {'zed_left_zed_node': '/zed_left/zed_node/rgb/image_rect_color/compressed',
         'zed_wrist_zed_node': '/zed_wrist/zed_node/rgb/image_rect_color/compressed'},
        shown=('fr3_finger_joint1',)),
    'ur_ros2_control': Layout(
        'UniversalRobots/Universal_Robots_ROS2_Driver ur_robot_driver/config/ur_controllers.yaml',
        (joint_states('/joint_states', UR_STATES, 500.0),
         numbers('/forward_position_controller/commands', UR, 100.0),
         text('/robot_description', urdf(UR)),
         other('/io_and_status_controller/io_states', 'ur_msgs/IOStates'),
         other('/speed_scaling_state_broadcaster/speed_scaling', 'std_msgs/Float64',
               'float64 data\n', 100.0),
         camera('/camera/image_raw', encoding='bgr8'), *CONTROLLERS),
        UR, {'camera': '/camera/image_raw'}),
    'humble_split_zstd': Layout(
        'nimiCurtis/so101_ros2 so101_bringup/config/so101_sdr.yaml, '
        'so101_ros2_bridge/config/so101_follower_params.yaml; ros2/rosbag2 README.md (splitting, '
        'compression)',
        (joint_states('/follower/joint_states', SO101, 40.0, scale=57.3),
         joint_states('/leader/joint_states', SO101, 40.0, LEAD_S, scale=57.3),
         camera('/follower/cam_front/image_raw'), camera('/static_camera/cam_side/image_raw')),
        SO101, {'follower_cam_front': '/follower/cam_front/image_raw',
                'static_cam_side': '/static_camera/cam_side/image_raw'}, write=write_humble),
    'turtlebot3_manipulation': Layout(
        'ROBOTIS-GIT/turtlebot3_manipulation '
        'turtlebot3_manipulation_bringup/config/hardware_controller_manager.yaml',
        (joint_states('/joint_states', (
            'wheel_left_joint', 'wheel_right_joint', *TB3), 100.0),
         odometry('/odom', 50.0, BASE), drive('/cmd_vel', 20.0, BASE, stamped=True),
         trajectory('/arm_controller/joint_trajectory', TB3[:4], 20.0),
         other('/scan', 'sensor_msgs/LaserScan', rate_hz=5.0),
         other('/imu', 'sensor_msgs/Imu', rate_hz=100.0),
         camera('/camera/image_raw/compressed'), *CONTROLLERS),
        (*TB3, *BASE), {'camera': '/camera/image_raw/compressed'},
        shown=('gripper_left_joint',)),
    'realsense_depth': Layout(
        'IntelRealSense/realsense-ros README.md, xArm-Developer/xarm_ros2 '
        'xarm_controller/config/xarm6_controllers.yaml',
        (joint_states('/joint_states', XARM, 50.0),
         trajectory('/xarm6_traj_controller/joint_trajectory', XARM, 50.0),
         camera('/camera/camera/color/image_raw/compressed'),
         depth('/camera/camera/aligned_depth_to_color/image_raw/compressedDepth'),
         other('/camera/camera/color/camera_info', 'sensor_msgs/CameraInfo', rate_hz=30.0),
         other('/camera/camera/extrinsics/depth_to_color', 'realsense2_camera_msgs/Extrinsics')),
        XARM, {'camera': '/camera/camera/color/image_raw/compressed',
               'depth': '/camera/camera/aligned_depth_to_color/image_raw/compressedDepth'},
        added='  - {name: depth, topic: /camera/camera/aligned_depth_to_color/image_raw/'
              'compressedDepth, type: sensor_msgs/CompressedImage, encoding: 16UC1, height: 48, '
              'width: 64, rate_hz: 30.0, max_age_s: 0.17}\n'),
}
