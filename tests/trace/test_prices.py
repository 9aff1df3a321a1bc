"""What calls of models cost: by a table, by a function, by genai-prices; and mistakes in all of them."""

from __future__ import annotations

import functools
import logging
import math
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chaukas_spec_lite import CostDetails, EventType, Recorder
from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.trace.prices import MAX_TOLD, Price, Prices
from tests.extras import needed

LOG = "chaukas_spec_lite.trace"
TABLE: dict[str, Any] = {
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-2024-05-13": (5, 15),
    "azure/gpt-4o": Price(2.75, 11.00, "EUR"),
    "claude-opus-4": (15, 75),
    "gpt-4": (30, 60),
    "claude-3-5-sonnet": (3, 15),
    "llama": (0, 0),
}


def total(prices: Prices, provider: str, model: str) -> float | None:
    """What a million tokens of input cost."""
    cost = prices.cost(provider, model, 1_000_000, 0)
    return None if cost is None else cost.total_cost


def test_a_table_tells_all_that_the_schema_has() -> None:
    assert Prices(TABLE).cost("openai", "gpt-4o", 412, 38) == CostDetails(
        provider="openai",
        input_tokens=412,
        output_tokens=38,
        total_tokens=450,
        input_cost=0.00103,
        output_cost=0.00038,
        total_cost=0.00141,
        currency="USD",
        input_rate_per_token=2.5e-06,
        output_rate_per_token=1e-05,
    )


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o", 2.5),
        ("", "gpt-4o", 2.5),
        ("OpenAI", "GPT-4o", 2.5),
        ("azure", "gpt-4o", 2.75),
        ("azure", "gpt-4o-2024-08-06", 2.75),
        ("litellm", "azure/gpt-4o", 2.75),
        ("openai", "gpt-4o-2024-08-06", 2.5),
        ("openai", "gpt-4o-2024-05-13", 5.0),  # in the table itself
        ("openai", "gpt-4o-latest", 2.5),
        ("openai", "gpt-4-0613", 30.0),
        ("vertex", "claude-3-5-sonnet@20240620", 3.0),
        ("bedrock", "claude-3-5-sonnet-20241022-v2:0", 3.0),
        ("ollama", "llama", 0.0),
        # Other models, at other prices, which merely begin alike.
        ("openai", "gpt-4o-mini", None),
        ("openai", "gpt-4o-mini-2024-07-18", None),
        ("openai", "gpt-4-32k", None),
        ("openai", "gpt-4-1106-preview", None),
        ("openai", "gpt-4.1", None),
        ("anthropic", "claude-opus-4-1", None),
        ("openai", "ft:gpt-4o:acme", None),
        ("openai", "", None),
    ],
)
def test_a_price_is_found_by_name_by_provider_and_without_a_date(
    provider: str, model: str, expected: float | None
) -> None:
    assert total(Prices(TABLE), provider, model) == expected


def test_a_total_alone_has_no_cost() -> None:
    assert Prices(TABLE).cost("openai", "gpt-4o", 0, 0) is None


def test_a_currency_is_the_users() -> None:
    cost = Prices(TABLE).cost("azure", "gpt-4o", 2_000_000, 1_000_000)
    assert cost is not None
    assert (cost.total_cost, cost.currency) == (16.5, "EUR")


def test_a_model_without_a_price_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    prices = Prices(TABLE)
    assert [prices.cost("openai", "gpt-5", 1, 1) for _ in range(3)] == [None] * 3
    assert caplog.record_tuples == [
        (
            LOG,
            logging.WARNING,
            "There is no price for the model 'gpt-5' of 'openai': prices= has none (the name nearest to it is "
            "'gpt-4'), so its calls are recorded without a cost. A table takes {'gpt-5': (input, output)}, in USD per "
            "million tokens.",
        )
    ]
    for number in range(100):
        prices.cost("openai", f"made-up-{number}x" * 100, 1, 1)
    assert len(caplog.records) == MAX_TOLD
    assert max(len(record.getMessage()) for record in caplog.records) < 500


