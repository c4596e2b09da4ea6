# zfs2s3-retain: what a policy lets go, and what to store so that it lets more go. retain-zfs.bats does a whole month for real.
load helper

# Nothing here needs S3, a catalog, or a clock.
setup() {
  export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 TZ=UTC
}

# daily DATASET DAYS [FACTS]: the edges of a chain of daily snapshots from 2026-01-01 03:00 UTC on, with further fields.
daily() {
  jq -nc --arg dataset "$1" --argjson days "$2" --argjson facts "${3:-{\}}" '
    def at: 1767236400 + . * 86400 | todate;
    def name: "\($dataset)@\(at[:10])";
    def guid: "\(1000 + . + ($dataset | length) * 100000)";
    range($days) | {
      snapshot: name, guid: guid, base: (if . > 0 then . - 1 | name else null end),
      base_guid: (if . > 0 then . - 1 | guid else null end), key: name, bytes: (if . > 0 then 1000 else 90000 end), created: at
    } + $facts'
}

# as DATE < DATE: the edges on stdin.
ends() {
  jq -r '"\(.snapshot)\(if .base then "<" + .base else "" end)"' | sed 's/tank.home@//g' | paste -sd' '
}

@test "what is behind the newest kept snapshot's needs goes; edges are passed on with all their fields" {
  daily tank/home 5 '{"x":[1]}' >"$BATS_TEST_TMPDIR/edges"
  run -0 --separate-stderr zfs2s3-retain --keep '*-03' <"$BATS_TEST_TMPDIR/edges"
  [ "$(ends <<<"$output")" = "2026-01-05<2026-01-04 2026-01-04<2026-01-03" ]
  [ "${lines[1]}" = "$(sed -n 4p "$BATS_TEST_TMPDIR/edges")" ]
  [ "$stderr" = "zfs2s3-retain: held only because kept snapshots need them: 2 streams, 88.9 KiB: see --bypasses" ]
}

@test "nothing is said where nothing but what is kept stays" {
  run -0 --separate-stderr zfs2s3-retain --keep-last 9 < <(daily tank/home 5)
  [ "$output$stderr" = "" ]
}

@test "no edges, no answer" {
  run -0 --separate-stderr zfs2s3-retain --keep-last 1 </dev/null
  [ "$output$stderr" = "" ]
}

@test "each dataset has its own policy, and full streams go as well" {
  { daily tank/home 2; daily tank/m 3 '{"base":null,"base_guid":null}'; } >"$BATS_TEST_TMPDIR/edges"
  run -0 --separate-stderr zfs2s3-retain --keep-last 1 <"$BATS_TEST_TMPDIR/edges"
  [ "$(jq -r 'select(.snapshot | startswith("tank/m")).snapshot' <<<"$output" | sort | paste -sd' ')" = \
    "tank/m@2026-01-01 tank/m@2026-01-02" ]
}

@test "days are counted in the local time zone, or in UTC" {
  local edges
  edges=$(daily tank/home 2 '{"base":null,"base_guid":null}')
  # 03:00 UTC of a day is the evening before in New York; 23:30 of the first day there is the second day in UTC.
  edges+=$'\n'$(jq -c '.created = "2026-01-02T04:30:00Z" | .snapshot += "x" | .guid = "5" | .key += "x"' <<<"${edges%%$'\n'*}")
  run -0 env TZ=America/New_York zfs2s3-retain --keep-daily 1 <<<"$edges"
  [ "$(ends <<<"$output")" = "2026-01-02 2026-01-01" ]
  run -0 env TZ=America/New_York zfs2s3-retain --keep-daily 1 --utc <<<"$(jq -c 'select(.guid != "5")' <<<"$edges")"
  [ "$(ends <<<"$output")" = "2026-01-01" ]
}

@test "--explain prints all edges: why each stays, for whom, or that it goes" {
  run -0 --separate-stderr zfs2s3-retain --keep-daily 1 --keep '*-02' --explain < <(daily tank/home 4)
  [ "$(jq -c '[.keep, .held_for, .goes]' <<<"$output" | paste -sd' ')" = \
    '[[],"tank/home@2026-01-02",false] [["name"],null,false] [[],"tank/home@2026-01-04",false] [["daily 2026-01-04"],null,false]' ]
}

@test "what the Python tool stored has no time, and is kept" {
  run -0 --separate-stderr zfs2s3-retain --keep-last 1 < <(daily tank/home 3 '{"created":null,"bytes":null}')
  [ "$output" = "" ]
  [ "$stderr" = "zfs2s3-retain: kept because it is not known when they were taken: 3 snapshots (tank/home@2026-01-01, tank/home@2026-01-02, tank/home@2026-01-03)" ]
}

