# What every bats file loads: the commands in PATH, an S3 server and an empty data directory of its own, and short names.
bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
fixtures=$top/test/fixtures
export PATH="$top/bin:$PATH"

# Nothing of the user's own settings may reach the tests, nor the other way round. A real service is reached by them.
unset XDG_DATA_HOME ZFS2S3_PREFIX ZFS2S3_STORAGE_CLASS ZFS2S3_DATA_DIR ZFS2S3_CATALOG
# Node takes a terminal in CI for one without colours.
unset CI NO_COLOR FORCE_COLOR NODE_DISABLE_COLORS NODE_OPTIONS
[ -n "${ZFS2S3_TEST_REAL_S3:-}" ] || {
  unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
  export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
}
# In front of every prefix, so that files don't meet where they share a bucket.
root=${ZFS2S3_TEST_REAL_S3:+$ZFS2S3_TEST_REAL_S3$(basename "${BATS_TEST_FILENAME:-none}" .bats)/}
[ -z "$root" ] || export ZFS2S3_PREFIX=$root

# Starts a server for the file; its settings may follow. To be called in setup_file. A real service (scripts/test-real-s3)
# is what it is: a file that needs settings is skipped there.
start_s3() {
  if [ -n "${ZFS2S3_TEST_REAL_S3:-}" ]; then
    [ $# -eq 0 ] || skip "needs a server that is set up so: $*"
    return
  fi
  local ready=$BATS_FILE_TMPDIR/s3.env
  "$top/scripts/s3-server" --dir "$BATS_FILE_TMPDIR/s3" "$@" >"$ready" 2>"$BATS_FILE_TMPDIR/s3.log" 3>&- &
  export S3_SERVER_PID=$!
  for _ in $(seq 200); do
    grep -q ZFS2S3_BUCKET "$ready" && break
    kill -0 "$S3_SERVER_PID" || { cat "$BATS_FILE_TMPDIR/s3.log" >&2; return 1; }
    sleep 0.05
  done
  eval "$(grep '^export' "$ready")"
}

stop_s3() {
  [ -z "${S3_SERVER_PID:-}" ] || kill "$S3_SERVER_PID"
}

# An empty data directory and, so that tests don't meet, a prefix of its own in the bucket. To be called in setup.
fresh() {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/data
  export ZFS2S3_PREFIX="$root$BATS_TEST_NUMBER/"
  can_run_here
}

# can_run_here: where the service is a real one, skips a test that only the test server can serve (real-s3.bash). To be
# called in a setup that doesn't call fresh.
can_run_here() { :; }

# needs_s3 WHAT...: skips the test where the service was seen to lack one of these: storage-classes, archive, checksums,
# conditional-put, conditional-complete (test/commands/service.ts).
needs_s3() {
  local what
  for what in "$@"; do
    [[ " ${ZFS2S3_TEST_S3_LACKS:-} " != *" $what "* ]] || skip "the service lacks: $what"
  done
}

# put_fixture NAME [ARGUMENTS]: stores a recorded stream.
put_fixture() {
  local name=$1
  shift
  zfs2s3-put "$@" <"$fixtures/$name.zs"
}

# put_chain DAYS: stores the recorded chain of a dataset up to that day: 1 -> 2 -> ...
put_chain() {
  put_fixture chain-1
  local day
  for ((day = 2; day <= $1; day++)); do put_fixture "chain-$((day - 1))-$day"; done
}

# small_stream DS@SNAP GUID [BASE GUID]: the stream of an empty snapshot.
small_stream() {
  node "$top/dist-test/commands/small-stream.js" "$@"
}

# snapshots: that the catalog lists, in order.
snapshots() {
  zfs2s3-graph | jq -r .snapshot
}

# s3 METHOD PATH [JSON]: asks the server itself (scripts/s3-server --help), as in: s3 POST faults '{...}'.
s3() {
  curl -sS --fail-with-body -X "$1" "$AWS_ENDPOINT_URL_S3/-/$2" ${3:+--data "$3"}
}

# altered KEY JSON: something happens to an object of the test behind everybody's back (test/s3/alter.ts).
altered() {
  s3 POST objects "$(jq -nc --arg key "$ZFS2S3_PREFIX$1" --argjson what "$2" '{bucket: "zfs2s3", key: $key} + $what')"
}

# in_bucket delete|read|put|begin|list|uploads KEY: does in the bucket what others may do there (test/commands/bucket.ts).
in_bucket() {
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true node "$top/dist-test/commands/bucket.js" "$1" "$ZFS2S3_PREFIX$2"
}

# s3api OPERATION [JSON]: an operation of the SDK on the bucket (test/commands/bucket.ts), as in: s3api DeleteBucketLifecycle.
s3api() {
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true node "$top/dist-test/commands/bucket.js" api "$@"
}

# lockable_bucket: from here on the bucket is another one, with object lock, for this test alone.
lockable_bucket() {
  export ZFS2S3_BUCKET=lockable-$BATS_TEST_NUMBER
  s3api CreateBucket '{"ObjectLockEnabledForBucket":true}' >/dev/null
}

# requests OPERATION: how many of them there were for the test's keys, the catalog's aside.
requests() {
  s3 GET "log?operation=$1" | jq -s --arg prefix "$ZFS2S3_PREFIX" 'map(.key // "" | select(startswith($prefix) and (test("zfs2s3-(catalog.yml|probe)$") | not))) | length'
}

# objects: all objects under the test's prefix but the catalog's as the server has them on disk, a line of JSON each, in the order of their keys.
objects() {
  local records=("$BATS_FILE_TMPDIR/s3/objects/$ZFS2S3_BUCKET"/*.json)
  [ -e "${records[0]}" ] || return 0
  jq -cs --arg prefix "$ZFS2S3_PREFIX" 'map(.record | select(.key | startswith($prefix)) | select(.key | test("zfs2s3-(catalog.yml|probe)$") | not)
    | {key: .key[($prefix | length):]} + .versions[0] | select(.deleteMarker | not)) | sort_by(.key)[]' "${records[@]}"
}

# keys: of those objects, without the prefix.
keys() {
  objects | jq -r .key
}

# open_uploads: the multipart uploads under the test's prefix that are neither completed nor aborted, as KEY PARTS.
open_uploads() {
  local upload
  for upload in "$BATS_FILE_TMPDIR"/s3/uploads/*.json; do
    [ -e "$upload" ] || return 0
    jq -r --arg prefix "$ZFS2S3_PREFIX" --arg parts "$(find "${upload%.json}" -name '*.json' | wc -l)" \
      '.record.key | select(startswith($prefix)) | "\(.[($prefix | length):]) \($parts)"' "$upload"
  done
}

# put_in_background NAME [ARGUMENTS]: begins to store a recorded stream in parts of 5 MiB, of which S3 acknowledges the
# first and holds the second; returns when it does. $put_pid is the command's process. (A held request that is not released
# stays so, and its bytes never reach the upload.)
put_in_background() {
  local name=$1
  shift
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"partNumber\":2,\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3-put --part-size 5M --concurrency 1 "$@" <"$fixtures/$name.zs" \
    >"$BATS_TEST_TMPDIR/put.out" 2>"$BATS_TEST_TMPDIR/put.err" 3>&- &
  put_pid=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER" >"$BATS_TEST_TMPDIR/held"
}

# put_ends_with STATUS: waits for it.
put_ends_with() {
  local ended=0
  wait "$put_pid" || ended=$?
  [ "$ended" -eq "$1" ] && return
  echo "ended with $ended: $(<"$BATS_TEST_TMPDIR/put.err")"
  return 1
}

# interrupted NAME [ARGUMENTS]: leaves the upload of a recorded stream pending with one part of 5 MiB.
interrupted() {
  put_in_background "$@"
  kill -INT "$put_pid"
  put_ends_with 130
}

# catalog: the catalog's file.
catalog() {
  echo "$ZFS2S3_DATA_DIR/stored_snapshots.yml"
}

# says TEXT: the last run with --separate-stderr wrote nothing to stdout, and one line to stderr that has it.
says() {
  [ "$output" = "" ] && [ "${#stderr_lines[@]}" -eq 1 ] && [[ "$stderr" == *"$1"* ]] && return
  printf 'stdout: %s\nstderr: %s\n' "$output" "$stderr"
  return 1
}

# path_without PROGRAM: a PATH in which all other programs are found, but not that one.
path_without() {
  local dir=$BATS_TEST_TMPDIR/path from
  mkdir -p "$dir"
  for from in ${PATH//:/ }; do ln -sf "$from"/* "$dir" 2>/dev/null; done
  rm -f "$dir/$1"
  echo "$dir"
}

# fake_zfs: a zfs in PATH that has the recorded chain's snapshots, and notes in $zfs_log what it was run with.
fake_zfs() {
  export fixtures zfs_log=$BATS_TEST_TMPDIR/zfs.log
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  cp "$BATS_TEST_DIRNAME/fake-zfs" "$BATS_TEST_TMPDIR/bin/zfs"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# needs TOOL: skips the test, with the reason, where a program is missing.
needs() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
}

# at_terminal COMMAND: runs a command line of bash with a terminal as stdin, stdout and stderr, and prints what it would
# show.
at_terminal() {
  needs script
  SHELL=$BASH script -qec "$1" /dev/null </dev/null | tr -d '\r'
  return "${PIPESTATUS[0]}"
}

# needs_own_bucket WHY: skips a test that does more to the bucket than to have objects under its prefix, where others share it.
needs_own_bucket() {
  [ -z "$root" ] || skip "needs a bucket of its own: $1"
}

[ -z "${ZFS2S3_TEST_REAL_S3:-}" ] || . "$BATS_TEST_DIRNAME/real-s3.bash"
