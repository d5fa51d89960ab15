"""The store on PostgreSQL: nothing outside this folder knows it by name but `opening` and `backup`."""
