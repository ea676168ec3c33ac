#!/usr/bin/env bash
# The main job on a generated case: Larkspur Wireless, a fictional carrier.
# Usage: tools/demo.sh CASE PEOPLE
set -euo pipefail
case_folder=$1 people=$2 data="${1}-data"
export AMENDS_CLOCK=2026-08-24T09:00:00+00:00   # the demo plays a week after the discovery
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
run() { say "$@"; "$@"; }

rm -rf "$case_folder" "$data"
printf 'The clock of this demo stands at 24 August 2026, a week after the discovery.\n'
run amends demo "$data" --people "$people" --seed 1
run bash "$data/add.sh" "$case_folder"
say amends run "$case_folder"
amends run "$case_folder" || [ $? -eq 10 ]   # 10: done, and decisions wait
run amends notices proofs "$case_folder" --sample 6
cat <<END

The report:        $case_folder/out/report.html
The list:          $case_folder/out/notification-list.xlsx  (.csv, .parquet)
Letters, as proofs: $case_folder/out/proofs/
Next: amends status $case_folder · amends decide $case_folder · amends notices seal $case_folder
END
