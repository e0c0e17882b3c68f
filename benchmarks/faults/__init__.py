"""The figures that docs/faults.md promises, measured: `make faults`."""
