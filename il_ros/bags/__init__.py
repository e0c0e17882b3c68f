"""Bag directories to stamped messages. No ROS needed."""
