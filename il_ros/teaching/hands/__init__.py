"""A hand in a video to a motion of one arm, offline."""
