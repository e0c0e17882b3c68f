"""Files on s3://, gs:// and hf://: fetched whole into the cache of this machine, and put there."""
