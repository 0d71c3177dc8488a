"""`dataclass` for records: such classes as `dataclasses.dataclass` makes, without compiling source for each of them.

The standard decorator writes the source of every method of every class and compiles it while the program starts; with
more than a hundred records that is most of what importing Waypost costs. Here only ``__init__`` is a class's own, and
that is a copy of one code object per shape with the names put in. `dataclasses.fields`, `replace`, `asdict`, ``match``,
copying and pickling work as with the standard one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

_MISSING: Any = dataclasses.MISSING
_SEEN = {"__builtins__": {}, "put": object.__setattr__, "new": object.__new__, "missing": _MISSING}
"""The globals of each ``__init__`` and each `factory`."""

_shapes: dict[tuple[str, bool, int, tuple[int, ...]], CodeType] = {}

_FEW = 3
"""Up to so many fields, setting them past the frozen class costs less than changing the class twice."""


def record(*, frozen: bool = False, eq: bool = True, slots: bool = True) -> Callable[[type], type]:
    """A class decorator like `dataclasses.dataclass`. A record always has slots and never a record as its base.

    Raises:
        TypeError: when the class is made: it asks for something that only the standard decorator can do.
    """

    def decorate(cls: type) -> type:
        cls.__doc__ = cls.__doc__ or cls.__name__  # without one the standard decorator works a signature out
        cls = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        fields = dataclasses.fields(cls)
        if not slots or cls.__bases__ != (object,) or not all(map(_plain, fields)):
            raise TypeError(f"{cls.__qualname__}: only dataclasses.dataclass can make it")
        names = tuple(field.name for field in fields)
        init = _init(cls, fields, frozen)
        methods: dict[str, Any] = {"__init__": init, "__repr__": _repr}
        if eq:
            methods |= _equality(names, frozen)
        made = _slotted(cls, names, methods | (_FROZEN if frozen else {}))
        init.__globals__.update(thawed=type(cls.__name__, (), {"__slots__": names}), made=made)
        return made

    return decorate


def _factory(kind: type) -> Callable[..., Any]:
    """``kind`` as a plain function of the same arguments, for the records that every call makes.

    Calling a class packs keywords into a dict and takes them out again, which costs more than all the rest: the events
    of a call are made in a third of the instructions this way.
    """
    init: Any = kind.__init__  # type: ignore[misc]
    if getattr(init, "__globals__", {}).get("made") is not kind:
        return kind  # the standard decorator's
    function = _named("factory", dataclasses.fields(kind), kind.__setattr__ is _no_set, init.__globals__)
    function.__defaults__ = init.__defaults__
    return function


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field

    _Given = ParamSpec("_Given")
    _Kind = TypeVar("_Kind")

    def factory(kind: Callable[_Given, _Kind]) -> Callable[_Given, _Kind]: ...
else:
    dataclass, field, factory = record, dataclasses.field, _factory


def _plain(field: dataclasses.Field[Any]) -> bool:
    return field.init and field.compare and field.hash is None and not field.kw_only


def _slotted(cls: type, names: tuple[str, ...], methods: dict[str, Any]) -> type:
    """``cls`` made again, with slots; what it defines itself goes before ``methods``."""
    dropped = {*names, "__dict__", "__weakref__"}
    own = {key: value for key, value in cls.__dict__.items() if key not in dropped}
    made = type(cls)(cls.__name__, cls.__bases__, {**methods, **own, "__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...], frozen: bool) -> FunctionType:
    made = {f"make{at}": field.default_factory for at, field in enumerate(fields) if _makes(field)}
    optional = [field for field in fields if field.default is not _MISSING or _makes(field)]
    if optional != list(fields[len(fields) - len(optional) :]):
        raise TypeError(f"{cls.__qualname__}: a field without a default comes after one with a default")
    init = _named("__init__", fields, frozen, _SEEN | made)
    init.__defaults__ = tuple(field.default for field in optional)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _named(name: str, fields: tuple[dataclasses.Field[Any], ...], frozen: bool, seen: dict[str, Any]) -> FunctionType:
    """The function of that name of a record's shape, with the fields' names put in."""
    code = _code(name, frozen, len(fields), tuple(at for at, field in enumerate(fields) if _makes(field)))
    names = {f"a{at}": field.name for at, field in enumerate(fields)}
    code = code.replace(
        co_varnames=tuple(names.get(name, name) for name in code.co_varnames),
        co_names=tuple(names.get(name, name) for name in code.co_names),
        co_consts=tuple(names.get(value, value) if isinstance(value, str) else value for value in code.co_consts),
    )
    return FunctionType(code, seen, name)


def _makes(field: dataclasses.Field[Any]) -> bool:
    return field.default_factory is not _MISSING


def _code(name: str, frozen: bool, count: int, factories: tuple[int, ...]) -> CodeType:
    """The code of an ``__init__`` or a ``factory`` of ``count`` fields called ``a0``, ``a1``, ..., compiled once per
    shape.

    A frozen record is thawed while it is made: it is of a class with the same slots whose fields can be set in the
    ordinary way, which the interpreter does in a tenth of the time that `object.__setattr__` takes for each.
    """
    shape = (name, frozen, count, factories)
    if shape not in _shapes:
        whole = name == "factory"
        thaws = frozen and (whole or count > _FEW)
        lines = []
        if whole:
            lines.append(f"self = new({'thawed' if frozen else 'made'})")
        elif thaws:
            lines.append("put(self, '__class__', thawed)")
        for at in range(count):
            value = f"make{at}() if a{at} is missing else a{at}" if at in factories else f"a{at}"
            lines.append(f"put(self, 'a{at}', {value})" if frozen and not thaws else f"self.a{at} = {value}")
        if thaws:
            lines.append("self.__class__ = made")
        lines.append("return self" if whole else "pass")
        head = ", ".join([*([] if whole else ["self"]), *(f"a{at}" for at in range(count))])
        module = compile(f"def {name}({head}):\n " + "\n ".join(lines), "<record>", "exec")
        _shapes[shape] = next(value for value in module.co_consts if isinstance(value, CodeType))
    return _shapes[shape]


def _equality(names: tuple[str, ...], frozen: bool) -> dict[str, Any]:
    values: Callable[[Any], Any]
    if len(names) > 1:
        values = attrgetter(*names)
    else:  # `attrgetter` makes no tuple of one
        values = lambda self: tuple(getattr(self, name) for name in names)  # noqa: E731

    def equal(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": hashed if frozen else None}


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _no_set(_self: Any, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__slots__]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _no_set,
    "__delattr__": _no_delete,
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}
