"""What the pages share: banner, error box, pickers, progress, cached loaders, uploads. Only here is streamlit seen."""
