#!/bin/sh
# The main job on a fleet of 24 workstations in 6 associations, all on loopback: look, push, push again.
# Prints each command before it runs it; they are the same against real workstations, with their own inventory.
set -u
folder=$(mktemp -d "${TMPDIR:-/tmp}/iea-fleet-demo.XXXXXX")
export IEA_FLEET_STATE="$folder/state"
reports=${IEA_FLEET_DEMO_REPORTS:-demo}

close() {
    iea-fleet lab down
    rm -rf "$folder"
}
trap close EXIT
trap 'exit 130' INT TERM HUP

run() { # the highest exit code that is no failure of the demonstration, then the command
    most=$1
    shift
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
    code=$?
    if [ "$code" -gt "$most" ]; then
        printf 'The demonstration stops here: exit code %s.\n' "$code"
        exit "$code"
    fi
}

run 0 iea-fleet lab up --hosts 24 --sites 6 --port 0 --detach --inventory "$folder/inventory/hosts.yml"
run 4 iea-fleet push -i "$folder/inventory" --output "$reports/push"
# What was mended stays mended: nothing changes any more. What only a person can mend is still told.
run 4 iea-fleet push -i "$folder/inventory" --output "$reports/second-push"
printf '\nThe reports: %s/push/ and %s/second-push/ (report.html opens in any browser).\n' "$reports" "$reports"
