"""The line that stands on everything that leaves the house: what made it, of which state, and for what use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from survdash import __version__
from survdash.artefact import INTENDED_USE
from survdash.store import digest

SHOWN_DIGITS = 12  # of a hash; enough to tell states apart, short enough to be read out


def stamp(provenance: Mapping[str, Any]) -> str:
    """One line from a provenance, as predictions and exports carry it.

    Parameters
    ----------
    provenance : mapping
        ``cohort`` and ``cohort_digest``; ``model`` and ``model_version``, or ``model_versions`` of several runs;
        ``software`` and ``simulated`` where they are known.

    Examples
    --------
    >>> stamp({"cohort": "demo", "cohort_digest": "0123456789abcdef", "software": "survdash 1"})
    'survdash 1 · cohort demo, state 0123456789ab · For research use only. Not for use in diagnostic procedures.'
    """
    parts = [str(provenance.get("software") or f"survdash {__version__}")]
    if cohort := provenance.get("cohort"):
        state = str(provenance.get("cohort_digest") or "")[:SHOWN_DIGITS]
        simulated = " (simulated patients)" if provenance.get("simulated") else ""
        parts.append(f"cohort {cohort}{simulated}" + (f", state {state}" if state else ""))
    if model := provenance.get("model"):
        parts.append(f"model {model}, version {provenance.get('model_version') or 'not known'}")
    if versions := provenance.get("model_versions"):
        parts.append(f"{len(versions)} models, state {digest(dict(versions))[:SHOWN_DIGITS]}")
    return " · ".join([*parts, INTENDED_USE])
