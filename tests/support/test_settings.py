"""What a provider configures is read from inventory variables, or refused by its variable's name."""

from __future__ import annotations

import pytest

from iea_fleet.model.errors import InputError
from iea_fleet.rollout.settings import SUPPORT_VARIABLES, require_settings
from iea_fleet.support.credentials import find_credentials
from iea_fleet.support.settings import VENDOR_ADDRESS, SupportSettings, support_settings


def test_without_variables_mails_go_to_the_vendor_and_nowhere_by_themselves() -> None:
    settings = support_settings({"ansible_user": "x", "iea_profile": "lab"}, "inventory")
    assert settings == SupportSettings()
    assert (settings.to, settings.sender, settings.smtp_host) == (VENDOR_ADDRESS, None, None)


def test_every_variable_has_its_field() -> None:
    given = {
        "iea_support_to": "lab@example.org",
        "iea_support_from": "aide@info-assos.fr",
        "iea_support_signature": "Jeanne\n01",
        "iea_support_smtp_host": "smtp.info-assos.fr",
        "iea_support_smtp_port": "465",
        "iea_support_smtp_user": "aide",
        "iea_support_smtp_password_from": "keyring",
    }
    assert sorted(given) == list(SUPPORT_VARIABLES)
    assert support_settings(given, "inventory") == SupportSettings(
        to="lab@example.org",
        sender="aide@info-assos.fr",
        signature="Jeanne\n01",
        smtp_host="smtp.info-assos.fr",
        smtp_port=465,
        smtp_user="aide",
        smtp_password_from="keyring",
    )


def test_a_slip_in_the_variable_s_beginning_is_named_before_any_host_is_asked() -> None:
    variables = {"POSTE-12": {"ansible_connection": "winrm", "iea_profile": "lab", "iea_suport_from": "x@y.fr"}}
    with pytest.raises(InputError, match=r"the variable iea_suport_from\. Did you mean iea_support_from"):
        require_settings(["POSTE-12"], variables, "inventory")


def test_an_empty_variable_is_none_at_all() -> None:
    assert support_settings({"iea_support_from": "", "iea_support_smtp_host": None}, "inventory") == SupportSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "aide@info-assos.fr\r\nBcc: x@evil.example"),
        ("from", "Jeanne <aide@info-assos.fr>"),
        ("from", "no address"),
        ("from", "{{ address }}"),
        ("to", "x@y\n"),
        ("to", "é@example.org"),
        ("smtp_host", "smtp.example.org/evil"),
        ("smtp_port", 0),
        ("smtp_port", "many"),
        ("smtp_user", "a\r\nb"),
        ("smtp_password_from", "file"),
        ("signature", "x" * 1001),
        ("signature", {"__ansible_vault": "..."}),
    ],
)
def test_a_value_that_can_not_be_used_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"^POSTE-12: iea_support_{name} can't be used\. It must be "):
        support_settings({f"iea_support_{name}": value}, "POSTE-12")


def test_a_slip_of_the_pen_is_named_with_what_was_meant() -> None:
    with pytest.raises(InputError, match=r"the variable iea_support_form\. Did you mean iea_support_from"):
        support_settings({"iea_support_form": "x@y.fr"}, "inventory")


def test_without_an_account_no_logon_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IEA_FLEET_SMTP_USER", raising=False)
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", "p")
    assert find_credentials(SupportSettings()) is None


def test_the_account_is_the_environment_s_unless_the_inventory_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEA_FLEET_SMTP_USER", "env")
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", "s3cret")
    for settings, user in ((SupportSettings(), "env"), (SupportSettings(smtp_user="named"), "named")):
        found = find_credentials(settings)
        assert found is not None
        assert (found.user, found.password) == (user, "s3cret")
        assert "s3cret" not in repr(found)


def test_an_account_without_password_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IEA_FLEET_SMTP_PASSWORD", raising=False)
    with pytest.raises(InputError, match="the environment has no password for the account aide"):
        find_credentials(SupportSettings(smtp_user="aide"))
