# The catalog's copy in the bucket, and the catalog that several machines share.

load helper

setup_file() {
  start_s3
}

teardown_file() {
  stop_s3
}

setup() {
  fresh
}

copy=zfs2s3-catalog.yml

# copied: the snapshots that the copy lists.
copied() {
  zfs2s3-graph --from copy | jq -r .snapshot
}

# on MACHINE COMMAND...: on another machine, which has a data directory of its own.
on() {
  local machine=$1
  shift
  ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/$machine "$@"
}

copy_fault() {
  s3 POST faults "$(jq -nc --arg key "$ZFS2S3_PREFIX$copy" --argjson fault "$1" '{key: $key, times: 0} + $fault')"
}

@test "the copy is up to date after each change" {
  put_chain 2 >/dev/null
  [ "$(copied)" = $'tank/chain@day1\ntank/chain@day2' ]
  zfs2s3-rm tank/chain@day2 >/dev/null
  [ "$(copied)" = "tank/chain@day1" ]
  zfs2s3-verify tank/chain@day1 >/dev/null
  [ "$(zfs2s3-graph --from copy | jq '.verified_at != null')" = true ]
}

@test "the copy is kept up to date, and a catalog shared, on a service that knows ETags without quotes only" {
  s3 POST settings '{"bareWriteTags":true}' >"$BATS_TEST_TMPDIR/settings"
  put_chain 2 >/dev/null
  [ "$(copied)" = $'tank/chain@day1\ntank/chain@day2' ]
  ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/other ZFS2S3_PREFIX=${ZFS2S3_PREFIX}shared/ ZFS2S3_CATALOG=bucket put_chain 2 >/dev/null
  s3 POST settings '{"bareWriteTags":false}' >"$BATS_TEST_TMPDIR/settings"
}

@test "a new machine starts from the copy" {
  put_chain 2 >/dev/null
  run --separate-stderr on new zfs2s3-graph
  [ "$status" -eq 0 ] && [ "$output" = "" ]
  # It is a catalog's file as it stands.
  on new zfs2s3-graph --from copy >"$BATS_TEST_TMPDIR/edges"
  zfs2s3-graph | cmp - "$BATS_TEST_TMPDIR/edges"
}

@test "where there is no copy, --from copy says so with status 3" {
  run --separate-stderr zfs2s3-graph --from copy
  [ "$status" -eq 3 ]
  says "there is no catalog '${ZFS2S3_PREFIX}$copy' in bucket $ZFS2S3_BUCKET: are ZFS2S3_BUCKET and ZFS2S3_PREFIX right?"
}

@test "commands that only read the catalog ask nobody" {
  put_chain 2 >/dev/null
  export AWS_ENDPOINT_URL_S3=http://127.0.0.1:1
  zfs2s3-graph | zfs2s3-check >/dev/null
  zfs2s3-plan tank/chain@day2 >/dev/null
}

@test "a copy that can't be written is status 1; the stream is stored, and the next change brings the copy up to date" {
  put_fixture chain-1 >/dev/null
  copy_fault '{"operation":"PutObject","do":"status","status":403,"code":"AccessDenied"}'
  run --separate-stderr put_fixture chain-1-2
  s3 DELETE faults
  [ "$status" -eq 1 ]
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day2 ]
  [ "${#stderr_lines[@]}" -eq 1 ]
  [[ "$stderr" == "zfs2s3-put: this is done, but the catalog's copy in the bucket is not up to date: can't write '${ZFS2S3_PREFIX}$copy'"* ]]
  [ "$(snapshots)" = $'tank/chain@day1\ntank/chain@day2' ]
  [ "$(copied)" = tank/chain@day1 ]
  put_fixture chain-2-3 >/dev/null
  [ "$(copied | wc -l)" -eq 3 ]
}

@test "another machine's copy is not replaced" {
  put_fixture chain-1 >/dev/null
  run --separate-stderr on other put_fixture plain-full
  [ "$status" -eq 3 ]
  [[ "$stderr" == *"lists what this machine's does not (tank/chain@day1 (full)), and was not replaced: "*"ZFS2S3_CATALOG=bucket"* ]]
  [ "$(copied)" = tank/chain@day1 ]
  [ "$(on other snapshots)" = tank/plain@one ]
}

@test "what can't be reached is not taken for empty" {
  export ZFS2S3_CATALOG=bucket
  put_fixture chain-1 >/dev/null
  copy_fault '{"operation":"GetObject","do":"status","status":403,"code":"AccessDenied"}'
  for command in graph "check tank/chain@day1" "rm tank/chain@day1" "plan tank/chain@day1"; do
    run --separate-stderr zfs2s3-$command
    [ "$status" -eq 1 ]
    says "can't read '${ZFS2S3_PREFIX}$copy' in bucket $ZFS2S3_BUCKET: S3 refuses it (403 AccessDenied)"
  done
  s3 DELETE faults
  [ "$(snapshots)" = tank/chain@day1 ]
}

