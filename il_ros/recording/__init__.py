"""Episodes onto the disk: session, writer, metadata, recovery. No ROS needed."""
