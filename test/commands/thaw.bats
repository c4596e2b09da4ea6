# zfs2s3-thaw: archived objects are asked for, all at once, and waited for.
load helper

setup_file() { start_s3 --min-part-size 1024 --restore-ms 86400000; }
teardown_file() { stop_s3; }
setup() {
  fresh
  export ZFS2S3_MIN_PART_SIZE=1024
}

# states: of the last run, as SNAPSHOT STATE, a line each.
states() {
  jq -r '"\(.snapshot | split("@")[1]) \(.state)"' <<<"$output"
}

archived() {
  local key
  keys | while read -r key; do altered "$key" "{\"storageClass\": \"${1:-DEEP_ARCHIVE}\"}"; done
}

thawed() {
  local key
  keys | while read -r key; do altered "$key" '{"restore": "finish"}'; done
}

@test "what is online needs nothing" {
  put_chain 2
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw
  [ "$stderr" = "" ]
  [ "$(states)" = "$(printf 'day%s online\n' 1 2)" ]
  [ "$(requests RestoreObject)" -eq 0 ]
  archived GLACIER_IR
  run -0 zfs2s3-thaw tank/chain@day1
}

@test "archived, thawing, ready until: one request for each object, and status 5 until all are ready" {
  put_chain 3
  archived
  run -5 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw -n
  [ "$(states)" = "$(printf 'day%s archived\n' 1 2 3)" ]
  [ "$(requests RestoreObject)" -eq 0 ]

  run -5 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw --days 3
  [ "$(states)" = "$(printf 'day%s thawing\n' 1 2 3)" ]
  [ "$stderr" = "zfs2s3-thaw: 3 of 3 streams are not ready: run it again later, or with --wait" ]
  [ "$(requests RestoreObject)" -eq 3 ]

  run -5 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw
  [ "$(requests RestoreObject)" -eq 3 ]
  run -5 --separate-stderr zfs2s3-get tank/chain@day1
  says "is still being thawed (DEEP_ARCHIVE): thaw it: zfs2s3-thaw --wait tank/chain@day1"

  thawed
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-thaw
  [ "$stderr" = "" ]
  [ "$(states)" = "$(printf 'day%s ready\n' 1 2 3)" ]
  [[ "$(jq -r .ready_until <<<"$output" | sort -u)" == 20??-??-??T00:00:00Z ]]
  # What comes out names edges, as what goes in does.
  [ "$(zfs2s3-thaw <<<"$output" | jq -r .key)" = "$(jq -r .key <<<"$output")" ]
  cmp <(zfs2s3-get tank/chain@day1) "$fixtures/chain-1.zs"
}

@test "that somebody else has asked already is no error" {
  put_chain 1
  archived
  # The answer to HEAD is late: S3 says 409 RestoreAlreadyInProgress to the request.
  s3 POST faults "{\"operation\":\"RestoreObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"first\"}"
  zfs2s3-thaw tank/chain@day1 >"$BATS_TEST_TMPDIR/first" 2>/dev/null 3>&- &
  s3 GET 'wait?held=first' >/dev/null
  run -5 --separate-stderr zfs2s3-thaw tank/chain@day1
  s3 POST 'release?held=first'
  wait $! && false
  [ "$?" -eq 5 ]
  [ "$(jq -r .state "$BATS_TEST_TMPDIR/first")" = thawing ]
  [ "$(s3 GET 'log?operation=RestoreObject' | jq -r --arg key "$ZFS2S3_PREFIX" 'select(.key | startswith($key)).code' | sort -u | paste -sd' ')" = "RestoreAlreadyInProgress null" ]
}

@test "all volumes of a stream are thawed; the stream is as ready as the last of them" {
  put_fixture chain-1 --part-size 16K --max-parts 1
  [ "$(keys | wc -l)" -eq 5 ]
  archived GLACIER
  altered 'tank/chain@day1#2' '{"storageClass": "STANDARD"}'
  run -5 zfs2s3-thaw tank/chain@day1
  [ "$(requests RestoreObject)" -eq 4 ]
  altered 'tank/chain@day1' '{"restore": "finish"}'
  altered 'tank/chain@day1#3' '{"restore": "finish"}'
  run -5 --separate-stderr zfs2s3-thaw tank/chain@day1
  [ "$(states)" = "day1 thawing" ]
  thawed
  run -0 zfs2s3-thaw tank/chain@day1
  [ "$(states)" = "day1 ready" ]
}

