# Interrupting uploads at a place, and what the server can be told to do wrong.

# fault JSON: one fault, or an array of them (scripts/s3-server --help).
fault() { curl -sf "$AWS_ENDPOINT_URL_S3/-/faults" -d "$1"; }

# In a teardown, which also follows a test that was skipped because there is no such server.
faults_over() { [ -n "$root" ] || curl -sf -X DELETE "$AWS_ENDPOINT_URL_S3/-/faults"; }

forget_log() { curl -sf -X DELETE "$AWS_ENDPOINT_URL_S3/-/log"; }

# server_is JSON: changes its settings.
server_is() { [ -n "$root" ] || curl -sf "$AWS_ENDPOINT_URL_S3/-/settings" -d "$1" >/dev/null; }

# sent: the numbers of the parts that were sent since the log was forgotten.
sent() {
  curl -sf "$AWS_ENDPOINT_URL_S3/-/log?operation=UploadPart" | jq -s -r 'map(.partNumber) | sort | join(" ")'
}

# stopped_at REQUEST SIGNAL COMMAND...: runs the command, with this function's stdin, until the server has got that request
# (a fault without "do"), and sends it the signal; the request is never handled. Sets status and stderr.
stopped_at() {
  local request=$1 signal=$2
  shift 2
  fault "[$(jq -c '. + {do: "hold", name: "stop"}' <<<"$request"), $(jq -c '. + {do: "drop"}' <<<"$request")]"
  "$@" <&0 >"$BATS_TEST_TMPDIR/stopped.out" 2>"$BATS_TEST_TMPDIR/stopped.err" 3>&- &
  local pid=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?held=stop" >/dev/null
  kill "-$signal" "$pid"
  status=0
  wait "$pid" || status=$?
  faults_over
  stderr=$(cat "$BATS_TEST_TMPDIR/stopped.err")
}

# killed_at_part N [ARGUMENT...]: put is killed when it sends that part of its stdin, all before it being noted.
killed_at_part() {
  local part=$1
  shift
  stopped_at "{\"operation\":\"UploadPart\",\"partNumber\":$part}" KILL zfs2s3-put --concurrency 1 "$@"
  [ "$status" -eq 137 ]
}

# stored_is FILE: the only object under the test's prefix is byte for byte that file, the catalog has it once, and nothing
# else is left of its upload.
stored_is() {
  local graph
  graph=$(zfs2s3-graph)
  [ "$(wc -l <<<"$graph")" -eq 1 ] && zfs2s3-get <<<"$graph" | cmp - "$1" && [ "$(zfs2s3-pending)" = "" ] &&
    [ "$(bucket_has | grep -c ^upload)" -eq 0 ] && [ "$(find "$ZFS2S3_DATA_DIR/uploads" -name '*.ndjson')" = "" ] && return
  echo "$graph"; bucket_has; zfs2s3-pending
  return 1
}

# ledger: the path of the only one.
ledger() { echo "$ZFS2S3_DATA_DIR"/uploads/*.ndjson; }
