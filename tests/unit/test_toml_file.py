"""The lines on which the keys of a TOML file stand."""

from pathlib import Path

import pytest

from contract.harness import toml_file
from contract.harness.errors import UsageError

TEXT = '''\
# a comment
top = 1
"a = b" = 2
[table]
list = [
  # key = 1
  "x",
]
long = """
[no.table]
key = 1
"""
inner.deep = 1
[[rows]]
name = "a"  # = 1
[rows.more]
x = 1
[[rows]]
name = """b"""
[rows."odd.]name"]
y = {z = 1}
[[rows.below]]
u = 1
[[rows.below]]
u = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a = b",), 3),
        (("table",), 4),
        (("table", "list"), 5),
        (("table", "long"), 9),
        (("table", "inner"), 13),
        (("table", "inner", "deep"), 13),
        (("rows",), 14),
        (("rows", 0), 14),
        (("rows", 0, "name"), 15),
        (("rows", 0, "more", "x"), 17),
        (("rows", 1), 18),
        (("rows", 1, "name"), 19),
        (("rows", 1, "odd.]name", "y"), 21),
        (("rows", 1, "odd.]name", "y", "z"), 21),
        (("rows", 1, "below", 1, "u"), 25),
        (("rows", 0, "missing"), 14),
        (("missing",), 1),
    ],
)
def test_each_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    """What is inside a value, or is not there, has the line of what is around it."""
    assert toml_file.parse(Path("a.toml"), TEXT).line(*path) == line


def test_windows_line_ends_count_as_one(tmp_path: Path) -> None:
    """A line is what an editor shows as one."""
    assert toml_file.parse(Path("a.toml"), TEXT.replace("\n", "\r\n")).line("rows", 1) == 18


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\na = =", "a.toml:2: is not"), (b"a =", "is not valid TOML"), (b"a = '\xff'", "is not valid TOML")],
)
def test_what_is_no_toml_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    """With the place, as the parser names it."""
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        toml_file.read(file)
