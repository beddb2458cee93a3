"""Networks: what each model computes, from tiles and gene groups to hazard logits.

``build`` makes a network by name, ``names`` lists them; neither costs torch until a network is built.
"""

from survdash.nets.registry import build, names

__all__ = ["build", "names"]
