"""From a configuration to an application that answers. `server` puts all together; the other modules make its parts.

No package below reads the configuration: what they take are values. A module here that has the name of such a package
makes them for it, out of the configuration.
"""
