"""What surrounds every threat: no proxy, authority or Ansible setting of the machine that runs the tests."""

from __future__ import annotations

import os

import pytest

_FOREIGN = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"}


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith(("ANSIBLE_", "IEA_FLEET_")):
            monkeypatch.delenv(name)