@test "the archive tiers of intelligent tiering: no days, and afterwards it is online" {
  put_chain 1
  altered tank/chain@day1 '{"storageClass": "INTELLIGENT_TIERING"}'
  run -0 zfs2s3-thaw tank/chain@day1
  altered tank/chain@day1 '{"archiveStatus": "DEEP_ARCHIVE_ACCESS"}'
  run -5 zfs2s3-get tank/chain@day1
  run -5 --separate-stderr zfs2s3-thaw tank/chain@day1
  [ "$(states)" = "day1 thawing" ]
  run -5 --separate-stderr zfs2s3-thaw tank/chain@day1
  [ "$(states)" = "day1 thawing" ]
  thawed
  run -0 --separate-stderr zfs2s3-thaw tank/chain@day1
  [ "$(states)" = "day1 online" ]
}

@test "--wait waits, and prints each stream once it and all before it are ready" {
  put_chain 3
  archived
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edges"
  zfs2s3-thaw --wait --poll 0.1s <"$BATS_TEST_TMPDIR/edges" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  s3 GET "wait?operation=RestoreObject&key=$ZFS2S3_PREFIX&count=3" >/dev/null
  altered "tank/chain@day3 <- tank/chain@day2" '{"restore": "finish"}'
  s3 DELETE log
  s3 GET "wait?operation=HeadObject&key=$ZFS2S3_PREFIX&count=6" >/dev/null
  [ ! -s "$BATS_TEST_TMPDIR/out" ]
  altered tank/chain@day1 '{"restore": "finish"}'
  s3 DELETE log
  s3 GET "wait?operation=HeadObject&key=$ZFS2S3_PREFIX&count=6" >/dev/null
  [ "$(jq -r .snapshot "$BATS_TEST_TMPDIR/out")" = tank/chain@day1 ]
  thawed
  wait $!
  [ "$(jq -r '"\(.snapshot) \(.state)"' "$BATS_TEST_TMPDIR/out")" = "$(printf 'tank/chain@day%s ready\n' 1 2 3)" ]
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "a signal ends the waiting" {
  put_chain 1
  archived
  zfs2s3-thaw --wait tank/chain@day1 >/dev/null 3>&- &
  s3 GET "wait?operation=RestoreObject&key=$ZFS2S3_PREFIX" >/dev/null
  kill -TERM $!
  wait $! && false
  [ "$?" -eq 143 ]
}

@test "DEEP_ARCHIVE knows no Expedited: status 2, and nothing is asked for" {
  put_chain 1
  archived DEEP_ARCHIVE
  run -2 --separate-stderr zfs2s3-thaw tank/chain@day1 --tier Expedited
  says "is in DEEP_ARCHIVE, which knows no Expedited: use --tier Standard or Bulk"
  archived GLACIER
  run -5 --separate-stderr zfs2s3-thaw tank/chain@day1 --tier expedited
}

@test "what is not there is status 3, wrong usage status 2, a refusal of S3 status 1" {
  put_chain 1
  run -3 --separate-stderr zfs2s3-thaw tank/chain@day9
  says "is not stored"
  run -2 --separate-stderr zfs2s3-thaw tank/chain@day1 --tier Fast
  says "there is no tier 'Fast': use one of Standard, Bulk, Expedited"
  run -2 --separate-stderr zfs2s3-thaw tank/chain@day1 --days 0
  run -2 --separate-stderr zfs2s3-thaw tank/chain@day1 --poll 1m
  archived
  s3 POST faults "{\"operation\":\"RestoreObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}"
  run -1 --separate-stderr zfs2s3-thaw tank/chain@day1
  says "can't thaw '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: S3 refuses it (403 AccessDenied)"
  in_bucket delete tank/chain@day1
  run -3 --separate-stderr zfs2s3-thaw tank/chain@day1
  says "is not in bucket $ZFS2S3_BUCKET"
}
