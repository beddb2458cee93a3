import pytest

from survdash.errors import InputError
from survdash.figures.learning import plot_learning_curves


def test_each_network_is_a_line_from_its_first_epoch():
    figure = plot_learning_curves([(1.5, 1.2, 1.0), (1.4, 1.1)])
    assert [trace.x for trace in figure.data] == [(1, 2, 3), (1, 2)]
    assert figure.data[1].y == (1.4, 1.1)
    assert [trace.showlegend for trace in figure.data] == [True, False]


def test_the_choice_of_epochs_is_marked_on_the_curve_that_made_it():
    inner = [{"training": [1.5, 1.2, 1.0], "validation": [1.6, 1.3, 1.4], "epochs": 2}]
    line, aside, chosen = plot_learning_curves([(1.5, 1.2)], inner).data
    assert (line.name, aside.name, chosen.name) == ("training", "patients set aside", "epochs chosen")
    assert (chosen.x, chosen.y) == ((2,), (1.3,))


@pytest.mark.parametrize("history", [[], [(), ()]])
def test_a_model_without_epochs_has_no_curve(history):
    with pytest.raises(InputError, match="epochs"):
        plot_learning_curves(history)
