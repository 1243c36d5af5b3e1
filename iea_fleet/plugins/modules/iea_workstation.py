"""Documentation of the action iea_workstation; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iea_workstation
short_description: Brings one workstation's Impact emploi association to the state that the vendor's sheets describe
version_added: "0.1.0"
description:
  - Sends one small transaction to a Windows workstation and judges its answer. Everything that was asked for is read,
    the requirements are checked, and only when all hold is anything written; all of it or nothing.
  - One command a host over the connection; no module and no file is copied to the workstation, and it needs nothing
    but Windows PowerShell 5.1.
  - A round whose answer was lost is asked for again with the same transaction; the workstation answers from its
    journal and does nothing twice.
options:
  sheets:
    description: The vendor's sheets to deal with, all in one round.
    type: list
    elements: str
    choices: [connection, share, licence, session, assistance]
    default: [connection]
  profile:
    description:
      - The application profile, which names every place on the workstation.
      - The name of a shipped profile, or the path of a YAML file (what holds a slash or ends in C(.yml)).
    type: str
    required: true
  connection:
    description: The wanted state of the sheet "Mode de connexion au serveur".
    type: dict
    suboptions:
      mode:
        description: Mode of the connection.
        type: str
        choices: [secure, plain]
        default: secure
      authentication_url:
        description: Address of the authentication server.
        type: str
        default: https://impact-emploi.urssaf.fr
      update_url:
        description: Address of the update server.
        type: str
        default: https://impact-emploi.urssaf.fr/updates
      test_timeout_ms:
        description: Longest wait for one server test, in milliseconds, counted on the workstation.
        type: int
        default: 5000
      accept_status:
        description: Lowest and highest HTTP status that count as a successful test.
        type: list
        elements: int
        default: [200, 399]
      save:
        description: >-
          Write the settings that differ. Without it they are looked at only, and nothing waits for the server tests.
        type: bool
        default: true
      relaunch:
        description: Also relaunch the authentication with the server, and wait for the state that it brings about.
        type: bool
        default: false
  share:
    description: >-
      How the sheet "Base de données inaccessible" looks at the database's folder, and what it may do when that is not
      reached. After a restart the round waits for the workstation's return, as long as C(deadline_s) allows.
    type: dict
    suboptions:
      path:
        description: The folder; empty or absent, it is what the application's own setting says.
        type: str
      as_whom:
        description:
          - As whom to look. C(logon) is the account of the logon, with the credentials below when given; C(machine)
            the workstation's own account; C(user) the person who is logged on.
        type: list
        elements: str
        choices: [logon, machine, user]
        default: [logon]
      username:
        description: Account for the share; empty or absent, none.
        type: str
      password:
        description: Its password. It is in no result and in no output.
        type: str
      write:
        description: Also make a file in the folder and remove it again.
        type: bool
        default: false
      test_timeout_ms:
        description: Longest wait for one step towards the server, in milliseconds, counted on the workstation.
        type: int
        default: 5000
      mend:
        description: What may be done; a restart of the workstation has to be named.
        type: list
        elements: str
        choices: [start_service, reconnect, restore_drive, restart]
        default: [start_service, reconnect, restore_drive]
      restart_ask:
        description: A person who is logged on can say no to a restart.
        type: bool
        default: true
      restart_delay_s:
        description: Seconds between the warning and the restart. 0 to 600.
        type: int
        default: 60
  licence:
    description: Which rows of « Gestion des licences par poste » to reset.
    type: dict
    suboptions:
      reset:
        description: The rows, each with C(licence) and C(workstation); no other is touched.
        type: list
        elements: dict
        default: []
      undo:
        description: Resets to take back, each with C(before) and C(after) as an answer told them.
        type: list
        elements: dict
        default: []
  session:
    description: Which of the application's open sessions to release (« Déconnecter »).
    type: dict
    suboptions:
      release:
        description: Release stale sessions; without it they are listed only.
        type: bool
        default: false
      user:
        description: Only this user's; empty or absent, anybody's.
        type: str
      workstation:
        description: Those of this workstation; empty or absent, of the one that is asked.
        type: str
      force:
        description: Also a live session, whose program is running or of which that is not known.
        type: bool
        default: false
  assistance:
    description: What assistance mode should be.
    type: dict
    suboptions:
      mode:
        description: The mode.
        type: str
        choices: [as_is, "on", "off"]
        default: as_is
      password:
        description: The password of the day, which turning it off needs. It is in no result and in no output.
        type: str
  read_only:
    description: Look and compare only, as a report does. What is not as wanted is then no failure of the task.
    type: bool
    default: false
  computer_name:
    description: Name that the workstation must answer with, without case; empty or absent, it is not checked.
    type: str
  machine_id:
    description: Machine id that the workstation must answer with; empty or absent, it is not checked.
    type: str
  certificate_sha256:
    description:
      - SHA-256 of the certificate that the workstation must show over HTTPS, as hexadecimal digits, colons allowed.
        It is then accepted and no other is, whoever issued it.
      - Empty or absent, issuer, name and dates are checked, as the connection's own variables say.
    type: str
  deadline_s:
    description: Time for the whole round in seconds, connecting and retries included. 2 to 3000.
    type: int
    default: 120
  maintenance_windows:
    description:
      - When a restart of the workstation may be begun, such as C(mon-fri 20:00-06:00) or C(sat,sun 00:00-24:00), by
        this machine's clock and the site's time zone; empty or absent, at any time.
      - A restart that is due at another time is not begun. That it waits, and until when, is a finding and a warning,
        and then no failure of the task.
    type: list
    elements: str
    default: []
  timezone:
    description: The site's time zone, a name of the IANA time zone database.
    type: str
    default: Europe/Paris
  state_folder:
    description: Folder on the workstation for journal and lock; names in percent signs are expanded there.
    type: str
    default: '%ProgramData%\iea-fleet'
attributes:
  check_mode:
    description: Predicts what would change; writes nothing.
    support: full
  diff_mode:
    description: Shows each setting and each record before and after.
    support: full
  platform:
    description: Windows 10, Windows Server 2016 and newer, with PowerShell 5.1.
    platforms: windows
    support: full
notes:
  - Works with the connections C(winrm) and C(psrp); any other is refused.
  - Basic over HTTP is refused except to this machine's own loopback addresses.
author:
  - iea-fleet maintainers
"""

