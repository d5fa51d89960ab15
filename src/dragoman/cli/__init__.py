"""The command line: `main` is the door, `commands` one module for each command, and beside it what they share."""
