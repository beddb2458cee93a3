"""Who may do what: roles, and the cohorts that each person may see.

Where nobody has to sign in, whoever sits at this machine may do everything, as on the command line and in the worker.
Where people sign in (``docs/deploy.md``), the file of the setting ``access_file`` says what each of them may do:

.. code-block:: yaml

    users:
      anna@hospital.org: {role: admin}
      ben@hospital.org: {role: analyst, cohorts: [demo, blca]}
    others: {role: viewer, cohorts: [demo]}   # everybody else who can sign in; without this line they may do nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from survdash.errors import AccessError, InputError
from survdash.settings import settings

Action = Literal["view", "export", "predict", "import", "train", "delete", "audit"]
Role = Literal["viewer", "analyst", "admin"]
VIEWER: frozenset[Action] = frozenset({"view"})
ANALYST: frozenset[Action] = VIEWER | {"export", "predict", "import", "train"}
ADMIN: frozenset[Action] = ANALYST | {"delete", "audit"}
ROLES: Mapping[Role, frozenset[Action]] = MappingProxyType({"viewer": VIEWER, "analyst": ANALYST, "admin": ADMIN})
MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody and what they may do.

    Parameters
    ----------
    name : str
        As the login names them; "" for whoever sits at this machine.
    actions : frozenset of str
    cohorts : frozenset of str or None
        Names of the cohorts they may see; None for all.
    """

    name: str
    actions: frozenset[Action]
    cohorts: frozenset[str] | None = None

    def may(self, action: Action, cohort: str | None = None) -> bool:
        """Whether they may do this, to this cohort where one is named."""
        return action in self.actions and (cohort is None or self.cohorts is None or cohort in self.cohorts)


ASK = "Ask an administrator of this server."
WORDS: Mapping[Action, str] = MappingProxyType({
    "view": "to look at results", "export": "to export", "predict": "to predict new cases",
    "import": "to import cohorts", "train": "to train models", "delete": "to delete",
    "audit": "to read the audit log",
})  # fmt: skip
LOCAL = Visitor(name="", actions=ADMIN)
T = TypeVar("T")
_acting: ContextVar[Visitor | None] = ContextVar("acting", default=None)


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    cohorts: tuple[str, ...] | None = None


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    users: dict[str, _Rule] = {}
    others: _Rule | None = None


class _Door:
    """Who is asking: the web server names a function that tells, every other process is its owner's own."""

    who: Callable[[], Visitor] = staticmethod(lambda: LOCAL)


def ask_at_the_door(who: Callable[[], Visitor]) -> None:
    """From now on ``current`` asks this function; the web server sets it once, before the first page."""
    _Door.who = staticmethod(who)


def current() -> Visitor:
    """Who is asking now."""
    return _acting.get() or _Door.who()


def acting_for(visitor: Visitor, function: Callable[[], T]) -> Callable[[], T]:
    """The same function, run for somebody who was asked before: a file that is made later, in a thread of its own."""

    def run() -> T:
        token = _acting.set(visitor)
        try:
            return function()
        finally:
            _acting.reset(token)

    return run


def require(action: Action, cohort: str | None = None) -> Visitor:
    """Return who is asking, if they may do this.

    Raises
    ------
    AccessError
        If they may not. A cohort that somebody may not see is named no further than they named it themselves.
    """
    visitor = current()
    if not visitor.may(action):
        raise AccessError(f"Your role does not allow this ({WORDS[action]}).", hint=ASK)
    if not visitor.may(action, cohort):
        raise AccessError("This cohort is not open to you.", hint=ASK)
    return visitor


def allowed_cohorts(names: Iterable[str]) -> list[str]:
    """Those of the cohorts that whoever is asking may see."""
    visitor = current()
    return [name for name in names if visitor.may("view", name)]


def visitor_of(name: str) -> Visitor:
    """What the access file says of somebody who has signed in; names are compared without regard to case.

    Raises
    ------
    AccessError
        If it does not name them, nor everybody else.
    InputError
        If there is no such file, or it is malformed.
    """
    rules = _read_rules(settings().access_file)
    known = {user.casefold(): rule for user, rule in rules.users.items()}
    rule = known.get(name.casefold(), rules.others)
    if rule is None:
        raise AccessError(f"{name} may sign in but has no access to this server.", hint="Ask an administrator for it.")
    cohorts = None if rule.cohorts is None else frozenset(rule.cohorts)
    return Visitor(name=name, actions=ROLES[rule.role], cohorts=cohorts)


def _read_rules(path: Path | None) -> _Rules:
    hint = "docs/deploy.md shows one. Set SURVDASH_ACCESS_FILE to its path."
    if path is None:
        raise InputError("People sign in to this server, but no file says what they may do.", hint=hint)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path.name} is larger than 1 MB.", hint=hint)
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _Rules.model_validate(values or {})
    except InputError:
        raise
    except ValidationError as error:
        places = "; ".join(".".join(map(str, one["loc"])) + f": {one['msg']}" for one in error.errors()[:5])
        raise InputError(f"{path.name}: {places}.", hint=hint) from error
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{path.name} cannot be read ({type(error).__name__}).", hint=hint) from error
