"""The commands: a module or a folder each, called as the command is. None imports another."""
