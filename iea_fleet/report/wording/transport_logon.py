"""English words for logons, certificates and what the inventory says about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "transport.logon_refused": Words(
        title="Logon refused",
        explanation=(
            "{host} rejected the logon of {account}: wrong password, locked or disabled account, wrong domain, or no "
            "right to log on. It was not tried again, so that the account is not locked. Nothing was written."
        ),
        next_step=(
            "Check user name and password in the vault; see whether the account is locked. The event log Security "
            "(4625) of the workstation has the reason."
        ),
    ),
    "transport.logon_refused_local_account": Words(
        title="Logon of a local account refused",
        explanation=(
            "{host} rejected the logon of the local account {account}: the password is wrong or the account locked, or "
            "the password is right and Windows filters network logons of local administrators (UAC). It was not "
            "tried again. Nothing was written."
        ),
        next_step=(
            "First check the password. If it is right, use a domain account or the built-in Administrator; or set "
            "LocalAccountTokenFilterPolicy to 1 (DWORD, HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies"
            "\\System), knowing that a stolen password of a local administrator then opens the workstation over the "
            "network."
        ),
    ),
    "transport.logon_method_not_offered": Words(
        title="Logon method not offered",
        explanation="{host} offers {offered} for the logon, and the inventory says {methods}. Nothing was written.",
        next_step=(
            "Set ansible_winrm_transport in the inventory to ntlm or kerberos where the workstation offers Negotiate. "
            "Leave Basic switched off."
        ),
    ),
    "transport.encryption_required": Words(
        title="Encryption required",
        explanation=(
            "{host} refuses unencrypted messages over HTTP (AllowUnencrypted is false, as it should be). Nothing was "
            "written."
        ),
        next_step=(
            "In the inventory, use ansible_winrm_transport ntlm or kerberos with ansible_winrm_message_encryption "
            "auto, or https on port 5986."
        ),
    ),
    "transport.access_denied": Words(
        title="No right to use WinRM",
        explanation=(
            "{host} accepted the logon of {account} and refused the shell (error {fault_code}): the account may not "
            "use remote management there, or antivirus forbids the command. Nothing was written."
        ),
        next_step=(
            "Make the account a member of Administrators, or of Remote Management Users with the rights that the "
            "sheet needs; see the antivirus' log for a blocked PowerShell."
        ),
    ),
    "transport.clock_skew": Words(
        title="Clocks too far apart",
        explanation=(
            "Kerberos refused the logon to {host} because two clocks are more than 5 minutes apart."
            "[ Clock of {host}: {host_clock}.][ Clock here: {our_clock}.] Nothing was written."
        ),
        next_step=(
            "Set the clock that is wrong: w32tm /resync on Windows, timedatectl here. Check the time zone too. If both "
            "are right, look at the domain controller's."
        ),
    ),
    "transport.clock_differs": Words(
        title="Clock is wrong",
        explanation=(
            "The clock of {host} is more than 5 minutes off[: {host_clock}, here it is {our_clock}]. Kerberos logons "
            "and certificates fail because of that."
        ),
        next_step="On the workstation: w32tm /resync, and see that the service Windows Time runs.",
    ),
    "transport.kerberos_name_unknown": Words(
        title="Kerberos does not know this name",
        explanation=(
            "The domain has no Kerberos service for the name {host}: an address instead of a name, an alias, or a "
            "missing service name (SPN). Nothing was written.[ Told: {message}]"
        ),
        next_step=(
            "Use the workstation's full DNS name as ansible_host, or set ansible_winrm_kerberos_hostname_override; "
            "setspn -L shows which names it has (WSMAN/..., HTTP/...)."
        ),
    ),
    "transport.kerberos_failed": Words(
        title="Kerberos logon failed",
        explanation="The Kerberos logon of {account} to {host} failed: {message} Nothing was written.",
        next_step="Try kinit with this account here; check the realm's KDC in krb5.conf, the DNS and the clocks.",
    ),
    "transport.kerberos_account": Words(
        title="Kerberos refuses the account",
        explanation=(
            "The domain refuses {account}: unknown name, wrong or expired password, locked or expired account. It was "
            "not tried again. Nothing was written.[ Told: {message}]"
        ),
        next_step="Check the account in the domain and its password in the vault.",
    ),
    "transport.credssp_failed": Words(
        title="CredSSP came to no end",
        explanation=(
            "The CredSSP logon of {account} to {host} was broken off before a password left this machine: {message} "
            "The versions of both sides don't fit, or somebody stands between. Nothing was written."
        ),
        next_step=(
            "Find out who answers at this address. If it is the workstation, update its Windows (CVE-2018-0886), or "
            "use ntlm or kerberos, which hand no password on."
        ),
    ),
    "transport.client_certificate_refused": Words(
        title="Client certificate refused",
        explanation=(
            "{host} takes no logon with the certificate of the inventory: no local account is mapped to it, it has "
            "ended, its authority is not trusted there, or logons by certificate are off.[ Told: {message}] Nothing "
            "was written."
        ),
        next_step=(
            "On the workstation: winrm get winrm/config/service/auth must say Certificate = true; winrm enumerate "
            "winrm/config/service/certmapping shows which certificates are which accounts. A mapping holds the "
            "account's password: after a change of it, make the mapping anew."
        ),
    ),
    "transport.credentials_delegated": Words(
        title="Credentials were handed on",
        explanation=(
            "The inventory lets {host} have the credentials of {account} (CredSSP or Kerberos delegation). Whoever "
            "controls the workstation can use them on other machines."
        ),
        next_step=(
            "Keep it to the workstations that need it, with an account that has few rights; else use ntlm or kerberos "
            "without delegation."
        ),
    ),
    "transport.certificate_expired": Words(
        title="Certificate has expired",
        explanation=(
            "The certificate of {host} is no longer valid: {certificate_subject}, from {certificate_from} until "
            "{certificate_until}, SHA-256 {certificate_sha256}. Nothing was sent, nothing written."
        ),
        next_step=(
            "Give its HTTPS listener a new certificate (from the company's authority if there is one). Don't switch "
            "the check off."
        ),
    ),
    "transport.certificate_not_yet_valid": Words(
        title="Certificate is not valid yet",
        explanation=(
            "The certificate of {host} begins in the future: {certificate_subject}, from {certificate_from} until "
            "{certificate_until}. Nothing was sent, nothing written."
        ),
        next_step="Check the clock here first; if it is right, renew the certificate with the workstation's clock set.",
    ),
    "transport.certificate_name": Words(
        title="Certificate is for another name",
        explanation=(
            "The certificate that answers at {host} is for another name: {certificate_subject}, SHA-256 "
            "{certificate_sha256}. It may be another machine. Nothing was sent, nothing written."
        ),
        next_step=(
            "Use the name of the certificate as ansible_host, or give the listener a certificate for the name in the "
            "inventory. If neither fits, find out who answers at this address."
        ),
    ),
    "transport.certificate_untrusted": Words(
        title="Certificate is not trusted",
        explanation=(
            "The certificate of {host} is self-signed or from an authority that is not known here: "
            "{certificate_subject}, issued by {certificate_issuer}, SHA-256 {certificate_sha256}[ ({reason})]. "
            "Nothing was sent, nothing written."
        ),
        next_step=(
            "Compare the SHA-256 on the workstation itself. If it is right, put the certificate or its authority into "
            "a file and name it in ansible_winrm_ca_trust_path (psrp: ansible_psrp_ca_cert)."
        ),
    ),
    "transport.certificate_pin": Words(
        title="Not the certificate of the inventory",
        explanation=(
            "{host} shows another certificate than the inventory names (iea_certificate_sha256): {certificate_subject}"
            ", SHA-256 {certificate_sha256}. It may be another machine, or somebody on the way. Nothing was sent, "
            "nothing written."
        ),
        next_step=(
            "Ask the association whether the certificate was renewed, compare the SHA-256 on the workstation itself, "
            "and only then put the new one into the inventory."
        ),
    ),
    "transport.certificate_expires": Words(
        title="Certificate ends soon",
        explanation="The certificate of {host} ({certificate_subject}) ends on {certificate_until}.",
        next_step="Renew it before that day: afterwards no push reaches this workstation.",
    ),
    "transport.certificate_not_checked": Words(
        title="Certificate was not checked",
        explanation=(
            "The inventory says not to check the certificate of {host} (ansible_winrm_server_cert_validation: ignore), "
            "so anybody on the way could have answered."
        ),
        next_step="Name the certificate's authority in ansible_winrm_ca_trust_path and remove the exception.",
    ),
    "transport.tls_failed": Words(
        title="TLS failed",
        explanation=(
            "No encrypted connection to {host}, port {port}, came about[: {message}]. Its Windows may speak old TLS "
            "versions only, or the port speaks no TLS. Nothing was written."
        ),
        next_step="Allow TLS 1.2 on the workstation; check that the HTTPS listener has this port and a certificate.",
    ),
    "transport.tls_spoken_to_http": Words(
        title="HTTP port, HTTPS asked",
        explanation=("Port {port} of {host} does not speak TLS, and the inventory says https. Nothing was written."),
        next_step=(
            "Set ansible_port to the HTTPS listener (5986), or ansible_winrm_scheme to http with ntlm or kerberos "
            "encryption."
        ),
    ),
    "transport.basic_in_clear": Words(
        title="Password would travel in clear",
        explanation=(
            "The inventory says Basic over HTTP for {host}: user name and password of {account} would cross the "
            "network readable. {host} was not asked."
        ),
        next_step="Use https, or ansible_winrm_transport ntlm or kerberos, which encrypt over HTTP.",
    ),
    "transport.credentials_missing": Words(
        title="No user name or password",
        explanation="The inventory has no user name or no password for {host}. It was not asked.",
        next_step="Set ansible_user and ansible_password, in a file encrypted with ansible-vault.",
    ),
}
"""By code."""
