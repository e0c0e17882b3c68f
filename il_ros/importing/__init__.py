"""A bag of any recorder -> what `drafting` makes a contract of, for `il_ros import`."""
