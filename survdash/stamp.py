"""The line that stands on everything that leaves the house: what made it, of which state, and for what use.

It is in the reader's language, as the figure above it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from survdash import __version__
from survdash.artefact import INTENDED_USE
from survdash.language import tr
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
        words = tr("cohort {cohort} (simulated patients)", cohort=cohort) if provenance.get("simulated") \
            else tr("cohort {cohort}", cohort=cohort)
        parts.append(_with_state(words, str(provenance.get("cohort_digest") or "")))
    if model := provenance.get("model"):
        version = provenance.get("model_version") or tr("not known")
        parts.append(tr("model {model}, version {version}", model=model, version=version))
    if versions := provenance.get("model_versions"):
        parts.append(_with_state(tr("{count} models", count=len(versions)), digest(dict(versions))))
    return " · ".join([*parts, tr(INTENDED_USE)])


def _with_state(words: str, hash_: str) -> str:
    return tr("{words}, state {state}", words=words, state=hash_[:SHOWN_DIGITS]) if hash_ else words
