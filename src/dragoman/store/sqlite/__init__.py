"""The store on SQLite: nothing outside this folder knows it by name but `opening` and `backup`."""
