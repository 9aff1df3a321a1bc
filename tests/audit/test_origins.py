"""The names of logs: each tenant has one, and no two tenants have the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.audit.merkle import EMPTY_ROOT
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.origins import origin_of, tenant_of


@pytest.mark.parametrize(
    ("tenant_id", "origin"),
    [
        ("", "example.com/c/tenant/"),
        ("acme", "example.com/c/tenant/acme"),
        ("a-b._~9", "example.com/c/tenant/a-b._~9"),
        ("acme/eu", "example.com/c/tenant/acme%2Feu"),
        ("a+b c\n", "example.com/c/tenant/a%2Bb%20c%0A"),
        ("Zürich", "example.com/c/tenant/Z%C3%BCrich"),
        ("%41", "example.com/c/tenant/%2541"),
    ],
)
def test_a_tenant_has_an_origin(tenant_id: str, origin: str) -> None:
    assert origin_of("example.com/c", tenant_id) == origin
    assert tenant_of(origin, "example.com/c") == tenant_id


@pytest.mark.parametrize(
    "origin",
    [
        *("example.com/c", "example.com/c/tenant", "example.com/d/tenant/acme", "example.com/c/tenant/%41"),
        *("example.com/c/tenant/a/b", "example.com/c/tenant/%c3%bc", "example.com/c/tenant/%FF", ""),
    ],
)
def test_what_is_no_origin_of_the_key_is_nobodys(origin: str) -> None:
    assert tenant_of(origin, "example.com/c") is None


@given(st.text())
def test_every_origin_fits_into_a_checkpoint(tenant_id: str) -> None:
    origin = origin_of("log", tenant_id)
    assert tenant_of(origin, "log") == tenant_id
    text = f"{Checkpoint(origin, 0, EMPTY_ROOT).note()}\u2014 k AAAAAAAA\n"
    assert Checkpoint.of(SignedNote.parse(text)).origin == origin


def test_half_a_surrogate_pair_has_an_origin_too() -> None:
    assert origin_of("log", "\ud800") == "log/tenant/%ED%A0%80"
    assert tenant_of("log/tenant/%ED%A0%80", "log") is None
