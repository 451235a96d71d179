"""A correct function library on NumPy, and ways to get one thing wrong."""

from __future__ import annotations

import functools
from typing import ClassVar

import attrs
import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.execution import FunctionEntry, FunctionLibrary, FunctionParameter
from openhcs_host.testing.functions import FunctionsKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}
BEHIND = "wave"  # a module that nobody else imports stands for the library behind


class ThisKit(FunctionsKit, abstract=True):
    libraries = (BEHIND,)
    keywords: ClassVar = {"gain": {"factor": 2}}


def gain(stack, factor, offset=3):
    return stack * np.uint16(factor) + np.uint16(offset)


def centred(stack, volume=False):
    axes = None if volume else (1, 2)
    return stack - stack.mean(axis=axes, keepdims=True)


def spread(stack):
    return stack - stack.mean()


def measured(stack):
    labels = (stack > 1000).astype(np.int32)
    return labels, [{"plane": z, "area": int(plane.sum())} for z, plane in enumerate(labels)]


FACTOR = FunctionParameter("factor", "int")
OFFSET = FunctionParameter("offset", "int", "3")
VOLUME = FunctionParameter("volume", "bool", "False")


class Base(FunctionLibrary):
    """Four functions: with keywords, of either scope, of volumes, with a table."""

    entries: ClassVar = {
        "gain": FunctionEntry("gain", "numpy", "Multiply.", parameters=(FACTOR, OFFSET)),
        "centred": FunctionEntry("centred", "numpy", "Centre.", scope="either", parameters=(VOLUME,)),
        "spread": FunctionEntry("spread", "numpy", "Centre all.", scope="volume"),
        "measured": FunctionEntry("measured", "numpy", "Measure.", outputs=("labels", "table")),
    }
    functions: ClassVar = {"gain": gain, "centred": centred, "spread": spread, "measured": measured}
    change: ClassVar = {}
    instead: ClassVar = {}

    def __init_subclass__(cls) -> None:
        cls.key = cls.__name__
        PLUGINS[cls.key] = cls
        changed = {name: attrs.evolve(cls.entries[name], **how) for name, how in cls.change.items()}
        cls.entries = {**cls.entries, **changed}
        cls.functions = {**cls.functions, **cls.instead}

    def catalogue(self):
        return tuple(self.entries.values())

    def function(self, name):
        return self.functions[name]


class reference(Base):
    pass


class reference_of_few(Base):
    def catalogue(self):
        return (self.entries["gain"],)

    def function(self, name):
        if name != "gain":
            raise LookupError(name)
        return gain


class name_twice(Base):
    change: ClassVar = {"spread": {"name": "gain"}}


class name_with_a_colon(Base):
    change: ClassVar = {"spread": {"name": "all:spread"}}

    def function(self, name):
        return self.functions[name.removeprefix("all:")]


class memory_type_unknown(Base):
    change: ClassVar = {"measured": {"memory_type": "nunpy"}}

    def function(self, name):
        return self.functions[name]


class no_summary(Base):
    change: ClassVar = {"gain": {"summary": ""}}


class table_first(Base):
    change: ClassVar = {"measured": {"outputs": ("table", "labels")}}


class volume_not_listed(Base):
    change: ClassVar = {"centred": {"parameters": ()}}


class default_is_no_python(Base):
    change: ClassVar = {"gain": {"parameters": (FACTOR, attrs.evolve(OFFSET, default="<none>"))}}


class catalogue_grows(Base):
    asked = 0

    def catalogue(self):
        self.asked += 1
        return (*super().catalogue(), *[FunctionEntry("gain2", "numpy", "Again.")] * (self.asked > 1))

    def function(self, name):
        return self.functions[name.removesuffix("2")]


class catalogue_imports_the_library(Base):
    def catalogue(self):
        __import__(BEHIND)
        return super().catalogue()


class unknown_names_are_functions(Base):
    def function(self, name):
        return self.functions.get(name, spread)


class unknown_names_are_none(Base):
    def function(self, name):
        return self.functions.get(name)


def flat(stack):
    return stack.max(axis=0) - stack.mean()


class planes_lose_their_axis(Base):
    instead: ClassVar = {"spread": flat}


def listed(stack):
    return [plane - stack.mean() for plane in stack]


class stack_is_a_list(Base):
    instead: ClassVar = {"spread": listed}


def unmeasured(stack):
    return measured(stack)[0]


class table_forgotten(Base):
    instead: ClassVar = {"measured": unmeasured}


def floating(stack):
    labels, table = measured(stack)
    return labels.astype(float), table


class labels_are_floating(Base):
    instead: ClassVar = {"measured": floating}


def ragged(stack):
    labels, table = measured(stack)
    return labels, [*table, {"other": 1}]


class rows_are_ragged(Base):
    instead: ClassVar = {"measured": ragged}


def inplace(stack):
    stack += 1
    return stack


class writes_into_its_stack(Base):
    instead: ClassVar = {"spread": inplace}


class planes_are_mixed(Base):
    change: ClassVar = {"spread": {"scope": "slice"}}


class default_is_another(Base):
    change: ClassVar = {"gain": {"parameters": (FACTOR, attrs.evolve(OFFSET, default="4"))}}


def lenient(stack, factor=2, offset=3):
    return gain(stack, factor, offset)


class nothing_must_be_given(Base):
    instead: ClassVar = {"gain": lenient}


def careless(stack, **words):
    return spread(stack)


class unknown_keywords_are_ignored(Base):
    instead: ClassVar = {"spread": careless}


def noisy(stack):
    return stack - stack.mean() + np.random.default_rng().random(stack.shape)


class every_call_is_another(Base):
    instead: ClassVar = {"spread": noisy}


class cannot_be_pickled(Base):
    def function(self, name):
        found = super().function(name)
        return functools.wraps(found)(lambda *stack, **words: found(*stack, **words))


@hookimpl
def openhcs_create_functions(key):
    return PLUGINS[key]()
