"""Which setting of the system gives the memory of a hash in small pages."""

from pathlib import Path

import pytest

from dragoman.hashing.huge_pages import setting_without_huge_pages


@pytest.mark.parametrize(
    ("told", "setting"),
    [
        ("[always] madvise never\n", None),
        ("always [madvise] never\n", "madvise"),
        ("always madvise [never]\n", "never"),
        ("", None),
        ("[\xe9]", None),
    ],
)
def test_only_always_gives_them_to_a_library_that_does_not_ask(tmp_path: Path, told: str, setting: str | None):
    file = tmp_path / "enabled"
    file.write_bytes(told.encode("latin-1"))
    assert setting_without_huge_pages(file) == setting


def test_a_kernel_without_them_has_nothing_to_set(tmp_path: Path):
    assert setting_without_huge_pages(tmp_path / "enabled") is None
