"""Formats of other servers' refresh tokens: one module each, named as the setting `format` names it."""
