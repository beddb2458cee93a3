from __future__ import annotations

import h5py
import numpy as np
import pytest

from survdash import usecases
from survdash.bag_file import BagFile, new_bag_file
from survdash.case import BagOrigin, Case
from survdash.errors import ArtefactError, BagError, InputError
from survdash.prediction import predict_case
from survdash.usecases.case_bags import read_case_bags
from survdash.usecases.library import open_run


@pytest.fixture
def own_bag(tmp_path):
    """The bag of the demo's first slide, in a file of its own as 'embed' writes it, and the bag itself."""
    cohort = usecases.open_cohort("demo")
    with BagFile(cohort.bag_path) as file:
        bag = file.read(file.slide_ids[:1])
    with new_bag_file(tmp_path / "slide.h5", bag.origin) as writer:
        writer.add_slide("slide", [(bag.features, bag.coords)], {})
    return tmp_path / "slide.h5", bag


def slide_model() -> str:
    return next(entry.name for entry in usecases.list_runs("demo") if entry.modalities == ("slide",))


def test_a_bag_is_scored_as_its_slide_would_be(own_bag):
    path, bag = own_bag
    made = usecases.predict(usecases.PredictRequest(run=slide_model(), bags=(path,), even_if_unlike=True))
    direct = predict_case(open_run("demo", slide_model()), Case(case_id="new-case", bag=bag))
    assert made.risk == direct.risk
    np.testing.assert_array_equal(made.survival, direct.survival)
    (facts,) = made.provenance["slides"]
    assert (facts["tiles"], facts["share"]) == (len(bag.features), 1.0)


def test_a_bag_of_another_encoder_is_refused_with_both_names(own_bag, tmp_path):
    _, bag = own_bag
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["features"] = bag.features
        file["features"].attrs["encoder"] = "uni_v1"
    with pytest.raises(ArtefactError) as caught:
        usecases.predict(usecases.PredictRequest(run=slide_model(), bags=(tmp_path / "other.h5",)))
    assert bag.origin.encoder in caught.value.message
    assert f"this bag comes from uni_v1 ({bag.origin.dim} wide)" in caught.value.message


def test_the_user_may_say_what_a_silent_file_was_made_by_and_two_unknown_ones_are_doubted(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 4), np.float32))
    np.save(tmp_path / "b.npy", np.zeros((1, 4), np.float32))
    paths = (tmp_path / "a.npy", tmp_path / "b.npy")
    stated = BagOrigin(encoder="uni_v1", weights="", dim=4)
    bag, facts, warnings = read_case_bags(paths, expected=stated, model="m", encoder="uni_v1")
    assert bag.slide_index.tolist() == [0, 0, 0, 1]
    assert ([fact["share"] for fact in facts], warnings) == ([0.75, 0.25], [])
    with pytest.raises(ArtefactError, match=r"of uni_v1 \(4 wide\); this bag comes from unknown encoder, 4 wide"):
        read_case_bags(paths, expected=stated, model="m")
    unknown = BagOrigin(encoder="unknown encoder, 4 wide", weights="", dim=4)
    assert "only their width was compared" in read_case_bags(paths, expected=unknown, model="m")[2][0]


def test_bags_that_cannot_be_are_refused(tmp_path, own_bag):
    path, _ = own_bag
    expected = BagOrigin(encoder="x", weights="", dim=4)
    np.save(tmp_path / "empty.npy", np.zeros((0, 4), np.float32))
    for bad, said in ((tmp_path / "absent.h5", "There is no bag file"), (tmp_path / "empty.npy", "holds 0 slides")):
        with pytest.raises(BagError, match=said):
            read_case_bags((bad,), expected=expected, model="m", encoder="x")
    with pytest.raises(InputError, match="given twice"):
        read_case_bags((path, path), expected=expected, model="m")
    with pytest.raises(InputError, match="Slides and bags"):
        usecases.predict(usecases.PredictRequest(run=slide_model(), bags=(path,), slides=(path,)))


def test_a_case_of_a_slide_level_table_is_scored_as_the_same_rows_of_the_cohort_are(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"P{i:02d},{1 + 30 * rng.random():.3f},{i % 2},{rng.normal():.4f}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["case_id,survival_months,censorship,TP53_rnaseq", *rows]))
    # A count that float16 does not hold, and a gap.
    vectors = [f"P{i:02d},{70000 + 1000 * i},{'' if i == 7 else f'{rng.normal():.4f}'}" for i in range(60)]
    (tmp_path / "f.csv").write_text("\n".join(["case_id,cells_HE,area_HE", *vectors]))
    usecases.import_cohort(tmp_path / "t.csv", name="mine", features=tmp_path / "f.csv")
    cohort = usecases.open_cohort("mine")
    model = usecases.crossval(cohort, usecases.make_recipe(cohort, model="cox_ridge", modalities=("slide",)))
    (tmp_path / "one.csv").write_text("\n".join(["case_id,cells_HE,area_HE", vectors[7].replace("P07", "new")]))
    asked = usecases.PredictRequest(
        cohort="mine", run=model.card.run, bags=(tmp_path / "one.csv",), even_if_unlike=True
    )
    with BagFile(cohort.bag_path) as file:
        (slide,) = cohort.slides_of("P07")
        direct = predict_case(model, Case(case_id="new-case", bag=file.read([slide])))
    assert usecases.predict(asked).risk == direct.risk
    (tmp_path / "one.csv").write_text("case_id,area_HE,cells_HE\nnew,1,2")
    with pytest.raises(ArtefactError, match="slide-level table"):
        usecases.predict(asked)
    (tmp_path / "one.csv").write_text("\n".join(["case_id,cells_HE,area_HE", *vectors[:2]]))
    with pytest.raises(BagError, match=r"holds 2 cases \(P00, P01\)"):
        usecases.predict(asked)
