"""What a call of a model cost: a table or a function that the user gives, or the package genai-prices, when asked for.

Nothing here opens a connection, and without ``prices=`` nothing has a cost: prices change, differ by contract, and a
figure that nobody asked for would be taken for a bill.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from numbers import Real
from typing import Any, Literal, cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.settings import Number, Text, shown
from chaukas_spec_lite.spec.common.v1.events import CostDetails

logger = logging.getLogger("chaukas_spec_lite.trace")

MAX_TOLD = 20
"""Models without a price that are told, each once; a program that makes up names must not fill the log."""

_MILLION = 1_000_000
_AMOUNT, _TEXT = Number(), Text()

_IN_OUT = (("input", "prompt", "in"), ("output", "completion", "out"))
"""What others call the two prices of a model."""
_PARTS = frozenset(name for names in _IN_OUT for name in names)

_DATE = re.compile(r"[-@](?:\d{4}-\d\d-\d\d|\d{3,8}|latest)(?:-v\d+(?::\d+)?)?$")
"""The end of a model's name that dates it: ``-2024-08-06``, ``-20241022-v2:0``, ``-0613``, ``-002``, ``-latest``.

Not any rest: ``gpt-4o-mini`` begins like ``gpt-4o``, and ``claude-opus-4-1`` like ``claude-opus-4``, at other prices.
"""


@dataclass(frozen=True)
class Price:
    """What a model costs.

    Args:
        input: The price of a million tokens of the prompt.
        output: The price of a million tokens of the answer.
        currency: The currency of both, such as ``EUR``.

    Raises:
        SettingTypeError: A price is no number, or the currency no text.
        SettingError: A price is negative or not finite.
    """

    input: float
    output: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        # By way of `object`, as the class is frozen; an int becomes a float.
        object.__setattr__(self, "input", _AMOUNT(self.input, "input"))
        object.__setattr__(self, "output", _AMOUNT(self.output, "output"))
        _TEXT(self.currency, "currency")


PriceFunction = Callable[[str, str, int, int], CostDetails | float | None]
"""Is given provider, model, tokens of the prompt and of the answer; returns the cost, an amount in USD, or None."""

PriceSource = Mapping[str, Price | tuple[float, float]] | PriceFunction | Literal["genai"]
"""What ``prices=`` takes: a table by model, a function, or the name of a package."""


class Prices:
    """Tells what calls of models cost.

    Args:
        source: One of these:

            - A table: ``{"gpt-4o": (2.50, 10.00)}`` is USD per million tokens of the prompt and of the answer; a
              ``Price`` names another currency. ``"azure/gpt-4o"`` is the price at that provider alone, and goes before
              ``"gpt-4o"``. A dated name, such as ``gpt-4o-2024-08-06``, has the price of the name without its date
              unless it is in the table itself; no other name has the price of a shorter one.
            - A function of provider, model, tokens of the prompt and tokens of the answer, which returns a
              ``CostDetails``, an amount in USD, or None if it does not know.
            - ``"genai"``: the table that the package genai-prices brings (extra ``prices``). It takes some 130 us a
              call, and knows what was published when the package was: update it for new models.

    Raises:
        SettingTypeError: ``source``, or a price in the table, has a type that cannot be used.
        SettingError: A price is negative or not finite, or genai-prices is not installed.
    """

    def __init__(self, source: PriceSource) -> None:
        self._told: set[tuple[str, str]] = set()
        self._failed = False
        self._table: dict[str, Price] | None = None
        given: object = source
        if isinstance(given, Mapping):
            self._table = _checked_table(cast("Mapping[object, object]", given))
            self._ask: PriceFunction = self._by_table
        elif given == "genai":
            self._ask = _genai()
        elif callable(given):
            self._ask = _checked_function(given)
        else:
            expected = "a dict such as {'gpt-4o': (2.50, 10.00)}, a function, or 'genai'"
            kind = SettingError if isinstance(given, str) else SettingTypeError
            raise kind("prices", f"has to be {expected}, not {shown(given)}")

    def cost(self, provider: str, model: str, prompt_tokens: int, completion_tokens: int) -> CostDetails | None:
        """Return what a call cost, or None if that is not known. Never raises: what goes wrong is logged, once.

        Args:
            provider: Who serves the model, such as ``openai``; may be empty.
            model: The model's name, such as ``gpt-4o``.
            prompt_tokens: Number of tokens in the prompt.
            completion_tokens: Number of tokens in the answer.
        """
        try:
            # A total alone does not say which tokens were the dear ones.
            if not (prompt_tokens or completion_tokens):
                return None
            answer = self._ask(provider, model, prompt_tokens, completion_tokens)
            return details_of(answer, provider, prompt_tokens, completion_tokens)
        except _NoPrice:
            self._tell_missing(provider, model)
        except Exception as error:  # Whatever the user's function raises: it must not end the program.
            self._tell_failure(error)
        return None

    def _by_table(self, provider: str, model: str, prompt_tokens: int, completion_tokens: int) -> CostDetails:
        price = self._find(provider.casefold(), model.casefold())
        if price is None:
            raise _NoPrice
        of_input, of_output = prompt_tokens * price.input, completion_tokens * price.output
        return CostDetails(
            input_cost=of_input / _MILLION,
            output_cost=of_output / _MILLION,
            total_cost=(of_input + of_output) / _MILLION,
            currency=price.currency,
            input_rate_per_token=price.input / _MILLION,
            output_rate_per_token=price.output / _MILLION,
        )

    def _find(self, provider: str, model: str) -> Price | None:
        assert self._table is not None
        for name in (model, _DATE.sub("", model)):
            found = self._table.get(f"{provider}/{name}") or self._table.get(name)
            if found is not None:
                return found
        return None

    def _tell_missing(self, provider: str, model: str) -> None:
        if len(self._told) < MAX_TOLD and (provider, model) not in self._told:
            self._told.add((provider, model))
            where = f"{model!r} of {provider!r}" if provider else repr(model)
            what = "prices= has none" if self._table is not None else "genai-prices knows none"
            near = self._nearest(provider.casefold(), model.casefold())
            logger.warning(
                "There is no price for the model %s: %s%s, so its calls are recorded without a cost. A table takes "
                "{%r: (input, output)}, in USD per million tokens.",
                where[:200],
                what,
                f" (the name nearest to it is {near!r})" if near else "",
                model[:100],
            )

    def _nearest(self, provider: str, model: str) -> str | None:
        known = self._table or {}
        return nearest(model, known) or nearest(f"{provider}/{model}", known)

    def _tell_failure(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            logger.warning(
                "What a call of a model cost is not known, because prices= failed; calls are recorded without a cost "
                "as long as it does, and this is said once.",
                exc_info=error,
            )


class _NoPrice(LookupError):
    """The table has no such model."""


def _checked_table(given: Mapping[object, object]) -> dict[str, Price]:
    table: dict[str, Price] = {}
    if given and _PARTS.issuperset(given) and (pair := _pair_in(given)):
        raise SettingTypeError("prices", f"has to have models as keys: write {{'gpt-4o': {pair}}}")
    for name, value in given.items():
        where = f"prices[{shown(name)}]"
        if not isinstance(name, str) or not name:
            raise SettingTypeError("prices", f"has to have models as keys, such as 'gpt-4o', not {shown(name)}")
        table[name.casefold()] = value if isinstance(value, Price) else _price_of(value, where)
    return table


def _pair_in(value: object) -> str:
    """What to write for a price in another form; nothing if it is none."""
    if isinstance(value, Mapping):
        found = cast("Mapping[object, object]", value)
        parts = [next((found[key] for key in keys if key in found), None) for keys in _IN_OUT]
    else:
        parts = [value, value]
    if all(isinstance(each, (Real, Decimal)) and not isinstance(each, bool) for each in parts):
        return f"({parts[0]}, {parts[1]})"
    return ""


def _price_of(value: object, where: str) -> Price:
    pair = _pair_in(value)
    write = f"; write {pair}" if pair else ""
    expected = f"has to be a pair (input, output) of USD per million tokens, or a Price, not {shown(value)}{write}"
    both = cast("Sequence[object]", value) if isinstance(value, (tuple, list)) else ()
    if len(both) != 2:
        raise SettingTypeError(where, expected)
    return Price(_AMOUNT(both[0], f"{where}[0]"), _AMOUNT(both[1], f"{where}[1]"))


def _checked_function(given: Callable[..., object]) -> PriceFunction:
    expected = "a function of (provider, model, prompt_tokens, completion_tokens)"
    if inspect.iscoroutinefunction(given):
        raise SettingTypeError("prices", f"has to be {expected}, and a plain one: there is nobody to await this one")
    try:
        inspect.signature(given).bind("", "", 0, 0)
    except ValueError:
        pass  # Written in C, and does not say what it takes.
    except TypeError as error:
        raise SettingTypeError("prices", f"has to be {expected}; this one cannot be called so: {error}") from None
    return cast("PriceFunction", given)


def _genai() -> PriceFunction:
    """Prices out of the table that genai-prices brings; only its ``UpdatePrices`` fetches another."""
    try:
        package: Any = import_module("genai_prices")
    except ImportError as error:
        hint = "pip install 'chaukas-spec-lite[prices]'"
        raise SettingError("prices", f"'genai' needs the package genai-prices ({error}): {hint}") from error

    def ask(provider: str, model: str, prompt_tokens: int, completion_tokens: int) -> CostDetails:
        usage = package.Usage(input_tokens=prompt_tokens, output_tokens=completion_tokens)
        # Without a provider it goes by the model's name, which is all that there is then.
        known = provider if provider not in ("", "unknown") else None
        try:
            found = package.calc_price(usage, model, provider_id=known)
        except LookupError:
            raise _NoPrice from None
        return CostDetails(
            input_cost=float(found.input_price),
            output_cost=float(found.output_price),
            total_cost=float(found.total_price),
            currency="USD",
            # No rates: that of some models depends on how long the prompt is.
        )

    return ask


def details_of(
    answer: object, provider: str, prompt_tokens: int, completion_tokens: int, what: str = "prices"
) -> CostDetails | None:
    """Complete what somebody says of a cost with what is known of the call.

    Args:
        answer: A ``CostDetails``, its fields by name, an amount in USD, or None.
        provider: Who serves the model.
        prompt_tokens: Number of tokens in the prompt.
        completion_tokens: Number of tokens in the answer.
        what: Whose mistake it is, for errors.

    Raises:
        SettingTypeError: It is something else.
        SettingError: The amount is negative or not finite.
        TypeError: There is no field of that name.
    """
    if answer is None:
        return None
    if isinstance(answer, CostDetails):
        cost = answer
    elif isinstance(answer, Mapping):
        cost = CostDetails(**cast("Mapping[str, Any]", answer))
    elif isinstance(answer, (Real, Decimal)) and not isinstance(answer, bool):
        cost = CostDetails(total_cost=_AMOUNT(float(answer), what), currency="USD")
    else:
        raise SettingTypeError(what, f"has to come to a CostDetails, a number or None, not {shown(answer)}")
    # A copy: the function may return the same object every time.
    return replace(
        cost,
        provider=cost.provider or provider,
        input_tokens=cost.input_tokens or prompt_tokens,
        output_tokens=cost.output_tokens or completion_tokens,
        total_tokens=cost.total_tokens or prompt_tokens + completion_tokens,
    )
