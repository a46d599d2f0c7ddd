"""PostgreSQL by the hundred: rows by COPY, changes by one statement over arrays.

In: rows, or a statement that is meant for one row. Out: the same done for all of them at once. Next:
`plain_sql` and `dialect.execute_many`, where the connection is PostgreSQL's.

A row a statement costs PostgreSQL to read, plan, run and answer it: three times what the row costs.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Delete,
    Float,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Update,
)
from sqlalchemy.sql.compiler import SQLCompiler

from pipeline.store.driver import execute

_BIND = re.compile(r"%\((\w+)\)s(?:::\w+)?")
_TYPES = (
    (SmallInteger, "int2"),
    (BigInteger, "int8"),
    (Boolean, "bool"),
    (Float, "float8"),
    (Text, "text"),
    (LargeBinary, "bytea"),
)


def type_name(kind: Any) -> str:
    """What PostgreSQL calls a column's type; whole numbers unless it is one of those above."""
    return next((name for one, name in _TYPES if isinstance(kind, one)), "int4")


def copy_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert whole rows, in the order of the table's columns."""
    statement, types = _copy(table)
    driver: Any = connection.connection.driver_connection
    columns = zip(*rows, strict=True)
    texts = (column for column, kind in zip(columns, types, strict=True) if kind == "text")
    if "\0" in "".join(filter(None, chain.from_iterable(texts))):
        rows = [_without_nul(row) for row in rows]
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _without_nul(row: Sequence[Any]) -> list[Any]:
    """As `dialect.TextDumper` writes texts elsewhere."""
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row]


def array_text(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads it: the driver spells texts one by one, which costs ten times this."""
    if not isinstance(values[0], str):
        return "{" + ",".join(map(str, values)) + "}"
    whole = "\n".join(values)
    if "\\" in whole or '"' in whole:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(values) + '"}'


def _array(values: Sequence[Any]) -> str | list[Any]:
    """As `array_text` where that can spell all of them."""
    return array_text(values) if {type(value) for value in values} <= {str, int} else list(values)


def insert_unless_there(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> int:
    """The same, but leave out rows whose key is taken; how many were inserted. A column of one value
    travels as that."""
    columns = list(zip(*rows, strict=True))
    same = tuple(column.count(column[0]) == len(column) for column in columns[1:])
    same = (False, *same)
    scalars = [column[0] for column, alike in zip(columns, same, strict=True) if alike]
    arrays = [_array(column) for column, alike in zip(columns, same, strict=True) if not alike]
    return int(execute(connection, _unless_there(table, same), (*scalars, *arrays)).rowcount)


def run_for_all(
    connection: Connection, compiled: SQLCompiler, rows: Sequence[Mapping[str, Any]]
) -> None:
    """An UPDATE or DELETE of one row, for all of them in one statement."""
    names, text = _for_all(compiled)
    execute(connection, text, {name: [row[name] for row in rows] for name in names})


@lru_cache(maxsize=64)
def _copy(table: Table) -> tuple[str, tuple[str, ...]]:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    types = tuple(type_name(column.type) for column in table.columns)
    return f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)", types


@lru_cache(maxsize=64)
def _unless_there(table: Table, same: tuple[bool, ...]) -> str:
    columns: list[Column[Any]] = list(table.columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    types = [type_name(column.type) for column in columns]
    arrays = ", ".join(
        f"%s::{kind}[]" for kind, alike in zip(types, same, strict=True) if not alike
    )
    given = ", ".join(f"c{n}" for n, alike in enumerate(same) if not alike)
    chosen = ", ".join(
        f"%s::{kind}" if alike else f"c{n}"
        for n, (kind, alike) in enumerate(zip(types, same, strict=True))
    )
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {chosen}"
        f" FROM unnest({arrays}) AS given({given}) ON CONFLICT ({_key(table)}) DO NOTHING"
    )


def _key(table: Table) -> str:
    """The names that a row is known by: an id that was drawn for it is never taken."""
    unique = next((index for index in table.indexes if index.unique), table.primary_key)
    return ", ".join(f'"{column.name}"' for column in unique.columns)


@lru_cache(maxsize=64)
def _for_all(compiled: SQLCompiler) -> tuple[tuple[str, ...], str]:
    """The binds of the one row become columns of a table of arrays."""
    statement = compiled.statement
    assert isinstance(statement, Update | Delete)
    names = tuple(dict.fromkeys(_BIND.findall(str(compiled))))
    arrays = ", ".join(f"%({name})s::{type_name(compiled.binds[name].type)}[]" for name in names)
    table = f"unnest({arrays}) AS given({', '.join(names)})"
    body, condition = _BIND.sub(r"given.\1", str(compiled)).split(" WHERE ", 1)
    joined = "USING" if isinstance(statement, Delete) else "FROM"
    return names, f"{body} {joined} {table} WHERE {condition}"
