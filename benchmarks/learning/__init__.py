"""Tables of `make learn`: what each method has to show, with intervals."""
