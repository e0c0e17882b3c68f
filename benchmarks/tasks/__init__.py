"""Small tasks that tell one policy from another, without ROS and without a simulator."""
