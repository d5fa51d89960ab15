"""Dragoman: an OAuth 2.0 token server that speaks the dialect its clients already speak."""

__version__ = "0.1.0"
