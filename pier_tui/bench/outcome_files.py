"""Reads the rows of a CSV, JSON lines, JSON or Parquet file. What the columns mean is `outcomes.py`.

Raises ConfigError with one sentence for a file that cannot be read.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pier_tui.bench.outcomes import Row
from pier_tui.errors import ConfigError

KINDS = "CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson), JSON (.json) or Parquet (.parquet)"


def rows_of(path: Path) -> list[Row]:
    """All rows of the file, as read; the kind is known by the ending."""
    ending = path.suffix.lower()
    if not path.is_file():
        raise ConfigError(f"{path} is not a file; give a file of outcomes as {KINDS}.")
    if ending in (".parquet", ".pq"):
        return _parquet(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8; save it as UTF-8, or as Parquet.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    match ending:
        case ".csv":
            return _csv(text, path, ",")
        case ".tsv":
            return _csv(text, path, "\t")
        case ".jsonl" | ".ndjson":
            return list(_json_lines(text, path))
        case ".json":
            return _json(text, path)
        case _:
            raise ConfigError(f"{path} has an ending that is not known; give {KINDS}.")


def _csv(text: str, path: Path, separator: str) -> list[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[Row] = []
    try:
        for number, row in enumerate(reader, 1):
            if row.pop(None, None) is not None:
                raise ConfigError(
                    f"{path}, row {number}: there are more cells than columns; quote cells that hold a {separator!r}."
                )
            rows.append(dict(row))
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: this is not CSV ({error}).") from None
    return rows


def _json_lines(text: str, path: Path) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _object(_parsed(line, path, f"row {number}"), path, number)


def _json(text: str, path: Path) -> list[Row]:
    whole = _parsed(text, path, "the file")
    if not isinstance(whole, list):
        raise ConfigError(f"{path} holds no list of rows; give a JSON list of objects, or JSON lines.")
    return [_object(row, path, number) for number, row in enumerate(whole, 1)]


def _parsed(text: str, path: Path, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}, {where}: this is not JSON ({error}).") from None


def _object(value: object, path: Path, number: int) -> Row:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}, row {number}: this is not an object with columns.")
    return value


def _parquet(path: Path) -> list[Row]:
    try:
        from pyarrow import ArrowException, parquet, types
    except ImportError:
        raise ConfigError(
            f"Reading {path.name} needs pyarrow: pip install 'pier-tui[parquet]', or give CSV or JSON lines."
        ) from None
    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError) as error:
        first = str(error).strip().splitlines() or ["unreadable"]
        raise ConfigError(f"{path} is not a Parquet file that can be read ({first[0].rstrip('.')}).") from None
    vectors = [f.name for f in table.schema if types.is_list(f.type) and types.is_floating(f.type.value_type)]
    plain = table.drop_columns(vectors) if vectors else table
    rows: list[dict[str, object]] = plain.to_pylist() or [{} for _ in range(table.num_rows)]
    # A number of a vector takes 4 or 8 bytes in an array, and 32 as an object of its own.
    for name in vectors:
        for row, vector in zip(rows, table.column(name).to_numpy(), strict=True):
            row[name] = vector
    return list(rows)
