"""skyworthy certifies that a cloud stack is fit to serve."""


def __getattr__(name: str) -> str:
    """``__version__``, looked up where it is asked for: importing the metadata takes longer than a small command."""
    if name == "__version__":
        from importlib.metadata import version

        return version("skyworthy")
    raise AttributeError(name)
