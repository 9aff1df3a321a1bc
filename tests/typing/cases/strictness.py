"""Both checkers are in strict mode; if they were not, a clean run would mean little."""


def untyped(argument):  # error: parameter without a type
    return None


numbers: list = []  # error: generic without its arguments
