"""Clients and accounts as commands find, make and change them."""
