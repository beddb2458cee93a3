"""A new case, from files to prediction."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from survdash.errors import ArtefactError, GeneError, InputError, SlideError, UnknownNameError
from survdash.jobs.queue import file_job
from survdash.progress import Progress
from survdash.slide.reader import open_slide
from survdash.slide.rules import DEFAULT_TISSUE, TissueRule
from survdash.store import file_sha256
from survdash.usecases.analysis import export_prediction, prediction_from_json
from survdash.usecases.case_request import PredictRequest
from survdash.usecases.cases import (
    check_genes,
    check_slide,
    choose_run,
    model_for_command,
    predict,
    write_sample_case,
)
from survdash.usecases.library import open_run, run_folder
from survdash.usecases.queued import HANDLERS, job_prediction


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_sample_case(tmp_path_factory.mktemp("sample"))


def test_the_same_case_gives_the_same_bytes_here_and_in_a_worker(sample: tuple[Path, Path]) -> None:
    slide, genes = sample
    steps: list[str] = []

    def report(progress: Progress) -> None:
        steps.append(progress.step)

    here = predict(PredictRequest(slides=(slide,), genes=genes), report=report)
    payload = {"cohort": "demo", "run": "glg", "slides": [str(slide)], "genes": str(genes), "mpp": None,
               "age_years": None, "sex": None, "case_id": "new-case"}  # fmt: skip
    there = prediction_from_json(HANDLERS["predict_case"](payload, report, None))  # type: ignore[arg-type]
    assert export_prediction(here) == export_prediction(there)
    assert {"Reading genes", "Embedding", "Predicting"} <= set(steps)
    assert here.role == "new case"
    assert here.simulated
    assert here.modalities == ("genes", "slide")


def test_one_modality_is_answered_by_a_model_that_needs_no_other(sample: tuple[Path, Path]) -> None:
    slide, genes = sample
    assert choose_run(PredictRequest(genes=genes)).card.run == "glg-genes"
    assert choose_run(PredictRequest(slides=(slide,))).card.run == "glg-slide"
    assert predict(PredictRequest(genes=genes)).modalities == ("genes",)
    with pytest.raises(ArtefactError, match="no slide"):
        predict(PredictRequest(run="glg", genes=genes))
    with pytest.raises(UnknownNameError, match="nothing"):
        predict(PredictRequest())
    with pytest.raises(InputError):
        predict(PredictRequest(run="glg"))


def test_what_is_given_and_not_looked_at_is_said(sample: tuple[Path, Path]) -> None:
    slide, genes = sample
    unread = predict(PredictRequest(run="glg-genes", slides=(slide,), genes=genes, age_years=55)).warnings
    assert any("slide was not read" in warning for warning in unread)
    assert any("Age and sex were not used" in warning for warning in unread)
    overruled = predict(PredictRequest(run="glg-slide", slides=(slide,), mpp=0.25)).warnings
    assert any("states 0.5" in warning and "0.25" in warning for warning in overruled)


def test_several_slides_are_one_bag_and_each_keeps_its_share(sample: tuple[Path, Path], tmp_path: Path) -> None:
    first, _ = sample
    second, _ = write_sample_case(tmp_path / "other", number=1)
    tiles = [check_slide(path).tiles for path in (first, second)]
    made = predict(PredictRequest(run="glg-slide", slides=(first, second), mpp=(None, 0.52)))
    entries: list[dict[str, object]] = made.provenance["slides"]  # type: ignore[assignment]
    assert [(one["slide"], one["mpp"], one["mpp_source"]) for one in entries] == [(1, 0.5, "file"), (2, 0.52, "user")]
    assert entries[0]["tiles"] == tiles[0]
    assert sum(one["share"] for one in entries) == pytest.approx(1)  # type: ignore[misc]
    assert next(warning for warning in made.warnings if "used instead" in warning).startswith("Slide 2 states 0.5")
    turned = predict(PredictRequest(run="glg-slide", slides=(second, first), mpp=(0.52, None)))
    assert turned.risk == pytest.approx(made.risk, abs=1e-5)  # sums in another order round otherwise
    alone = predict(PredictRequest(run="glg-slide", slides=(first,)))
    assert alone.risk != pytest.approx(made.risk, abs=1e-5)


def test_a_model_of_normalised_slides_normalises_the_new_one_and_says_so(sample: tuple[Path, Path]) -> None:
    """The same networks under another card: what decides is what the model says of its training slides."""
    slide, _ = sample
    folder = run_folder("demo", "glg-slide-macenko")
    shutil.copytree(open_run("demo", "glg-slide").folder, folder)
    card = json.loads((folder / "card.json").read_text())
    card["name"], card["run"], card["bag_origin"]["stain"] = "demo-glg-slide-macenko", "glg-slide-macenko", "macenko"
    (folder / "card.json").write_text(json.dumps(card))
    plain = predict(PredictRequest(run="glg-slide", slides=(slide,)))
    made = predict(PredictRequest(run="glg-slide-macenko", slides=(slide,)))
    told = "Tiles were brought to a reference's colours (macenko), as those that the model learnt from."
    assert told in made.warnings
    assert told not in plain.warnings
    stains = [entry["stain"] for one in (plain, made) for entry in one.provenance["slides"]]  # type: ignore[attr-defined]
    assert stains == ["none", "macenko"]
    assert made.risk != pytest.approx(plain.risk, abs=1e-3)


def test_each_slide_has_its_own_rule_and_mask(sample: tuple[Path, Path], tmp_path: Path) -> None:
    first, _ = sample
    second, _ = write_sample_case(tmp_path / "other", number=1)
    mask = tmp_path / "mask.geojson"
    ring = [[0, 0], [1024, 0], [1024, 1024], [0, 1024]]
    mask.write_text(json.dumps({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
                                "properties": {"classification": "Ignore"}}))  # fmt: skip
    rules = (DEFAULT_TISSUE, TissueRule(otsu_share=0.5))
    tiles = [check_slide(first, areas=mask).tiles, check_slide(second, tissue=rules[1]).tiles]
    assert tiles[0] < check_slide(first).tiles
    made = predict(PredictRequest(run="glg-slide", slides=(first, second), tissue=rules, areas=(mask, None)))
    entries: list[dict[str, object]] = made.provenance["slides"]  # type: ignore[assignment]
    assert [one["tiles"] for one in entries] == tiles
    assert [one["tissue_rule"] for one in entries] == [{}, {"otsu_share": 0.5}]
    assert entries[0]["areas_sha256"] == file_sha256(mask)
    assert "areas_sha256" not in entries[1]
    told = [words for words in made.warnings if "rule other than the default" in words]
    assert len(told) == 1
    assert told[0].startswith("Slide 2: ")
    assert sum("drawn by hand" in words for words in made.warnings) == 1


def test_a_slide_given_twice_is_refused_before_any_work(sample: tuple[Path, Path], tmp_path: Path) -> None:
    slide, other = sample[0], write_sample_case(tmp_path / "other", number=1)[0]
    copy = tmp_path / "another name.tiff"
    copy.write_bytes(slide.read_bytes())
    steps: list[str] = []
    with pytest.raises(InputError, match="twice: slides 1 and 3"):
        predict(
            PredictRequest(run="glg-slide", slides=(slide, other, copy)), report=lambda one: steps.append(one.step)
        )
    assert "Embedding" not in steps
    with pytest.raises(InputError, match="2 resolutions are stated for 3"):
        predict(PredictRequest(run="glg-slide", slides=(slide, other, copy), mpp=(0.5, 0.5)))


def test_a_gene_table_with_too_few_genes_is_refused_with_the_count(sample: tuple[Path, Path], tmp_path: Path) -> None:
    table = pd.read_csv(sample[1])
    few = tmp_path / "few.csv"
    table.sample(frac=0.6, random_state=0).to_csv(few, index=False)
    with pytest.raises(GeneError, match=r"missing|found"):
        check_genes(few, cohort="demo")
    check = check_genes(sample[1], cohort="demo")
    assert check.missing == ()


def test_a_slide_without_resolution_is_looked_at_but_not_predicted(shared: Path) -> None:
    slide = shared / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    check = check_slide(slide)
    assert check.mpp is None
    assert check.tiles == 0
    assert check_slide(slide, mpp=0.5).tiles > 100
    with pytest.raises(SlideError, match="resolution"):
        predict(PredictRequest(slides=(slide,)))


KEEP_INK = TissueRule(exclude_ink=False)


def _ink(sample: tuple[Path, Path], path: Path, *, all_over: bool = False) -> Path:
    with open_slide(sample[0]) as slide:
        pixels = slide.thumbnail(100_000).copy()
    pixels[:, : pixels.shape[1] if all_over else 700] = (0, 130, 70)
    Image.fromarray(pixels).save(path)
    return path


def test_ink_is_left_out_unless_the_user_keeps_it_and_each_has_a_bag(
    sample: tuple[Path, Path], tmp_path: Path
) -> None:
    slide = _ink(sample, tmp_path / "inked.png")
    without, kept = check_slide(slide, mpp=0.5), check_slide(slide, mpp=0.5, tissue=KEEP_INK)
    assert without.ink_tiles == kept.ink_tiles > 0
    assert without.tiles + without.ink_tiles == kept.tiles
    assert f"Possible ink, {without.ink_tiles} tiles excluded." in without.warnings
    assert f"Possible ink, {kept.ink_tiles} tiles kept." in kept.warnings
    tiles = []
    for keep in (False, True):
        made = predict(PredictRequest(slides=(slide,), mpp=0.5, tissue=KEEP_INK if keep else DEFAULT_TISSUE))
        (entry,) = made.provenance["slides"]  # type: ignore[misc, attr-defined]
        tiles.append(entry["tiles"])
        assert entry["ink_kept"] is keep
    assert tiles == [without.tiles, kept.tiles]


def test_a_slide_of_ink_alone_is_shown_so_that_the_user_may_keep_it(
    sample: tuple[Path, Path], tmp_path: Path
) -> None:
    slide = _ink(sample, tmp_path / "ink.png", all_over=True)
    check = check_slide(slide, mpp=0.5)
    assert check.tiles == 0
    assert check.ink_tiles > 0
    assert "possible ink" in check.warnings[0]
    assert check_slide(slide, mpp=0.5, tissue=KEEP_INK).tiles == check.ink_tiles


def test_the_command_line_names_models_as_people_do() -> None:
    assert model_for_command("default") == ("demo", "default")
    assert model_for_command("demo-glg-genes") == ("demo", "glg-genes")
    assert model_for_command("snn") == ("demo", "snn")


def test_a_training_is_no_prediction() -> None:
    job = file_job("train_models", {"cohort": "demo", "models": ["snn"]})
    with pytest.raises(UnknownNameError, match="no prediction"):
        job_prediction(job)
