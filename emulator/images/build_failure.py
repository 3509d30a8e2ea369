"""Why an image was not built."""


class BuildFailedError(Exception):
    """The build ends Failed; the text goes to its log and onto its run."""


class BuildCanceledError(Exception):
    """Somebody cancelled the build while it ran."""


class BuildTimeoutError(Exception):
    """The build took longer than it may."""
