"""Makes, checks and runs the documentation: `make docs`, `reference`, `tutorials`, `pictures`."""
