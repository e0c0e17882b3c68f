"""A headset or phone as a device: a page of our own, by WebXR."""
