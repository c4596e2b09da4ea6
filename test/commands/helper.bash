# What every bats file loads: the commands in PATH, an S3 server and an empty data directory of its own, and short names.
bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
fixtures=$top/test/fixtures
export PATH="$top/bin:$PATH"

# Nothing of the user's own settings may reach the tests, nor the other way round.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL XDG_DATA_HOME ZFS2S3_PREFIX ZFS2S3_STORAGE_CLASS ZFS2S3_DATA_DIR
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

# Starts a server for the file; its settings may follow. To be called in setup_file.
start_s3() {
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
  export ZFS2S3_PREFIX="$BATS_TEST_NUMBER/"
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

# catalog_is NAME...: the snapshots that the catalog lists, in order.
snapshots() {
  zfs2s3-graph | jq -r .snapshot
}

# keys: all objects under the test's prefix, without it.
keys() {
  find_keys "$ZFS2S3_PREFIX"
}

# needs TOOL: skips the test, with the reason, where a program is missing.
needs() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
}
