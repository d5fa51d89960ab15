"""Where the rows come from: databases and text files, opened so that nothing in them can change."""
