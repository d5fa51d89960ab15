"""The server that stood here before: its refresh tokens are read, and its sessions become ours."""
