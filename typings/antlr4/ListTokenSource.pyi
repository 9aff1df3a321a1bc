from antlr4 import Token

class ListTokenSource:
    def __init__(self, tokens: list[Token]) -> None: ...
