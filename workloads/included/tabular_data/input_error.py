"""What every step says of input that it cannot use."""


class InputError(ValueError):
    """The input cannot be used. The message says what is wrong and what to do."""
