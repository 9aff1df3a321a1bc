"""The version, apart from the package itself so that the command line, which stands below it, can show it."""

__version__ = "0.1.0"
