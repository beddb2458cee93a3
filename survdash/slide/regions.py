"""Connected parts of a mask, counted and painted by the runs of pixels in its rows.

A view has millions of pixels and some ten thousand runs: a count of pixels by runs takes a quarter of the time that one
over a picture of labels takes, and painting the parts to keep a third.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Connected parts of a mask; made by ``find_parts``.

    Parameters
    ----------
    labels : ndarray, shape (h, w)
        int32, the part of each pixel; 0 lies outside.
    pixels : ndarray, shape (n,)
        How many pixels each label has; 0 of label 0.
    edges : ndarray, shape (2 * r,)
        Where runs begin and end, in turn, counted over rows of w + 1 pixels of which the last is outside.
    of_run : ndarray, shape (r,)
        The part of each run.
    """

    labels: np.ndarray
    pixels: np.ndarray
    edges: np.ndarray
    of_run: np.ndarray

    def only(self, keep: np.ndarray) -> np.ndarray:
        """Where the parts to keep are.

        Parameters
        ----------
        keep : ndarray, shape (n,)
            bool; of label 0 it is not asked.

        Returns
        -------
        ndarray, shape (h, w)
            bool.
        """
        height, width = self.labels.shape
        if not keep[1:].any():
            return np.zeros((height, width), bool)
        painted = np.zeros(len(self.edges) + 1, bool)
        painted[1::2] = keep[self.of_run]
        flat = np.repeat(painted, np.diff(self.edges, prepend=0, append=height * (width + 1)))
        return np.ascontiguousarray(flat.reshape(height, width + 1)[:, :width])


def find_parts(mask: np.ndarray, *, connectivity: int = 8) -> Parts:
    """The connected parts of a mask.

    Parameters
    ----------
    mask : ndarray, shape (h, w)
        bool.
    connectivity : {4, 8}
        Whether pixels that touch at a corner alone belong together: 8, they do.
    """
    height, width = mask.shape
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)
    # A pixel outside before the first row and after each parts the runs.
    outlined = np.zeros(height * (width + 1) + 1, bool)
    outlined[1:].reshape(height, width + 1)[:, :width] = mask
    edges = np.flatnonzero(outlined[1:] != outlined[:-1])
    starts = edges[::2]
    of_run = labels.ravel()[starts - starts // (width + 1)]
    pixels = np.bincount(of_run, weights=edges[1::2] - starts, minlength=count).astype(np.int64)
    return Parts(labels=labels, pixels=pixels, edges=edges, of_run=of_run)