@test "what lacks its base is left alone, and said" {
  run -0 --separate-stderr zfs2s3-retain --keep-last 1 < <(daily tank/home 3 | sed 1d)
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-retain: left alone because what they need is missing: 2 streams (tank/home@2026-01-02 <- tank/home@2026-01-01, "* ]]
}

@test "a month: --bypasses prints what to store, and with that all of it goes" {
  local policy="--keep-daily 2 --keep-monthly 12 --utc"
  daily tank/home 33 >"$BATS_TEST_TMPDIR/edges"
  run -0 --separate-stderr zfs2s3-retain $policy --bypasses <"$BATS_TEST_TMPDIR/edges"
  [ "$stderr" = "" ]
  [ "$(jq -c '[.snapshot[-5:], .base[-5:], .frees_edges, .frees_bytes, .links_before, .links_after]' <<<"$output")" = \
    '["01-31","01-01",30,30000,31,2]' ]
  [ "$(jq -r .command <<<"$output")" = \
    "zfs send -w -i tank/home@2026-01-01 tank/home@2026-01-31 | zfs2s3-put tank/home@2026-01-31 --base tank/home@2026-01-01" ]
  jq -c '{snapshot, guid, base, base_guid, key: "bypass", bytes: 5000, created: "2026-01-31T03:00:00Z"}' <<<"$output" >>"$BATS_TEST_TMPDIR/edges"
  run -0 --separate-stderr zfs2s3-retain $policy <"$BATS_TEST_TMPDIR/edges"
  [ "$stderr" = "" ]
  [ "${#lines[@]}" -eq 30 ]
  [ "$(jq -r .snapshot <<<"${lines[0]}")" = "tank/home@2026-01-31" ]
  [ "$(jq -r .base <<<"${lines[29]}")" = "tank/home@2026-01-01" ]
}

# shell_for DATASET FACTS [OPTIONS]: the command for a bypass round the second of three days whose edges have these facts.
shell_for() {
  daily "$1" 3 "$2" | zfs2s3-retain --keep '*-01' --keep '*-03' --bypasses --shell "${@:3}"
}

@test "--shell prints only the command, with the flags that its chain was sent with" {
  sent() { shell_for tank/home "{\"stream\":{\"raw\":$1,\"large_blocks\":$2,\"compressed\":$3,\"features\":[]}}" | sed 's/ -i .*//'; }
  [ "$(sent true false true)" = "zfs send -w" ]
  [ "$(sent false false false)" = "zfs send" ]
  [ "$(sent false true true)" = "zfs send -L -c" ]
  # Of the Python tool nothing is known, but that it sent raw.
  [ "$(shell_for tank/home '{"stream":null,"verified":null}' | sed 's/ -i .*//')" = "zfs send -w" ]
}

@test "names are quoted where they must be, and refused with status 3 where no snapshot has them" {
  run -0 shell_for 'tank/my home' '{}'
  [ "$output" = "zfs send -w -i 'tank/my home@2026-01-01' 'tank/my home@2026-01-03' | zfs2s3-put 'tank/my home@2026-01-03' --base 'tank/my home@2026-01-01'" ]
  run -3 --separate-stderr shell_for 'tank/$(reboot)' '{}'
  says "zfs2s3-retain: 'tank/\$(reboot)@2026-01-01' can't be the name of a snapshot: look into the catalog before anything is run"
  run -3 --separate-stderr shell_for '-R' '{}'
  says "'-R@2026-01-01' can't be the name of a snapshot"
}

@test "a filter of the catalog is never put where it would be run, and none is forgotten" {
  run -2 --separate-stderr shell_for tank/home '{"filter":"age -r age1"}'
  says "tank/home@2026-01-03 <- tank/home@2026-01-02 was stored through the filter: age -r age1: say with --filter what the new stream is to go through"
  run -2 --separate-stderr shell_for tank/home '{"stream":null,"verified":false}'
  says "tank/home@2026-01-03 <- tank/home@2026-01-02 was stored unread: say with --filter"
  run -0 shell_for tank/home '{"filter":"reboot"}' --filter 'zstd | age -r age2'
  [[ "$output" == *"zfs2s3-put tank/home@2026-01-03 --base tank/home@2026-01-01 --filter 'zstd | age -r age2'" ]]
  # Where none was used, none is needed.
  run -0 shell_for tank/home '{}' --filter zstd
  [[ "$output" != *filter* ]]
}

@test "--local proposes only what zfs still has here, by name and GUID" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\ncat "$BATS_TEST_TMPDIR/has" 2>/dev/null || { echo "dataset does not exist" >&2; exit 1; }\n' >"$BATS_TEST_TMPDIR/bin/zfs"
  chmod +x "$BATS_TEST_TMPDIR/bin/zfs"
  export PATH="$BATS_TEST_TMPDIR/bin:$PATH"
  local="--keep-last 1 --keep *-03 --keep *-01 --bypasses --local"
  has() { printf 'tank/home@2026-01-%s\t%s\n' "$@" >"$BATS_TEST_TMPDIR/has"; daily tank/home 6 | zfs2s3-retain $local; }
  run -0 --separate-stderr has 01 901000 03 901002 06 901005
  [ "$(ends <<<"$output")" = "2026-01-06<2026-01-03 2026-01-03<2026-01-01" ]
  run -0 --separate-stderr has 01 901000 06 901005
  [ "$(ends <<<"$output")" = "2026-01-06<2026-01-01" ]
  [[ "$stderr" == "zfs2s3-retain: no bypass can be made to tank/home@2026-01-03: it, or every base that would do, is no longer on this machine" ]]
  run -0 --separate-stderr has 01 17 03 901002 06 901005
  [ "$(ends <<<"$output")" = "2026-01-06<2026-01-03" ]
  rm "$BATS_TEST_TMPDIR/has"
  run -0 --separate-stderr zfs2s3-retain $local < <(daily tank/home 6)
  [ "$output" = "" ]
}

