"""Several episodes in one bag: where each begins and ends, see `split`, and views of it."""
