"""Where accounts live that do not live here: each way to ask, behind one guard."""
