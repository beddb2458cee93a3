"""What works on this machine, what does not, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys

from survdash import __version__
from survdash.data_folder import prepare_data_folder
from survdash.erase import how_deleted
from survdash.errors import SurvdashError
from survdash.settings import settings
from survdash.usecases.library import list_artefacts, list_cohorts, list_problems


def examine() -> dict[str, object]:
    """Look at the data folder, encoders, device, models and the worker.

    Returns
    -------
    dict
        ``problems`` lists what does not work, each with what to do; the rest are facts.
    """
    problems: list[str] = []
    facts: dict[str, object] = {
        "survdash": __version__, "python": sys.version.split()[0], "cores": os.cpu_count(),
        "data_dir": str(settings().data_dir),
    }
    facts |= _disk(problems)
    if problems:  # without a data folder nothing else can be looked at
        return facts | {"problems": problems}
    facts |= _device(problems) | _encoders(problems) | _models(problems)
    from survdash.jobs.worker import is_worker_alive

    return facts | {"worker_alive": is_worker_alive(), "problems": problems}


def _disk(problems: list[str]) -> dict[str, object]:
    folder = settings().data_dir
    try:
        prepare_data_folder()
    except SurvdashError as error:
        problems.append(str(error))
        return {}
    except OSError as error:
        problems.append(f"The data folder cannot be made ({error.strerror}). Set SURVDASH_DATA_DIR to one that can.")
        return {}
    if not os.access(folder, os.W_OK):
        problems.append("The data folder cannot be written. Set SURVDASH_DATA_DIR to one that can.")
    return {"free_gb": round(shutil.disk_usage(folder).free / 1e9, 1), "deleting": how_deleted()}


def _device(problems: list[str]) -> dict[str, object]:
    from survdash.features.encoders import choose_device

    try:
        return {"device": choose_device(settings().device)}
    except SurvdashError as error:
        problems.append(str(error))
        return {"device": None}


def _encoders(problems: list[str]) -> dict[str, object]:
    from survdash.features.registry import DEFAULT_ENCODER, ENCODERS, DownloadedWeights, weights_file

    ready = []
    for name, spec in ENCODERS.items():
        if isinstance(spec.weights, DownloadedWeights):
            path = settings().data_dir / "weights" / spec.weights.file_name
            if not path.exists():  # fetched when it is first used; looking must not start a download
                continue
        try:
            weights_file(name)
        except SurvdashError as error:
            problems.append(str(error))
        else:
            ready.append(name)
    if DEFAULT_ENCODER not in ready:
        problems.append(f"The embedded encoder {DEFAULT_ENCODER} is not ready. Run: make setup")
    return {"encoders_ready": ready, "encoders_to_download": [name for name in ENCODERS if name not in ready]}


def _models(problems: list[str]) -> dict[str, object]:
    broken = []
    for artefact in list_artefacts():
        try:
            for name in artefact.card.files:
                artefact.file(name)
        except SurvdashError as error:
            broken.append(str(error))
    problems += [*list_problems(), *broken]
    return {"cohorts": [one.name for one in list_cohorts()], "models": [one.card.name for one in list_artefacts()]}
