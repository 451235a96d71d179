"""The error tree: each error is ours and the builtin a caller expects, and survives a pickle."""

from __future__ import annotations

import pickle
import re

import pytest

from openhcs_host import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code():
    drawn = re.findall(r"([A-Za-z]+Error)", errors.__doc__.split("::")[1].split("Each is")[0])
    ours = [name for name in drawn if hasattr(errors, name)]
    assert sorted(ours) == sorted(errors.__all__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_is_ours_says_its_message_and_survives_a_pickle(cls):
    error = (
        cls("numpy", "torch", "dlpack", "why") if cls is errors.MemoryConversionError else cls("what, where")
    )
    assert isinstance(error, errors.OpenHCSError)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls and str(copy) == str(error) == error.message


@pytest.mark.parametrize(
    ("cls", "builtin", "number"),
    [
        (errors.PathNotFoundError, FileNotFoundError, 2),
        (errors.PathExistsError, FileExistsError, 17),
        (errors.PathIsDirectoryError, IsADirectoryError, 21),
        (errors.PathNotDirectoryError, NotADirectoryError, 20),
        (errors.DirectoryNotEmptyError, OSError, 39),
    ],
)
def test_storage_errors_are_the_builtins_with_their_numbers(cls, builtin, number):
    error = cls("x")
    assert isinstance(error, builtin) and error.errno == number
