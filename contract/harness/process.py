"""What this process is for: the command alone, or a program that uses the suite as a library."""

command_alone = False
"""Set by the entry point: the process ends with the command."""
