"""The ROS shells: the only modules that import rclpy or message packages."""
