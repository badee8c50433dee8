"""Results as Arrow tables and pandas frames: a row per model, a typed column per field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from agent_audit.errors import ConfigurationError


def to_arrow(kind: type[BaseModel], found: Sequence[BaseModel]) -> Any:
    """The models as a `pyarrow.Table`. The columns are typed even when there is no row.

    Raises:
        ConfigurationError: the extra `analysis` is not installed.
    """
    try:
        import pyarrow  # type: ignore[import-untyped,unused-ignore]  # comes with the extra
    except ImportError as error:
        raise ConfigurationError("Arrow needs an extra: pip install 'agent-audit-log[analysis]'") from error
    columns = {name: _arrow_type(pyarrow, field.annotation) for name, field in kind.model_fields.items()}
    schema = pyarrow.schema(list(columns.items()))
    return pyarrow.Table.from_pylist([row.model_dump() for row in found], schema=schema)


def to_pandas(kind: type[BaseModel], found: Sequence[BaseModel]) -> Any:
    """The same as a `pandas.DataFrame`.

    Raises:
        ConfigurationError: pandas or the extra `analysis` is not installed.
    """
    table = to_arrow(kind, found)
    try:
        return table.to_pandas()
    except ImportError as error:
        raise ConfigurationError("a data frame needs pandas: pip install pandas") from error


def _arrow_type(pyarrow: Any, annotation: Any) -> Any:
    inner = [part for part in get_args(annotation) if part is not NoneType]
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return _arrow_type(pyarrow, inner[0])
    if origin is tuple:
        return pyarrow.list_(_arrow_type(pyarrow, inner[0]))
    if origin is dict:
        return pyarrow.map_(pyarrow.string(), _arrow_type(pyarrow, inner[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return pyarrow.struct([(name, _arrow_type(pyarrow, field.annotation)) for name, field in fields])
    kinds = {bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64()}
    kinds[datetime] = pyarrow.timestamp("us", "UTC")
    return kinds.get(annotation, pyarrow.string())
