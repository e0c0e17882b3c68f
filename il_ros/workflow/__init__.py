"""The whole loop as processes and steps: record, convert, train, roll out, correct."""
