"""Everything survdash raises on purpose.

SurvdashError                     message: what is wrong and where; hint: what to do next
├── InputError (ValueError)       a file or argument that the user can repair
│   ├── ClinicalError             outcome or clinical columns
│   ├── GeneError                 gene tables
│   ├── SlideError                whole-slide images
│   ├── BagError                  bags of tile features
│   ├── CohortError               cohort folders and fold files
│   └── ArtefactError             trained models on disk
├── UnknownNameError (LookupError)  no such model, cohort, case, encoder
├── NotEnoughDataError            valid input, but no honest answer (no deaths, no tissue)
├── AccessError                   whoever asks may not do or see this
├── DownloadError                 something that should have come over the network
├── ProgramError                  another program that is not on this machine, or does not answer
└── Cancelled                     the user stopped the job; never shown as a fault
"""

from __future__ import annotations


class SurvdashError(Exception):
    """Root of the family.

    Parameters
    ----------
    message : str
        What is wrong, with the file, row or column it is about.
    hint : str, optional
        What the user can do next.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message, self.hint = message, hint

    def __reduce__(self) -> tuple[object, tuple[type[SurvdashError], str, str]]:
        # A keyword-only hint would be lost on the way home from a child process.
        return _rebuild, (type(self), self.message, self.hint)


class InputError(SurvdashError, ValueError):
    """A file or argument that the user can repair."""


class ClinicalError(InputError):
    """Follow-up, outcome or another clinical fact is missing or contradictory."""


class GeneError(InputError):
    """A gene table cannot be read or does not fit the model."""


class SlideError(InputError):
    """A slide cannot be opened, has no stated resolution, or is damaged."""


class BagError(InputError):
    """A bag of tile features is malformed or of another encoder."""


class CohortError(InputError):
    """A cohort folder or a fold file is malformed."""


class ArtefactError(InputError):
    """A trained model on disk is damaged or does not fit the input."""


class UnknownNameError(SurvdashError, LookupError):
    """No model, cohort, case or encoder has this name."""


class NotEnoughDataError(SurvdashError):
    """The input is valid but allows no honest answer."""


class AccessError(SurvdashError):
    """Whoever asks may not do or see this."""


class DownloadError(SurvdashError):
    """A file could not be fetched, or is not what its checksum says."""


class ProgramError(SurvdashError):
    """A program that this work needs is not on the machine, or does not answer."""


class Cancelled(SurvdashError):
    """The user stopped the work."""


def _rebuild(cls: type[SurvdashError], message: str, hint: str) -> SurvdashError:
    return cls(message, hint=hint)
