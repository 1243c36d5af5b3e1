"""The database's folder: how the paths of a request name it, and with which credentials its server is reached."""

from __future__ import annotations

from typing import Final

from iea_fleet.diagnosis.parts import Parts
from iea_fleet.model.desired import DesiredShare
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import PathName, ShareLogon

DATABASE: Final = "IEA_DATABASE"
"""The name that a profile's paths hold between percent signs for the database's folder."""
FOLDER: Final = f"%{DATABASE}%"


def database_access(profile: Profile, desired: DesiredShare) -> Parts:
    """What every sheet needs that reads something in the database's folder; empty when no place of it is known.

    Args:
        profile: where the application keeps the folder's path.
        desired: a path that is given comes before the application's own setting; credentials for its server.
    """
    if desired.path is not None:
        name = PathName(name=DATABASE, text=desired.path)
    elif profile.database is not None:
        name = PathName(name=DATABASE, at=profile.database.folder.at)
    else:
        return Parts()
    connect = None
    if desired.path is not None and desired.username is not None and desired.password is not None:
        connect = ShareLogon(path=desired.path, username=desired.username, password=desired.password)
    return Parts(names=(name,), connect=connect)
