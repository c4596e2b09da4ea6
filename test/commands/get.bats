# zfs2s3-get: the same bytes back, or an end before them.
load helper

setup_file() {
  start_s3
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data put_chain 3
}
teardown_file() { stop_s3; }
# The chain of three days, which most tests only read; those that spoil something store it again under a prefix of theirs.
setup() {
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  can_run_here
}

own_chain() {
  fresh
  put_chain "$1"
}

@test "every stream of a chain comes back byte for byte, and nothing is said" {
  local day
  run --separate-stderr zfs2s3-get tank/chain@day1
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  cmp <(zfs2s3-get tank/chain@day1) "$fixtures/chain-1.zs"
  for day in 2 3; do
    cmp <(zfs2s3-get "tank/chain@day$day" --base "tank/chain@day$((day - 1))") "$fixtures/chain-$((day - 1))-$day.zs"
  done
}

@test "an edge may come as a record on stdin" {
  zfs2s3-graph | jq -c 'select(.snapshot == "tank/chain@day3")' | zfs2s3-get | cmp - "$fixtures/chain-2-3.zs"
}

@test "the base may be left out where one edge leads to the snapshot" {
  cmp <(zfs2s3-get tank/chain@day2) "$fixtures/chain-1-2.zs"
  cmp <(zfs2s3-get tank/chain@day2 -i @day1) "$fixtures/chain-1-2.zs"
}

@test "where several do, the name is ambiguous, and the candidates are listed" {
  own_chain 4
  put_fixture chain-1-4
  run -3 --separate-stderr zfs2s3-get tank/chain@day4
  says "zfs2s3-get: tank/chain@day4 is ambiguous: tank/chain@day4 <- tank/chain@day3, tank/chain@day4 <- tank/chain@day1: say which with --base"
  cmp <(zfs2s3-get tank/chain@day4 --base @day1) "$fixtures/chain-1-4.zs"
}

@test "what is not stored is refused with status 3, with what is" {
  run -3 --separate-stderr zfs2s3-get tank/chain@day9
  says "zfs2s3-get: tank/chain@day9 is not stored: of that dataset there is: tank/chain@day3 <- tank/chain@day2,"
  run -3 --separate-stderr zfs2s3-get tank/chain@day3 --base @day1
  says "tank/chain@day3 <- tank/chain@day1 is not stored: to that name there is: tank/chain@day3 <- tank/chain@day2"
  run -3 --separate-stderr zfs2s3-get </dev/null
  says "stdin names no edge"
}

@test "wrong usage is status 2: several edges, no snapshot's name, a terminal" {
  run -2 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-get
  says "stdin names several edges"
  run -2 --separate-stderr zfs2s3-get tank/chain
  says "'tank/chain' is not the name of a snapshot: write it as DATASET@SNAPSHOT"
  run -2 at_terminal "zfs2s3-get tank/chain@day1"
  [[ "$output" == "zfs2s3-get: stdout is a terminal: pipe it:"* ]]
  run -2 --separate-stderr zfs2s3-get tank/chain@day1 --filter cat --decompress
  says "--filter and --decompress are given: choose one"
}

@test "an object that is gone from S3 is status 3" {
  own_chain 1
  in_bucket delete tank/chain@day1
  run -3 --separate-stderr zfs2s3-get tank/chain@day1
  says "zfs2s3-get: '${ZFS2S3_PREFIX}tank/chain@day1' is not in bucket $ZFS2S3_BUCKET: it was deleted without zfs2s3"
}

@test "an object of another size, or with another checksum, is status 4, and nothing is written" {
  needs_s3 checksums
  own_chain 1
  head -c 1000 "$fixtures/chain-1.zs" | in_bucket put tank/chain@day1
  run -4 --separate-stderr zfs2s3-get tank/chain@day1
  says "zfs2s3-get: '${ZFS2S3_PREFIX}tank/chain@day1' is 1000 bytes long, not 76584: it is not what was stored"
  in_bucket delete tank/chain@day1
  rm "$(catalog)"
  put_fixture chain-1
  sed -i 's/sha256":"[^"]*"/sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=-1"/' "$(catalog)"
  run -4 --separate-stderr zfs2s3-get tank/chain@day1
  says "with checksum "
}

