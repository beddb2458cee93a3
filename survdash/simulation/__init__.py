"""Patients that never lived, with slides that are drawn: the demo cohort and the sample cases."""
