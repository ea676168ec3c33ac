#!/usr/bin/env bash
# The main job on a generated case: Larkspur Wireless, a fictional carrier.
# Usage: tools/demo.sh CASE PEOPLE          make the case, release it, publish it
#        tools/demo.sh CASE site [PORT]     open its public site
#        tools/demo.sh CASE console [PORT]  open its console
set -euo pipefail
case_folder=$1 what=$2 data="${1}-data" published="${1}-site" password="${1}-password.txt"
export AMENDS_CLOCK=2026-08-24T09:00:00+00:00   # the demo plays a week after the discovery
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
run() { say "$@"; "$@"; }

case $what in
  site) run exec amends site "$published" --port "${3:-8080}" ;;
  console) run exec amends console "$case_folder" --port "${3:-8700}" ;;
esac

rm -rf "$case_folder" "$data" "$published" "$password"
printf 'The clock of this demo stands at 24 August 2026, a week after the discovery.\n'
run amends demo "$data" --people "$what" --seed 1
run bash "$data/add.sh" "$case_folder"
say amends run "$case_folder"
amends run "$case_folder" || [ $? -eq 10 ]   # 10: done, and decisions wait
run amends export "$case_folder" gap-report --to "$case_folder/out/gap-report.pdf"
run amends notices proofs "$case_folder" --sample 6
run amends notices seal "$case_folder"
run amends notices approve "$case_folder" S0001 --as "Dana Lee"
run amends notices approve "$case_folder" S0001 --as "Robin Roe"
run amends portal publish "$case_folder" --to "$published"

# Enrolment codes as a partner would send them, and two accounts for the console.
codes=$(mktemp) && trap 'rm -f "$codes"' EXIT
head -c 30000 /dev/urandom | od -An -tx1 -w6 | tr -d ' ' | tr 'a-f' 'A-F' | sed 's/^/LW/; 1i code' > "$codes"
run amends protection request-all "$published" --case "$case_folder" --action lock,port_out_block,pin_reset
run amends offers import "$published" "$codes" --product "Larkspur Identity Watch" --expires-on 2027-03-31
(umask 077 && head -c 15 /dev/urandom | base64 | tr '+/' 'xy' > "$password")
run amends users add "$case_folder" dana --role lead --password-file "$password"
run amends users add "$case_folder" robin --role counsel --password-file "$password"
person=$(amends show "$case_folder" notices --limit 1 --json | sed -n 's/.*"person_id": *"\(P[^"]*\)".*/\1/p')
code=$(amends notices code "$case_folder" "$person" 2>/dev/null || echo "amends notices code $case_folder P…")

cat <<END

The report:         $case_folder/out/report.html
The list:           $case_folder/out/notification-list.xlsx  (.csv, .parquet)
The review:         $case_folder/out/gap-report.pdf          (amends controls $case_folder)
Letters, as proofs: $case_folder/out/proofs/
The public words:   $case_folder/out/public/

Open the site:      make demo-site      then http://127.0.0.1:8080/    a letter's code to try: $code
Open the console:   make demo-console   then http://127.0.0.1:8700/    sign in as dana or robin, password: $(cat "$password")
Next: amends status $case_folder · amends decide $case_folder · amends notices send $case_folder --channel print
END