@test "machines that share a catalog see each other's streams" {
  export ZFS2S3_CATALOG=bucket
  on one put_fixture chain-1 >/dev/null
  on two put_fixture chain-1-2 >/dev/null
  [ "$(on three snapshots)" = $'tank/chain@day1\ntank/chain@day2' ]
  run --separate-stderr on one zfs2s3-rm tank/chain@day1
  [ "$status" -eq 3 ]
  says "would abandon tank/chain@day2"
  on three zfs2s3-rm tank/chain@day2 >/dev/null
  [ "$(on one snapshots)" = tank/chain@day1 ]
  [ ! -e "$BATS_TEST_TMPDIR/one/stored_snapshots.yml" ]
}

@test "the catalog's object and the one for trying out are neither streams nor foreign" {
  put_fixture chain-1 --catalog bucket >/dev/null
  in_bucket put "tank/chain@day1.txt~" <<<"somebody's"
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day1 ]
  [[ "$stderr" == *"1 object"* && "${#stderr_lines[@]}" -eq 1 ]]
  run -0 --separate-stderr zfs2s3-fsck --catalog bucket
  [[ "$output" = "" && "$stderr" == *"left out: 1 object" ]]
}

@test "of two machines that remove the two ways to a snapshot, one does and one is refused" {
  export ZFS2S3_CATALOG=bucket
  put_chain 4 >/dev/null
  put_fixture chain-1-4 >/dev/null
  put_fixture chain-4-5 >/dev/null
  # Both have seen the same catalog before either changes it.
  copy_fault '{"operation":"PutObject","times":1,"do":"hold","name":"halves"}'
  on one zfs2s3-rm tank/chain@day4 --base @day3 >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
  one=$!
  s3 GET "wait?held=halves" >/dev/null
  run --separate-stderr on two zfs2s3-rm tank/chain@day4 --base @day1
  [ "$status" -eq 0 ]
  s3 POST "release?held=halves"
  local ended=0
  wait "$one" || ended=$?
  [ "$ended" -eq 3 ]
  [ ! -s "$BATS_TEST_TMPDIR/one.out" ]
  [[ "$(<"$BATS_TEST_TMPDIR/one.err")" == *"would abandon tank/chain@day4, tank/chain@day5"* || "$(<"$BATS_TEST_TMPDIR/one.err")" == *"would abandon tank/chain@day5"* ]]
  [ "$(zfs2s3-graph | jq -r 'select(.snapshot == "tank/chain@day4").base')" = tank/chain@day3 ]
  keys | grep -qF 'tank/chain@day4 <- tank/chain@day3'
  # Nothing of the removal that did not happen is left.
  on one put_fixture chain-5-6 >/dev/null
  [ "$(ls "$BATS_TEST_TMPDIR/one/removals")" = "" ]
}

@test "of several that a machine removes, one that another machine comes to need meanwhile stays" {
  export ZFS2S3_CATALOG=bucket
  small_stream tank/d@a 1001 | zfs2s3-put >/dev/null
  small_stream tank/d@b 1002 1001 | zfs2s3-put >/dev/null
  small_stream tank/d@c 1003 1002 | zfs2s3-put >/dev/null
  copy_fault '{"operation":"PutObject","times":1,"do":"hold","name":"several"}'
  zfs2s3-graph | jq -c 'select(.base)' >"$BATS_TEST_TMPDIR/edges"
  on one zfs2s3-rm <"$BATS_TEST_TMPDIR/edges" >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
  one=$!
  s3 GET "wait?held=several" >/dev/null
  small_stream tank/d@d 1004 1002 | on two zfs2s3-put >/dev/null
  s3 POST "release?held=several"
  local ended=0
  wait "$one" || ended=$?
  [ "$ended" -eq 3 ]
  [ "$(jq -r .snapshot "$BATS_TEST_TMPDIR/one.out")" = tank/d@c ]
  [[ "$(<"$BATS_TEST_TMPDIR/one.err")" == *"would abandon tank/d@d"* ]]
  [ "$(snapshots)" = $'tank/d@a\ntank/d@b\ntank/d@d' ]
}

# removal_in_hand: machine one has taken tank/chain@day2 out of the catalog, and is about to delete its object.
removal_in_hand() {
  export ZFS2S3_CATALOG=bucket
  on one put_chain 2 >/dev/null
  s3 POST faults "$(jq -nc --arg key "$ZFS2S3_PREFIX" '{operation: "DeleteObject", key: $key, do: "hold", name: "removal"}')"
  on one zfs2s3-rm tank/chain@day2 >/dev/null 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
  one=$!
  s3 GET "wait?held=removal" >/dev/null
}

# day2_is_gone: from the catalog and from the bucket, and nothing is left to mend.
day2_is_gone() {
  [ "$(snapshots)" = tank/chain@day1 ]
  [ "$(keys | grep -c day2)" -eq 0 ]
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
}

@test "what fsck adopts while another machine is about to delete it is taken out again by that one" {
  removal_in_hand
  run --separate-stderr on two zfs2s3-fsck --repair
  [ "$status" -eq 0 ]
  [ "$(snapshots | wc -l)" -eq 2 ]
  s3 POST "release?held=removal"
  wait "$one"
  day2_is_gone
}

