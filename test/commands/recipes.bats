# The README's recipes, run as they stand there.
load helper

# recipe TITLE: the code block of the README that begins with this comment.
recipe() {
  awk -v title="# $1" '/^```/ {show = 0; fresh = ($0 == "```sh"); next} fresh && $0 == title {show = 1} {fresh = 0} show' "$top/README.md"
}

# cook TITLE: runs it as a script of its own.
cook() {
  recipe "$1" >"$BATS_TEST_TMPDIR/recipe"
  [ -s "$BATS_TEST_TMPDIR/recipe" ]
  bash "$BATS_TEST_TMPDIR/recipe"
}

setup_file() {
  start_s3
  export ZFS2S3_PREFIX=''
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored put_chain 4
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored put_fixture chain-1-4
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored put_fixture big-full
}
teardown_file() { stop_s3; }

setup() {
  needs jq
  export TZ=UTC ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/data ZFS2S3_PREFIX=''
  cp -r "$BATS_FILE_TMPDIR/stored" "$ZFS2S3_DATA_DIR"
  aged . 20
}

# dated PATTERN TIME: the snapshots on whose lines in the catalog this is found were taken then.
dated() {
  sed -i "\\#$1#s/\"created\":\"[^\"]*\"/\"created\":\"$2\"/" "$(catalog)"
}

# aged PATTERN HOURS: they were taken so many hours ago.
aged() {
  dated "$1" "$(date -ud "-$2 hours" +%FT%TZ)"
}

# own_chain: a chain of four and the bypass from the first to the last, which the test may remove.
own_chain() {
  fresh
  put_chain 4 >"$BATS_TEST_TMPDIR/edges"
  put_fixture chain-1-4 >>"$BATS_TEST_TMPDIR/edges"
}

# ends: of the edges on stdin, as day4<day1.
ends() {
  jq -r '"\(.snapshot)\(if .base then "<" + .base else "" end)"' | sed 's/tank.chain@//g' | paste -sd' '
}

@test "retention policy" {
  rm -r "$ZFS2S3_DATA_DIR"
  own_chain
  # All of one day: its last is kept, and the first of all.
  for day in 1 2 3 4; do dated "[^\"]tank/chain@day$day" "2026-05-05T0$day:00:00Z"; done
  run -0 --separate-stderr cook "retention policy"
  [ "$stderr" = "" ]
  [ "$(ends <<<"$output")" = "day4<day3 day3<day2 day2<day1" ]
  [ "$(zfs2s3-graph | ends)" = "day1 day4<day1" ]
  run -0 --separate-stderr cook "retention policy"
  [ "$output$stderr" = "" ]
}

@test "keep 30 days" {
  rm -r "$ZFS2S3_DATA_DIR"
  own_chain
  aged . 20
  aged '[^"]tank/chain@day1' 1000
  run -3 --separate-stderr cook "keep 30 days"
  says "would abandon tank/chain@day3"
  aged . 20
  aged '[^"]tank/chain@day4' 1000
  run -0 --separate-stderr cook "keep 30 days"
  [ "$(zfs2s3-graph | ends)" = "day1 day2<day1 day3<day2" ]
}

@test "only one dataset" {
  [ "$(cook "only one dataset" | ends)" = "day1 day2<day1 day3<day2 day4<day3 day4<day1" ]
}

@test "above a size" {
  [ "$(cook "above a size" | jq -r '.bytes > 10e6' | sort -u)" = true ]
  [ "$(cook "above a size" | wc -l)" -eq 1 ]
}

@test "oldest full stream and its dependents" {
  [ "$(cook "oldest full stream and its dependents" | ends)" = "day1 day2<day1 day3<day2 day4<day3 day4<day1" ]
}

@test "lost with an object" {
  [ "$(cook "lost with an object" | paste -sd' ')" = "tank/chain@day3" ]
}

@test "total per dataset" {
  cook "total per dataset" >"$BATS_TEST_TMPDIR/totals"
  [ "$(grep ^tank/chain "$BATS_TEST_TMPDIR/totals")" = "tank/chain	5	$(cat "$fixtures"/chain-{1,1-2,2-3,3-4,1-4}.zs | wc -c)" ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/totals")" -eq 2 ]
}

@test "age of the newest backup: OK, WARNING, CRITICAL, none, and nothing that can't be restored" {
  run -0 cook "age of the newest backup"
  [[ "$output" == "OK: tank/chain@day"?" is 20 hours old|age=20h;26;50" ]]
  aged . 27
  run -1 cook "age of the newest backup"
  [[ "$output" == "WARNING: "* ]]
  aged . 51
  run -2 --separate-stderr cook "age of the newest backup"
  [[ "$output" == "CRITICAL: "*" is 51 hours old"* ]]
  rm "$(catalog)"
  run -2 --separate-stderr cook "age of the newest backup"
  [ "$output" = "CRITICAL: no backup of tank/chain" ]
  echo "[" >"$(catalog)"
  run -2 --separate-stderr cook "age of the newest backup"
  PATH=$(path_without jq) run -3 --separate-stderr bash "$BATS_TEST_TMPDIR/recipe"
  [ "${lines[-1]}" = "UNKNOWN: jq has failed" ]
}

@test "every recipe of the README is tested here" {
  local title
  awk '/^## /{inside = /^## Recipes/} inside && fresh {print substr($0, 3)} {fresh = ($0 == "```sh")}' "$top/README.md" >"$BATS_TEST_TMPDIR/titles"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/titles")" -ge 8 ]
  while read -r title; do grep -qE "(cook|recipe) \"$title\"" "$BATS_TEST_FILENAME" || { echo "$title"; return 1; }; done <"$BATS_TEST_TMPDIR/titles"
}
