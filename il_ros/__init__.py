"""Imitation learning on ROS 2 arms: record, convert, train, run, correct."""
__version__ = '0.1.0'