@pytest.mark.parametrize(
    ("provider", "model", "near"),
    [
        ("openai", "GTP-4o", "gpt-4o"),
        ("azure", "gpt-4o-mni", "gpt-4o-mini"),
        ("groq", "lama-3.3", "groq/llama-3.3"),
        ("anthropic", "claude", None),
    ],
)
def test_of_a_misspelt_model_the_name_that_has_a_price_is_told(
    provider: str, model: str, near: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    prices = Prices({"gpt-4o": (1, 2), "gpt-4o-mini": (1, 2), "groq/llama-3.3": (1, 2)})
    assert prices.cost(provider, model, 1, 1) is None
    said = f" (the name nearest to it is {near!r}), so" if near else ": prices= has none, so"
    assert said in caplog.text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (0.25, CostDetails(total_cost=0.25, currency="USD")),
        (3, CostDetails(total_cost=3.0, currency="USD")),
        (Decimal("0.1"), CostDetails(total_cost=0.1, currency="USD")),
        (CostDetails(total_cost=2, currency="EUR"), CostDetails(total_cost=2, currency="EUR")),
    ],
)
def test_a_function_is_asked(answer: Any, expected: CostDetails) -> None:
    asked: list[tuple[object, ...]] = []
    prices = Prices(lambda *arguments: asked.append(arguments) or answer)
    cost = prices.cost("openai", "gpt-4o", 7, 5)
    assert asked == [("openai", "gpt-4o", 7, 5)]
    assert cost is not answer
    expected.provider, expected.input_tokens, expected.output_tokens, expected.total_tokens = "openai", 7, 5, 12
    assert cost == expected


def test_what_a_function_says_itself_is_kept() -> None:
    own = CostDetails(
        provider="reseller", service="batch", input_tokens=9, output_tokens=8, total_tokens=17, total_cost=1
    )
    assert Prices(lambda *_: own).cost("openai", "gpt-4o", 7, 5) == own


