"""Figures of results that are already computed; each a pure function to a Plotly figure."""
