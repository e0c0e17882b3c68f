"""The arguments of the launch files: their defaults, and what they are."""

ARGUMENTS = {
    'robot': ('sim_arm', 'contract of the robot: a name under config/robots, or a file'),
    'robots': ("['']", 'namespaces of the robots that one device drives in turn, each with its '
                     'contract where it is not robot:=, as in [left, right=my_robot.yaml]'),
    'teleop': ('keyboard', 'device of the operator: keyboard, gamepad, leader, mocap, '
                           'spacemouse, xr, scripted, none; or one for each of two arms, as in '
                           'gamepad+keyboard; +pedal adds a pedal'),
    'device': ('', 'settings of that device: a name under config/devices, or a file; of several '
                   'devices a.yaml+b.yaml; empty: those of its name'),
    'checkpoint': ('', 'folder of the policy; empty: wait for the service policy/load'),
    'use_sim': ('false', 'start the simulated arm in place of a real one'),
    'rviz': ('false', 'show robot, cameras and predicted path in RViz'),
    'panel': ('false', "serve the operator's page, il_ros panel"),
    'namespace': ('', 'namespace of all nodes and topics'),
    'output': ('bags', 'folder for the recorded episodes; by itself a folder per namespace'),
    'task': ('', "what the robot is to do; empty: the contract's task"),
    'operator': ('', 'who teleoperates, for the metadata of the episodes'),
    'licence': ('', 'of the recorded data: an SPDX identifier, or LicenseRef-no-training'),
    'owner': ('', 'whom to ask about the recorded data'),
    'consent': ('', 'of those who are seen: given, not needed, pending, withheld, withdrawn'),
    'sim_task': ('', 'task of the simulated robot, such as PickPlace; empty: its first'),
    'seed': ('0', 'seed of the simulated arm and of the scripted operator'),
    'gate': ('none', 'who watches the policy and asks for help: ensemble, safe, lazy, thrifty'),
    'handover': ('blend', 'when a device that stands elsewhere takes over: blend, leader, clutch'),
    'others': ('hold', 'in a correction, what becomes of parts of the robot that nobody drives: '
                       'hold, or policy for its going on with them'),
    'terminal': ('', 'what gives the keyboard device a terminal of its own, as xterm -e; empty: '
                     'one that is installed'),
}
