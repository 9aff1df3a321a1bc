"""What a test may ask of the hypothesis profile in force."""

from hypothesis import settings


def at_least(examples: int) -> int:
    """The number of examples for a test that needs that many: more where the profile (`thorough`) asks for more."""
    return max(examples, settings().max_examples)
