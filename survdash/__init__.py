"""survdash: cancer survival prediction from whole-slide images and gene tables (research use only)."""

__version__ = "0.1.0"
