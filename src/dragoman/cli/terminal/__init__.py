"""Between a command and whoever typed it: options, what is asked for, and how answers are shown."""
