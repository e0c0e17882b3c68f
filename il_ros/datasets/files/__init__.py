"""The files of a dataset on disk: tables, videos, pictures, statistics, versions."""
