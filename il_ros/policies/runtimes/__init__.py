"""Exported policies: one ONNX graph, and what computes it."""
