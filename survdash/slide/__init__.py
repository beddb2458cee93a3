"""Whole-slide images: reading, tissue, tiles, overlay."""

import logging

# They quote what a file says in its header, which may be a patient's name; what is wrong with a file we say ourselves.
for _name in ("tifffile", "pydicom"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