EXAMPLES = r"""
- name: Set the connection as the vendor's sheet says
  iea_workstation:
    profile: lab

- name: Look only
  iea_workstation:
    profile: ./profiles/ours.yml
    read_only: true

- name: Release stale sessions and take the workstation out of assistance mode, in one round
  iea_workstation:
    sheets: [session, assistance]
    profile: ./profiles/ours.yml
    session:
      release: true
    assistance:
      mode: "off"
      password: "{{ vault_password_of_the_day }}"

- name: Another update server, on the workstation that is meant and no other
  iea_workstation:
    profile: lab
    connection:
      update_url: https://updates.example.org
    computer_name: PC-ACCUEIL
    deadline_s: 60
"""

RETURN = r"""
iea_fleet:
  description:
    - The outcome of this host. It is there in every result, also of a failed or unreachable host.
    - C(docs/schemas/outcome.json) describes it whole.
  returned: always
  type: dict
  contains:
    verdict:
      description: One of C(ok), C(changed), C(drift), C(unreachable), C(refused), C(failed), C(unknown), C(skipped).
      type: str
      sample: changed
    transaction:
      description: Name of the transaction in the workstation's journal; none when no request was built.
      type: str
      sample: 5f0c3a0a4d0b4f7f9d1c2b3a4e5f6071
    findings:
      description: What was found, the weightiest first.
      type: list
      elements: dict
      sample:
        - code: connection.corrected.mode
          sheet: connection
          case: 1
          severity: info
          evidence: {mode_before: plain, mode_after: secure}
    answer:
      description: What the workstation said, after validation; none when there was no answer.
      type: dict
      sample: {}
    attempts:
      description: How often the host was asked.
      type: int
      sample: 1
    traffic:
      description: Requests and bytes, counted in the client under TLS and message encryption.
      type: dict
      sample: {requests: 8, bytes_sent: 39162, bytes_received: 12492}
    elapsed_ms:
      description: Time of the round in milliseconds.
      type: int
      sample: 840
    detail:
      description: For a verdict without an answer, what the connection or the system said.
      type: str
      sample: "[Errno 111] Connection refused"
msg:
  description: Verdict and weightiest finding in one line.
  returned: always
  type: str
  sample: changed, connection.corrected.mode
diff:
  description: Each place whose value changed and each record that was released, or would be in check mode.
  returned: in diff mode, when there is an answer
  type: list
  elements: dict
  sample:
    - before_header: connection_mode C:\ProgramData\Impact emploi association\connexion.ini
      after_header: connection_mode C:\ProgramData\Impact emploi association\connexion.ini
      before: "Standard\n"
      after: "Sécurisé\n"
"""
