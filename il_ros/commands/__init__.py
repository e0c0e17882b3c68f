"""The subcommands of `il_ros`, one file each."""
from rich.console import Console

console = Console()