def test_a_function_may_know_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert Prices(lambda *_: None).cost("openai", "gpt-4o", 7, 5) is None
    assert caplog.records == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (KeyError("gpt-4o"), "KeyError: 'gpt-4o'"),
        (ZeroDivisionError("none"), "ZeroDivisionError: none"),
        ("cheap", "has to come to a CostDetails, a number or None, not 'cheap'"),
        (True, "not True"),
        (math.nan, "has to be at least 0.0, and finite, not nan"),
    ],
)
def test_a_function_that_fails_is_told_once(answer: Any, said: str, caplog: pytest.LogCaptureFixture) -> None:
    def ask(provider: str, model: str, prompt_tokens: int, completion_tokens: int) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    prices = Prices(ask)
    assert [prices.cost("openai", "gpt-4o", 7, 5) for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("What a call of a model cost is not known, because prices= failed")
    assert said in caplog.text


def test_ctrl_c_is_not_taken_for_a_failure() -> None:
    def ask(*_: object) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Prices(ask).cost("openai", "gpt-4o", 7, 5)


def test_numbers_that_are_none_do_not_get_through(caplog: pytest.LogCaptureFixture) -> None:
    assert Prices(TABLE).cost("openai", "gpt-4o", "many", 3) is None  # type: ignore[arg-type]  # what the test is about
    assert Prices(TABLE).cost("openai", "gpt-4o", 10**400, 3) is None
    assert len(caplog.records) == 2


async def coroutine(*_: object) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("openai", "prices: has to be a dict such as {'gpt-4o': (2.50, 10.00)}, a function, or 'genai', not 'openai'"),
        (7, "prices: has to be a dict such as {'gpt-4o': (2.50, 10.00)}, a function, or 'genai', not 7"),
        ([("gpt-4o", 1)], "a function, or 'genai', not list"),
        ({4: (1, 2)}, "prices: has to have models as keys, such as 'gpt-4o', not 4"),
        ({"": (1, 2)}, "prices: has to have models as keys, such as 'gpt-4o', not ''"),
        (
            {"m": 1.5},
            "prices['m']: has to be a pair (input, output) of USD per million tokens, or a Price, not 1.5; "
            "write (1.5, 1.5)",
        ),
        ({"m": {"input": 1, "output": 2.5}}, "or a Price, not dict; write (1, 2.5)"),
        ({"m": {"prompt": 1, "completion": 2}}, "write (1, 2)"),
        ({"m": {"input": 1}}, "prices['m']: has to be a pair"),
        ({"input": 1, "output": 2}, "prices: has to have models as keys: write {'gpt-4o': (1, 2)}"),
        ({"input": "1", "output": 2}, "prices['input']: has to be a pair"),
        ({"m": (1, 2, "EUR")}, "prices['m']: has to be a pair (input, output) of USD per million tokens, or a Price"),
        ({"m": (1, -2)}, "prices['m'][1]: has to be at least 0.0, and finite, not -2"),
        ({"m": ("1", 2)}, "prices['m'][0]: has to be a number, not '1'"),
        (
            lambda model: 1,
            "prices: has to be a function of (provider, model, prompt_tokens, completion_tokens); this one ",
        ),
        (coroutine, "there is nobody to await this one"),
    ],
)
def test_mistakes_are_found_at_set_up(wrong: Any, message: str) -> None:
    with pytest.raises(SettingError) as error:
        Prices(wrong)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((-1, 2), SettingError),
        ((1, math.inf), SettingError),
        ((1, "2"), SettingTypeError),
        ((1, 2, 3), SettingTypeError),
    ],
)
def test_a_price_is_checked(arguments: tuple[Any, ...], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Price(*arguments)


def test_any_callable_will_do() -> None:
    def scaled(factor: float, provider: str, model: str, prompt_tokens: int, completion_tokens: int) -> float:
        return factor * (prompt_tokens + completion_tokens)

    cost = Prices(functools.partial(scaled, 2.0)).cost("openai", "gpt-4o", 7, 5)
    assert cost is not None
    assert cost.total_cost == 24.0


def costs(recorder: Recorder, **answer: Any) -> CostDetails | None:
    """What the END of a call says that it cost."""
    with recorder.model("openai", "gpt-4o") as call:
        call.response("Hello", **answer)
    end = recorder.events[-1]
    assert end.type is EventType.MODEL_INVOCATION_END
    return end.cost


def test_the_end_of_a_call_says_what_it_cost() -> None:
    recorder = Recorder.to("memory:", prices=TABLE)
    cost = costs(recorder, prompt_tokens=412, completion_tokens=38)
    assert cost == Prices(TABLE).cost("openai", "gpt-4o", 412, 38)
    assert costs(recorder, total_tokens=450) is None
    assert costs(Recorder.to("memory:"), prompt_tokens=412, completion_tokens=38) is None


def test_what_a_program_knows_itself_goes_before_the_prices() -> None:
    recorder = Recorder.to("memory:", prices=TABLE)
    expected = CostDetails(provider="openai", input_tokens=4, output_tokens=3, total_tokens=7, total_cost=0.5)
    for cost in (0.5, Decimal("0.5"), {"total_cost": 0.5, "currency": "USD"}):
        assert costs(recorder, prompt_tokens=4, completion_tokens=3, cost=cost) == replace(expected, currency="USD")
    own = CostDetails(total_cost=0.5, currency="EUR")
    assert costs(recorder, prompt_tokens=4, completion_tokens=3, cost=own) == replace(expected, currency="EUR")


@pytest.mark.parametrize("wrong", ["dear", {"price": 1}, -1, True])
def test_a_cost_that_is_none_loses_no_event(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert costs(Recorder.to("memory:"), prompt_tokens=4, cost=wrong) is None
    assert "could not be recorded" in caplog.text


def test_a_call_that_failed_costs_what_it_had_used() -> None:
    recorder = Recorder.to("memory:", prices=TABLE)
    with suppress(ValueError), recorder.model("openai", "gpt-4o") as call:
        call.response("{", prompt_tokens=412, completion_tokens=38)
        raise ValueError("no JSON")
    cost = recorder.events[-1].cost
    assert cost is not None
    assert cost.total_cost == 0.00141


def test_wrong_prices_are_found_when_the_recorder_is_made() -> None:
    with pytest.raises(SettingError, match="a function, or 'genai', not 'openai'"):
        Recorder.to("memory:", prices="openai")


def test_genai_prices_is_asked_where_installed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed("genai_prices")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    prices = Prices("genai")
    for provider in ("openai", "", "unknown"):
        cost = prices.cost(provider, "gpt-4o-2024-08-06", 1_000_000, 500_000)
        assert cost is not None
        assert (cost.input_cost, cost.output_cost, cost.total_cost, cost.currency) == (2.5, 5.0, 7.5, "USD")
        assert (cost.provider, cost.total_tokens) == (provider, 1_500_000)
    for provider in ("openai", "nobody"):
        assert prices.cost(provider, "none-such", 1, 1) is None
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
        "There is no price for the model 'none-such' of 'openai': genai-prices knows none",
        "There is no price for the model 'none-such' of 'nobody': genai-prices knows none",
    ]


def test_genai_prices_that_is_missing_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(
        SettingError, match=r"needs the package genai-prices .* pip install 'chaukas-spec-lite\[prices\]'"
    ):
        Prices("genai")