@test "what another machine has deleted when fsck adopts it is taken out again by fsck" {
  removal_in_hand
  copy_fault '{"operation":"PutObject","times":1,"do":"hold","name":"adoption"}'
  on two zfs2s3-fsck --repair >"$BATS_TEST_TMPDIR/two.out" 2>&1 3>&- &
  two=$!
  s3 GET "wait?held=adoption" >/dev/null
  s3 POST "release?held=removal"
  wait "$one"
  s3 POST "release?held=adoption"
  wait "$two"
  day2_is_gone
}

@test "an upload whose base another machine removes meanwhile stays pending, and goes on when that is stored again" {
  export ZFS2S3_CATALOG=bucket
  put_fixture chain-1 >/dev/null
  s3 POST faults "$(jq -nc --arg key "$ZFS2S3_PREFIX" '{operation: "CompleteMultipartUpload", key: $key, do: "hold", name: "base"}')"
  on one put_fixture chain-1-2 >"$BATS_TEST_TMPDIR/one.out" 2>"$BATS_TEST_TMPDIR/one.err" 3>&- &
  one=$!
  s3 GET "wait?held=base" >/dev/null
  on two zfs2s3-rm tank/chain@day1 >/dev/null
  s3 POST "release?held=base"
  local ended=0
  wait "$one" || ended=$?
  [ "$ended" -eq 3 ]
  [ ! -s "$BATS_TEST_TMPDIR/one.out" ]
  [[ "$(<"$BATS_TEST_TMPDIR/one.err")" == *"could not be restored: it needs tank/chain@day1"*"the upload of tank/chain@day2 is pending"* ]]
  [ "$(snapshots)" = "" ]
  on two put_fixture chain-1 >/dev/null
  on one zfs2s3-put --resume </dev/null >/dev/null
  [ "$(snapshots)" = $'tank/chain@day1\ntank/chain@day2' ]
}

@test "a service that ignores conditions can't keep a shared catalog" {
  s3 POST settings '{"noConditionalWrites":true}'
  run --separate-stderr put_fixture chain-1 --catalog bucket
  s3 POST settings '{"noConditionalWrites":false}'
  [ "$status" -eq 3 ]
  [[ "$stderr" == "zfs2s3-put: $AWS_ENDPOINT_URL_S3 ignores If-Match or If-None-Match when it writes"* ]]
  run --separate-stderr zfs2s3-graph --from copy
  [ "$status" -eq 3 ]
}

@test "whoever has used a shared catalog is told so without ZFS2S3_CATALOG, instead of seeing nothing" {
  put_fixture chain-1 --catalog bucket >/dev/null
  for command in graph "check tank/chain@day1" "rm tank/chain@day1"; do
    run --separate-stderr zfs2s3-$command
    [ "$status" -eq 2 ]
    says "set ZFS2S3_CATALOG=bucket, or use another ZFS2S3_DATA_DIR"
  done
}

@test "another value is wrong usage" {
  ZFS2S3_CATALOG=cloud run --separate-stderr zfs2s3-graph
  [ "$status" -eq 2 ]
  says "there is no catalog 'cloud': set ZFS2S3_CATALOG or --catalog to local or bucket"
}

@test "20 puts at once with --alongside are all stored, and all are in the copy" {
  local n pids=()
  for n in $(seq 20); do small_stream "tank/d$n@a" "$((1000 + n))" >"$BATS_TEST_TMPDIR/$n.zs"; done
  for n in $(seq 20); do
    zfs2s3-put --alongside <"$BATS_TEST_TMPDIR/$n.zs" >/dev/null 2>"$BATS_TEST_TMPDIR/$n.err" 3>&- &
    pids+=($!)
  done
  for n in $(seq 20); do wait "${pids[n - 1]}" || { cat "$BATS_TEST_TMPDIR"/*.err; return 1; }; done
  [ "$(snapshots | sort -u | wc -l)" -eq 20 ]
  [ "$(copied | sort -u | wc -l)" -eq 20 ]
}

@test "8 puts at once on one of the machines that share a catalog wait for each other, however slow S3 is" {
  export ZFS2S3_CATALOG=bucket
  local n pids=()
  for n in $(seq 8); do small_stream "tank/d$n@a" "$((1000 + n))" >"$BATS_TEST_TMPDIR/$n.zs"; done
  copy_fault '{"operation":"PutObject","times":1,"do":"hold","name":"slow"}'
  for n in $(seq 8); do
    zfs2s3-put --alongside <"$BATS_TEST_TMPDIR/$n.zs" >/dev/null 2>"$BATS_TEST_TMPDIR/$n.err" 3>&- &
    pids+=($!)
  done
  s3 GET "wait?held=slow" >/dev/null
  # Longer than a lock of this machine is waited for otherwise.
  sleep 12
  s3 POST "release?held=slow"
  for n in $(seq 8); do wait "${pids[n - 1]}" || { cat "$BATS_TEST_TMPDIR"/*.err; return 1; }; done
  [ "$(snapshots | sort -u | wc -l)" -eq 8 ]
}