@test "a byte that changed in S3 is status 4, before the end of the stream is written" {
  own_chain 1
  s3 POST objects "{\"bucket\":\"zfs2s3\",\"key\":\"${ZFS2S3_PREFIX}tank/chain@day1\",\"flipBit\":76000}"
  zfs2s3-get tank/chain@day1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && false
  [ "$?" -eq 4 ]
  [[ "$(<"$BATS_TEST_TMPDIR/err")" == "zfs2s3-get: "* ]]
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -lt 76584 ]
}

@test "a whole stream of another snapshot is status 4, even where the catalog has no checksum, as the Python tool's" {
  needs_own_bucket "its keys have no prefix"
  fresh
  export ZFS2S3_PREFIX=""
  mkdir "$ZFS2S3_DATA_DIR"
  printf '%s\n' '!S3BackupStructureDto' 'backups:' '- !S3BackupDto' '  base: null' '  snapshot: !SnapshotDto' \
    "    guid: '2046425073918035619'" '    name: tank/plain@one' >"$(catalog)"
  in_bucket put tank/plain@one <"$fixtures/chain-1.zs"
  zfs2s3-get tank/plain@one >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && false
  [ "$?" -eq 4 ]
  [[ "$(<"$BATS_TEST_TMPDIR/err")" == "zfs2s3-get: the stream that is stored as tank/plain@one is of another snapshot"* ]]
  run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"

  in_bucket delete tank/plain@one
  in_bucket put tank/plain@one <"$fixtures/plain-full.zs"
  zfs2s3-get tank/plain@one | cmp - "$fixtures/plain-full.zs"
}

@test "a line that breaks is mended where it broke" {
  s3 POST faults '[{"operation":"GetObject","do":"drop","at":"answer","bytes":30000},
    {"operation":"GetObject","nth":2,"do":"status","code":"SlowDown"}]'
  s3 DELETE log
  cmp <(zfs2s3-get tank/chain@day1) "$fixtures/chain-1.zs"
  [ "$(s3 GET 'log?operation=GetObject' | jq -r '.range' | tail -1)" != null ]
}

@test "an S3 that is out of reach is status 1" {
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -1 --separate-stderr zfs2s3-get tank/chain@day1 --retry-for 1s
  says "zfs2s3-get: can't look at '${root}tank/chain@day1' in bucket $ZFS2S3_BUCKET: no answer from http://127.0.0.1:9 (ECONNREFUSED): check the network"
}

@test "an archived object is status 5: not yet" {
  needs_s3 archive
  fresh
  put_fixture chain-1 --storage-class DEEP_ARCHIVE
  run -5 --separate-stderr zfs2s3-get tank/chain@day1
  says "zfs2s3-get: '${ZFS2S3_PREFIX}tank/chain@day1' is archived (DEEP_ARCHIVE): thaw it: zfs2s3-thaw --wait tank/chain@day1"
}

@test "a signal ends it by that signal, without a word" {
  local signal getting ended
  for signal in INT TERM; do
    s3 POST faults "{\"operation\":\"GetObject\",\"do\":\"hold\",\"name\":\"$signal\"}"
    zfs2s3-get tank/chain@day1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
    getting=$!
    s3 GET "wait?held=$signal" >"$BATS_TEST_TMPDIR/held"
    kill "-$signal" "$getting"
    ended=0
    wait "$getting" || ended=$?
    [ "$(kill -l "$ended")" = "$signal" ]
    [ ! -s "$BATS_TEST_TMPDIR/err" ]
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
  done
}

@test "a reader that has enough ends it quietly" {
  zfs2s3-get tank/chain@day1 2>"$BATS_TEST_TMPDIR/err" | head -c 10 >"$BATS_TEST_TMPDIR/out"
  cmp -n 10 "$BATS_TEST_TMPDIR/out" "$fixtures/chain-1.zs"
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}
