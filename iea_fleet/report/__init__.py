"""What people read of a run, as pure functions of a `view.RunView`, in French and English.

`table` for the terminal (rich), `page` for one HTML file (jinja2), `data` for CSV and JSON, `wording` for the words of
findings. Import what is needed from there: this module imports nothing, so that a command that prints one line starts
without a template engine.
"""
