"""What a dataset or a policy is, on one page of Markdown, for whoever gets it."""
