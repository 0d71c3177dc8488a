"""Records against the standard decorator: what is true of one is true of the other."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.model import frozen
from waypost.core.model.frozen import dataclass, factory, field


@dataclass(frozen=True, slots=True)
class Pair:
    """A value, one with a default, and one that is made."""

    left: int
    right: str = "r"
    made: dict[str, int] = field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    left: int
    right: str = "r"
    made: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclass(slots=True)
class Mutable:
    count: int
    make0: str = "a name that the code of every record uses too"


@dataclass(frozen=True, slots=True)
class Two:
    left: int
    right: str


@dataclass(frozen=True, slots=True)
class One:
    put: float


@dataclass(frozen=True, slots=True)
class Empty:
    pass


@given(left=st.integers(), right=st.text(), made=st.none() | st.dictionaries(st.text(), st.integers()))
def test_says_what_the_standard_decorator_says(left: int, right: str, made: dict[str, int] | None) -> None:
    """Values, repr, replace and asdict are those of a standard dataclass of the same fields."""
    given_ = () if made is None else (made,)
    ours, theirs = Pair(left, right, *given_), Standard(left, right, *given_)
    assert repr(ours) == repr(theirs).replace("Standard", "Pair")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert dataclasses.asdict(dataclasses.replace(ours, left=1)) == {"left": 1, "right": right, "made": made or {}}
    assert Pair.__match_args__ == Standard.__match_args__
    assert Pair.__slots__ == Standard.__slots__


@given(left=st.integers(), other=st.integers())
def test_equality_and_hash_go_by_the_values(left: int, other: int) -> None:
    """Two records are equal where class and values are; the hash is that of the tuple of values."""
    assert (Two(left, "") == Two(other, "")) is (left == other)
    assert hash(Two(left, "")) == hash((left, ""))
    assert hash(One(1.5)) == hash((1.5,))
    assert Pair(left).__eq__(Standard(left)) is NotImplemented
    assert Empty() == Empty()
    nan = float("nan")
    assert One(nan) == One(nan), "as tuples do, which is what the standard decorator compares"


def test_a_factory_makes_one_value_for_each_record() -> None:
    """Two records never share what a factory made, and a given value is kept as it is."""
    kept: dict[str, int] = {}
    assert Pair(1).made is not Pair(1).made
    assert Pair(1, made=kept).made is kept


def test_a_frozen_record_cannot_be_changed() -> None:
    """Setting, adding and deleting are refused with the standard error, and the value stays."""
    pair = Pair(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'left'"):
        pair.left = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'left'"):
        del pair.left
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair.more = 2  # type: ignore[attr-defined]
    assert pair.left == 1


def test_a_mutable_record_has_slots_and_no_hash() -> None:
    """Its fields can be set, nothing else can, and it is no key."""
    one = Mutable(1)
    one.count += 1
    assert (one.count, one.make0) == (2, "a name that the code of every record uses too")
    with pytest.raises(AttributeError):
        one.more = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_copies_and_pickles() -> None:
    """A copy, a deep copy and a pickled record equal the first."""
    pair = Pair(1, made={"a": 1})
    assert copy.copy(pair) == pair
    assert copy.deepcopy(pair) == pair
    assert pickle.loads(pickle.dumps(pair)) == pair


@pytest.mark.parametrize(
    ("given_", "named", "message"),
    [
        ((), {}, r"Pair\.__init__\(\) missing 1 required positional argument: 'left'"),
        ((1,), {"more": 1}, r"Pair\.__init__\(\) got an unexpected keyword argument 'more'"),
        ((1, "", {}, 1), {}, r"Pair\.__init__\(\) takes from 2 to 4 positional arguments but 5 were given"),
    ],
)
def test_wrong_arguments_are_told_by_name(given_: tuple[Any, ...], named: dict[str, Any], message: str) -> None:
    """The errors of a call name the class and the field, as if the code had been written for it."""
    with pytest.raises(TypeError, match=message):
        Pair(*given_, **named)


def test_a_function_makes_what_the_class_makes() -> None:
    """`factory`: the same record of the same arguments, defaults and made values included, as frozen as the class's."""
    pair = factory(Pair)
    assert pair(1) == Pair(1)
    assert pair(made={"a": 1}, left=2, right="x") == Pair(2, "x", {"a": 1})
    assert pair(1).made is not pair(1).made
    assert type(pair(1)) is Pair
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair(1).left = 2  # type: ignore[misc]
    assert factory(One)(1.5) == One(1.5)
    assert factory(Empty)() == Empty()
    one = factory(Mutable)(1)
    one.count += 1
    assert one == Mutable(2)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'left'"):
        pair()  # type: ignore[call-arg]


def test_a_standard_dataclass_is_its_own_function() -> None:
    """The standard decorator can take the place of ours in a module without another change there."""
    assert factory(Standard) is Standard


def test_what_it_cannot_make_is_refused() -> None:
    """A base class, a field outside of `__init__` and a default before a field without one fail at the class."""
    with pytest.raises(TypeError, match=r"only dataclasses\.dataclass can make it"):
        frozen.record()(type("Below", (Mutable,), {"__annotations__": {"x": "int"}}))
    with pytest.raises(TypeError, match=r"only dataclasses\.dataclass can make it"):
        frozen.record()(type("Hidden", (), {"__annotations__": {"x": "int"}, "x": dataclasses.field(init=False)}))
    with pytest.raises(TypeError, match="comes after one with a default"):
        frozen.record()(type("Order", (), {"__annotations__": {"x": "int", "y": "int"}, "x": 1}))


def test_matches_by_position() -> None:
    """`match` takes the fields in their order."""
    match Pair(1, "x"):
        case Pair(left, right):
            assert (left, right) == (1, "x")


def test_no_source_is_compiled_for_a_second_record_of_a_shape() -> None:
    """What makes it cheap: one compilation for each number of fields, none for a further class."""
    script = """
import builtins, sys
from waypost.core.model.frozen import record
made = []
sys.addaudithook(lambda event, args: made.append(args) if event == "compile" else None)
for name in ("A", "B", "C"):
    record(frozen=True)(type(name, (), {"__annotations__": {"x": "int", "y": "int"}}))
print(len(made))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
