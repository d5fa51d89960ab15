"""Whether refreshing stays as fast when the database grows: `make bench-growth`; `http` through whole servers."""
