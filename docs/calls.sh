#!/bin/sh
# Plays the phone calls of docs/calls.md against a lab on loopback and prints that page:
#   sh docs/calls.sh > docs/calls.md
# What stands between the fences is what the commands printed; folders of the state are shortened to STATE.
set -eu
folder=$(mktemp -d "${TMPDIR:-/tmp}/iea-fleet-calls.XXXXXX")
export IEA_FLEET_STATE="$folder/state" COLUMNS=130 LC_ALL=C.UTF-8
inventory="$folder/inventory"
trap 'iea-fleet lab down >/dev/null 2>&1; rm -rf "$folder"' EXIT

iea-fleet lab up --hosts 8 --sites 4 --port 0 --detach --seed 5 --situation right --inventory "$inventory/hosts.yml" >"$folder/up"
host_names=$(iea-fleet lab status --json | python3 -c 'import json, sys; print(*(h["name"] for h in json.load(sys.stdin)))')
password=$(sed -n 's/^Password of the day.*: //p' "$folder/up")


call() { # title, which host of the lab, what is so there
    host=$(printf '%s' "$host_names" | cut -d ' ' -f "$2")
    printf '\n## %s\n\n' "$1"
    shift 2
    iea-fleet lab mend all >/dev/null
    iea-fleet lab break "$host" right >/dev/null
    for situation in "$@"; do iea-fleet lab break "$host" "$situation" >/dev/null; done
    printf 'Lab: `iea-fleet lab break %s %s`. ' "$host" "$*"
    seen
}

seen() { # the icon beside the clock, and what the application says when it is started
    iea-fleet lab status --json | python3 -c '
import json, sys
desk = next(host["desk"] for host in json.load(sys.stdin) if host["name"] == sys.argv[1])
said = " ".join(desk["message"].split())
print("Icon: " + desk["tray"].replace("_", " ") + ". " + (f"On the screen: « {said} »" if said else "The program opens."))' "$host"
}

answer() { # options of fix
    printf '\n```\n$ iea-fleet fix %s%s\n' "$host" "${*:+ $*}"
    code=0
    iea-fleet fix "$host" -i "$folder/inventory" --lang fr "$@" >"$folder/said" 2>&1 || code=$?
    sed "s|$folder/state|STATE|g" "$folder/said"
    printf '(exit code %s)\n```\n' "$code"
}

show() { # a command whose output is shown
    printf '\n```\n$ %s\n' "$*"
    "$@" 2>&1 | sed "s|$folder/state|STATE|g"
    printf '```\n'
}

cat <<'PAGE'
# Phone calls

An association calls, the technician types one line. Each call here was played against the lab; `docs/calls.sh` plays
them again and prints this page. `--yes` stands for the technician's « oui » at the question.
PAGE

call 'The database is not reached: mended' 2 share_session_stale
answer --yes

call 'The database is not reached: handed over' 2 share_server_off
answer --yes

call 'The access is blocked by a session that was left open' 3 session_stale
answer --yes

call 'The same licence on two workstations' 4 licence_twice
answer --yes
printf '\nThe reset can be taken back:\n'
answer --undo --yes

call 'The program does not start after an update: addresses from before the change' 5 old_http_urls
answer --yes

call 'Assistance mode was left on' 6 assistance_on
printf '\nWithout the password of the day, the mail that asks for it is drafted:\n'
answer --yes
printf '\nWith it, asked for at the terminal or taken from the environment:\n'
IEA_FLEET_ASSISTANCE_PASSWORD=$password
export IEA_FLEET_ASSISTANCE_PASSWORD
answer --yes
unset IEA_FLEET_ASSISTANCE_PASSWORD

call 'The red heart stays: handed over to the vendor' 7 red_heart_stays
answer --yes
printf '\nThe mail as it lies in the outbox:\n'
draft=$(iea-fleet outbox list --json | python3 -c '
import json, sys
print(next(one["id"] for one in json.load(sys.stdin) if one["host"] == sys.argv[1] and one["subject"].startswith("Serveur")))' "$host")
show iea-fleet outbox show "$draft"

call 'Three faults at once' 8 three_faults
answer --yes
