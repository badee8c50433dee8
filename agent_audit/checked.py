"""Values that are checked when they are made, and what is wrong with one in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agent_audit.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TABLES = ("dict_type", "model_type", "model_attributes_type")


class Checked(BaseModel):
    """A frozen value. What it is made of may hold a secret in the wrong place, so no message shows it.

    Raises:
        ConfigurationError: it is made of something that is wrong; of `model_validate` it is pydantic's own error.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(values, self_instance=self)
        except ValidationError as error:
            problems = {problem["loc"][:1]: problem for problem in error.errors(include_url=False)}
            told = "; ".join(": ".join([*map(str, place), plain(one)]) for place, one in problems.items())
            raise ConfigurationError(f"{type(self).__name__}: {told}") from None

    # As RootModel has it: without, pydantic would make what is read from a log by this, too.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def plain(problem: ErrorDetails) -> str:
    """What pydantic has against a value, in words for somebody who knows nothing of pydantic."""
    if problem["type"] == "extra_forbidden":
        return "there is no such name"
    if problem["type"] == "missing":
        return "it is missing"
    if problem["type"] in _TABLES:
        return "it should be names with values"
    return problem["msg"].removeprefix("Value error, ").replace("Input should", "it should", 1)
