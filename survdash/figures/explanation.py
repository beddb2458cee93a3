"""Why: shares in a risk as bars to either side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from survdash.errors import InputError
from survdash.figures.palette import HIGH, LOW, REFERENCE, dress
from survdash.figures.words import plain
from survdash.language import tr

ROW_PX = 26


def plot_shares(names: Sequence[str], shares: Sequence[float], *, told: Sequence[str] = ()) -> go.Figure:
    """Shares in a risk as bars, the first on top: to the right what raises it, to the left what lowers it.

    Parameters
    ----------
    names : sequence of N str
    shares : sequence of N float
    told : sequence of N str, optional
        What is said of each on hover.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the columns differ in length.
    """
    names = [plain(name) for name in names]
    words = [plain(word) for word in told] or [""] * len(names)
    if not len(names) == len(shares) == len(words):
        raise InputError(f"{len(names)} names, {len(shares)} shares and {len(words)} words are not one table.")
    values = np.asarray(shares, float)
    figure = go.Figure()
    for label, look, mine in ((tr("lowers the risk"), LOW, values < 0), (tr("raises the risk"), HIGH, values >= 0)):
        places = np.flatnonzero(mine).tolist()
        figure.add_bar(
            x=values[places], y=places, orientation="h", name=label, customdata=[words[place] for place in places],
            text=[names[place] for place in places], textposition="none",
            marker={"color": look.colour, "pattern": {"shape": look.pattern, "fillmode": "overlay", "size": 6}},
            hovertemplate=f"%{{text}}: %{{x:+.3g}}, {label}<br>%{{customdata}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": REFERENCE, "width": 1})
    dress(figure, height_px=110 + ROW_PX * max(2, len(names)))
    figure.update_layout(margin={"l": 10}, bargap=0.25, showlegend=True)
    reach = 1.05 * float(np.abs(values).max(initial=1e-9))
    figure.update_xaxes(title=tr("Share in the risk score"), range=[-reach, reach])
    return figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(names))), ticktext=list(names), range=[len(names) - 0.5, -0.5],
        automargin=True, showgrid=False,
    )  # fmt: skip
