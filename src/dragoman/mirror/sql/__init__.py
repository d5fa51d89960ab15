"""The databases that a mirror may stand in, a module each."""
