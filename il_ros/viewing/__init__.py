"""Episodes and predictions in other people's viewers: Rerun and Foxglove."""
