"""Values of numpy, pandas, pydantic and attrs (the extra `values`), and which modules are loaded for what."""

from __future__ import annotations

import enum
import subprocess
import sys
import uuid
from typing import Any

from chaukas_spec_lite import Event, LLMInvocation
from chaukas_spec_lite.lenient import encode
from tests.extras import needed
from tests.lenient.test_table import read, told
from tests.patience import HANG


def test_numpy() -> None:
    np = needed("numpy")
    values = {
        "whole": (np.int64(5), 5),
        "large": (np.uint64(2**64 - 1), str(2**64 - 1)),
        "small": (np.float32(1.5), 1.5),
        "long": (np.longdouble(1.5), 1.5),
        "nan": (np.float64("nan"), "NaN"),
        "true": (np.bool_(True), True),
        "text": (np.str_("a"), "a"),
        "time": (np.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        "length": (np.timedelta64(1500, "ms"), 1.5),
        "complex": (np.complex64(1j), "1j"),
        "none": (np.array(5), 5),
        "list": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        "objects": (np.array([uuid.UUID(int=0), None], dtype=object), [str(uuid.UUID(int=0)), None]),
        "record": (np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), [[1, 2.5]]),
        "image": (np.zeros((1000, 1000, 3), dtype="uint8"), "[an array of uint8, shape (1000, 1000, 3)]"),
    }
    assert read({name: value for name, (value, _) in values.items()}) == {k: want for k, (_, want) in values.items()}
    assert len(told(np.arange(10))) == 1
    invocation = LLMInvocation(prompt_tokens=np.int64(5), temperature=np.float32(0.5))
    assert encode(Event(llm_invocation=invocation)).conversions == []
    invocation.prompt_tokens = np.float64(5)
    event = Event.parse(encode(Event(llm_invocation=invocation)).data)
    assert event.llm_invocation == LLMInvocation(prompt_tokens=5, temperature=0.5)


def test_pandas() -> None:
    pd = needed("pandas")
    frame = pd.DataFrame({"a": [1, 2], "t": [pd.Timestamp("2026-01-02T03:04:05Z"), pd.NaT]})
    assert read(frame) == [{"a": 1, "t": "2026-01-02T03:04:05+00:00"}, {"a": 2, "t": None}]
    assert read({"s": pd.Series(["a", pd.NA]), "i": pd.Index([1]), "d": pd.Timedelta(seconds=2)}) == {
        "s": ["a", None] if pd.Series(["a", pd.NA]).dtype == object else ["a", "NaN"],
        "i": [1],
        "d": 2,
    }
    event = Event(event_id="e")
    event.timestamp = pd.NaT
    assert Event.parse(encode(event).data) == Event(event_id="e")
    assert read(pd.DataFrame({"a": range(100_001)})) == "[a DataFrame of shape (100001, 1)]"


class Color(enum.Enum):
    RED = "red"


def test_pydantic() -> None:
    pydantic = needed("pydantic")

    class Inner(pydantic.BaseModel):  # type: ignore[misc,name-defined]  # it may not be installed
        id: uuid.UUID = uuid.UUID(int=0)
        color: Color = Color.RED

    class Model(pydantic.BaseModel):  # type: ignore[misc,name-defined]  # the same
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True, extra="allow")
        inner: Inner = Inner()
        secret: pydantic.SecretStr = pydantic.SecretStr("s3cret")
        hidden: str = pydantic.Field("hidden", exclude=True)
        number: float = float("inf")
        odd: Any = None

    expected = {
        "inner": {"id": str(uuid.UUID(int=0)), "color": "red"},
        "secret": "**********",
        "number": "Infinity",
        "odd": None,
        "more": 1,
    }
    assert read(Model(more=1)) == expected
    # What pydantic has no JSON for; then all of it is converted here.
    assert read(Model(more=1, odd=1j)) == {**expected, "odd": "1j"}
    assert "s3cret" not in str(read(Model(odd=object())))
    model = Model()
    model.odd = model
    assert "Model" in str(read(model))
    assert Event.parse(encode(_with_message(pydantic)).data).message.text == "hi"


def _with_message(pydantic: Any) -> Event:
    event = Event()
    event.message = pydantic.create_model("Message", role=(str, "user"), text=(str, "hi"))()
    return event


def test_attrs() -> None:
    attrs = needed("attrs")

    @attrs.define
    class Slotted:
        a: int
        b: Any = None

    assert read(Slotted(1, {2: Slotted(3)})) == {"a": 1, "b": {"2": {"a": 3, "b": None}}}
    assert list(map(str, told(Slotted(1)))) == ["Event.metadata['k']: Slotted became a dict"]


LOADED = """
import sys, uuid
from chaukas_spec_lite import Event
{}
print(*sorted(name for name in sys.modules if name.startswith("chaukas_spec_lite.lenient")))
"""


def loaded(code: str) -> str:
    command = [sys.executable, "-c", LOADED.format(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=True).stdout.strip()


def test_what_converts_is_loaded_when_the_strict_encoder_has_failed() -> None:
    face = "chaukas_spec_lite.lenient chaukas_spec_lite.lenient.notes"
    assert loaded("") == ""
    ordinary = 'from chaukas_spec_lite.lenient import encode; encode(Event(metadata={"k": 1}))'
    assert loaded(ordinary) == face
    assert "lenient.values" in loaded(ordinary.replace("1", "uuid.uuid4()"))


def test_nothing_is_imported_to_recognise_a_value() -> None:
    code = (
        "from chaukas_spec_lite.lenient import encode; before = set(sys.modules); "
        "encode(Event(metadata={'k': [uuid.uuid4(), object()]})); "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    assert loaded(code).splitlines()[0] == "chaukas_spec_lite"
