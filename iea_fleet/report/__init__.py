"""What people read of a run: a table on the terminal, one HTML page, CSV and JSON. Pure functions of a `RunView`."""

from __future__ import annotations

from iea_fleet.report.data import render_csv, render_json
from iea_fleet.report.page import render_html
from iea_fleet.report.table import render_table, summary
from iea_fleet.report.view import Group, HostRow, RunView, SettingRow, host_row

__all__ = [
    "Group",
    "HostRow",
    "RunView",
    "SettingRow",
    "host_row",
    "render_csv",
    "render_html",
    "render_json",
    "render_table",
    "summary",
]
