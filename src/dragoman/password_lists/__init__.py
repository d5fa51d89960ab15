"""Lists of passwords that may not be set: the one that ships, and files of the operator's. None is held in memory."""
