"""Ansible's lookup `iea_keyring`: a password out of the system's keyring, for inventories that hold none."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: iea_keyring
author: iea-fleet
short_description: A password from this machine's keyring
version_added: "0.2.0"
description:
  - Gives the password that the keyring of this machine and user holds for an account. It is read when a host is
    connected to, and written nowhere.
  - Put one there with C(keyring set iea-fleet ACCOUNT).
requirements: [keyring (Python package; the extra C(keyring) of iea-fleet)]
options:
  _terms:
    description: Accounts, as C(keyring set) was told them.
    required: true
  service:
    description: Name under which the keyring holds them.
    type: str
    default: iea-fleet
"""

EXAMPLES = r"""
# group_vars/site_riviere/main.yml
ansible_user: 'RIVIERE\iea-admin'
ansible_password: "{{ lookup('iea_keyring', ansible_user) }}"
"""

RETURN = r"""
_raw:
  description: One password for each account.
  type: list
  elements: str
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """The plugin, under the name by which Ansible finds it."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """One password for each account of `terms`.

        Raises: AnsibleError, with what to do, when the package is missing or the keyring has no such password.
        """
        self.set_options(var_options=variables, direct=options)
        service = self.get_option("service")
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            raise AnsibleError(
                "iea_keyring: the package keyring is missing. Install it with pip install 'iea-fleet[keyring]'."
            ) from error
        passwords = []
        for account in terms:
            try:
                password = keyring.get_password(service, account)
            except KeyringError as error:
                # What a keyring says of itself holds no password.
                raise AnsibleError(f"iea_keyring: the keyring can't be read: {str(error)[:200]}. Unlock it.") from error
            if not password:
                raise AnsibleError(
                    f"iea_keyring: the keyring has no password for {account}. "
                    f"Put it there with: keyring set {service} '{account}'"
                )
            passwords.append(password)
        return passwords
