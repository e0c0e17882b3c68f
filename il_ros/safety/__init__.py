"""What stands between every command and the robot: pure, without ROS and without clocks."""
