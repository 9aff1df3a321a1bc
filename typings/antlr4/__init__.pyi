from collections.abc import Sequence
from typing import Any

from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.ErrorStrategy import DefaultErrorStrategy
from antlr4.IntervalSet import IntervalSet
from antlr4.ListTokenSource import ListTokenSource

class InputStream:
    def __init__(self, data: str) -> None: ...

class Token:
    EOF: int
    DEFAULT_CHANNEL: int
    type: int
    channel: int
    text: str
    line: int
    column: int
    start: int
    stop: int
    tokenIndex: int

class Lexer:
    def __init__(self, input: InputStream) -> None: ...
    def removeErrorListeners(self) -> None: ...
    def addErrorListener(self, listener: ErrorListener) -> None: ...
    def nextToken(self) -> Token: ...

class CommonTokenStream:
    def __init__(self, lexer: ListTokenSource) -> None: ...
    def seek(self, index: int) -> None: ...

class ParserATNSimulator:
    predictionMode: int

class Parser:
    literalNames: Sequence[str]
    _interp: ParserATNSimulator
    _errHandler: DefaultErrorStrategy
    def __init__(self, input: CommonTokenStream) -> None: ...
    def removeErrorListeners(self) -> None: ...
    def addErrorListener(self, listener: ErrorListener) -> None: ...
    def reset(self) -> None: ...
    def getExpectedTokens(self) -> IntervalSet: ...

class TerminalNode:
    symbol: Token

class ParserRuleContext:
    start: Token
    stop: Token
    def getText(self) -> str: ...
    def getChild(self, i: int) -> ParserRuleContext: ...
    def accept(self, visitor: ParseTreeVisitor) -> Any: ...

class ParseTreeVisitor: ...
