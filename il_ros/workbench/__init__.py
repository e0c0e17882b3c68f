"""The workbench: look at the episodes of a dataset, throw some away, relabel, cut and merge."""