@test "--local without zfs on the machine is status 1" {
  PATH=$(path_without zfs) run -1 --separate-stderr zfs2s3-retain --keep '*-01' --keep '*-03' --bypasses --local < <(daily tank/home 3)
  says "zfs2s3-retain: there is no zfs command on this machine"
}

@test "--bypasses says so where none would let more go" {
  run -0 --separate-stderr zfs2s3-retain --keep '*-02' --bypasses < <(daily tank/home 2)
  says "zfs2s3-retain: no bypass would let more go: what is held is what chains begin with"
}

@test "--max-links proposes what shortens chains, and keeps it" {
  daily tank/home 6 >"$BATS_TEST_TMPDIR/edges"
  run -0 zfs2s3-retain --keep-last unlimited --max-links 4 --bypasses <"$BATS_TEST_TMPDIR/edges"
  [ "$(ends <<<"$output")" = "2026-01-05<2026-01-01" ]
  jq -c '. + {key: "bypass", bytes: 5000}' <<<"$output" >>"$BATS_TEST_TMPDIR/edges"
  [ "$(zfs2s3-retain --keep-last unlimited <"$BATS_TEST_TMPDIR/edges" | jq -r .key)" = bypass ]
  [ "$(zfs2s3-retain --keep-last unlimited --max-links 4 <"$BATS_TEST_TMPDIR/edges" | ends)" = "2026-01-05<2026-01-04" ]
}

@test "no policy is wrong usage: it would keep nothing; so is one of zeros" {
  run -2 --separate-stderr zfs2s3-retain < <(daily tank/home 3)
  says "zfs2s3-retain: no policy is given, and without one nothing would be kept: say what to keep: --keep-daily 7, ..."
  run -2 zfs2s3-retain --keep-daily 0 --keep-last 0 < <(daily tank/home 3)
}

@test "wrong usage is status 2" {
  local edges
  edges=$(daily tank/home 3)
  run -2 --separate-stderr zfs2s3-retain --keep-daily -1 <<<"$edges"
  says "--keep-daily is '-1': give a whole number, at least 0"
  run -2 --separate-stderr zfs2s3-retain --keep-within 30 <<<"$edges"
  says "--keep-within is '30': give a span like 30d"
  run -2 --separate-stderr zfs2s3-retain --keep-last 1 --shell <<<"$edges"
  says "--shell is given without --bypasses"
  run -2 --separate-stderr zfs2s3-retain --keep-last 1 --explain --bypasses <<<"$edges"
  says "--explain and --bypasses are given"
  run -2 --separate-stderr zfs2s3-retain --keep-last 1 --max-links 0 <<<"$edges"
  run -2 --separate-stderr zfs2s3-retain --keep-last 1 <<<'{"snapshot":"tank/home@a"}'
  says "zfs2s3-retain: record 1 of the input: \"guid\" of tank/home@a is missing"
  run -2 at_terminal "zfs2s3-retain --keep-last 1"
  [[ "$output" == "zfs2s3-retain: stdin is a terminal"* ]]
}

@test "10,000 edges take less than a second of processor time, and 100,000 no more than ten times that" {
  daily tank/home 10000 >"$BATS_TEST_TMPDIR/edges"
  TIMEFORMAT='%U %S'
  time_of() { { time zfs2s3-retain --keep-daily 7 --keep-monthly 12 --max-links 20 "$@" 2>/dev/null >"$BATS_TEST_TMPDIR/out"; } 2>&1 | tail -1 | awk '{print int(1000 * ($1 + $2))}'; }
  [ "$(time_of <"$BATS_TEST_TMPDIR/edges")" -lt 1000 ]
  [ "$(time_of --bypasses <"$BATS_TEST_TMPDIR/edges")" -lt 1000 ]
  daily tank/home 100000 >"$BATS_TEST_TMPDIR/edges"
  [ "$(time_of --bypasses <"$BATS_TEST_TMPDIR/edges")" -lt 10000 ]
}
