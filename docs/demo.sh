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

show() {
    if [ -t 1 ]; then printf '\n\033[1m$ %s\033[0m\n' "$*"; else printf '\n$ %s\n' "$*"; fi
}

# Exit codes 1 and 4 are no failure here: some workstations of this fleet can't be mended from afar.
expect() { # the highest exit code that is right, the one that came
    if [ "$2" -gt "$1" ]; then
        printf 'The demonstration stops here: exit code %s.\n' "$2"
        exit "$2"
    fi
}

set -- --hosts 24 --sites 6 --port 0 --detach --inventory "$folder/inventory/hosts.yml"
show iea-fleet lab up "$@"
iea-fleet lab up "$@"
expect 0 $?

set -- -i "$folder/inventory" --output "$reports"
show iea-fleet push "$@"
iea-fleet push "$@"
expect 4 $?

# What was mended stays mended, so nothing changes any more; its sum says so.
set -- -i "$folder/inventory" --output "$reports/second-push"
show "iea-fleet push $* | tail -n 1"
iea-fleet push "$@" >"$folder/second-push"
expect 4 $?
tail -n 1 "$folder/second-push"

printf '\n%s/report.html is the report to read; it opens in any browser. Closing the lab.\n' "$reports"
