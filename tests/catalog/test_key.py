"""Names of objects: a quoted one may hold whatever PostgreSQL allows, brackets and dots included."""

from __future__ import annotations

import pytest

from checks.catalog.key import Key, called, function_key

ODD = ['"a(b"', '"<img src=x onerror=alert(1)>"', '"x.y"', '"quo""te("']


@pytest.mark.parametrize("name", ODD)
def test_a_bracket_in_a_quoted_name_begins_no_arguments(name: str) -> None:
    bare = name[1:-1].replace('""', '"')
    assert (Key.table(name).home, Key.table(name).bare) == ("public", bare)
    assert (Key.table(f"sales.{name}").home, Key.table(f"sales.{name}").bare) == ("sales", bare)
    function = Key("function", "", f"sales.{name}(text, integer)")
    assert (function.home, function.bare) == ("sales", bare)
    assert called(function.own) == (f"sales.{name}", "text, integer")


def test_a_function_without_arguments_has_none() -> None:
    assert called(function_key("sales", "f", "").own) == ("sales.f", "")
