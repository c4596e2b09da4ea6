# When S3, the network, the clock or the disk fail during an upload: it is tried again, or stays pending with the reason.
load helper
load streams
load interrupt

setup_file() { start_small_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }
teardown() {
  faults_over
  server_is '{"skewMs":0}'
  [ ! -d "$BATS_TEST_TMPDIR/small" ] || umount "$BATS_TEST_TMPDIR/small"
}

stream=$fixtures/chain-1.zs

# goes_through FAULT [ARGUMENT...]: put succeeds quietly although that happens.
goes_through() {
  fault "$1"
  # shellcheck disable=SC2086
  run -0 --separate-stderr zfs2s3-put $small "${@:2}" <"$stream"
  [ "$stderr" = "" ]
  stored_is "$stream"
}

@test "a connection that is dropped, before or after S3 has the part" {
  goes_through '[{"operation":"UploadPart","nth":3,"do":"drop"},{"operation":"UploadPart","nth":7,"do":"drop","at":"after"},
    {"operation":"UploadPart","nth":9,"do":"drop","at":"body","bytes":2000}]'
}

@test "500 and 503 SlowDown, more often than the SDK tries by itself" {
  goes_through '[{"operation":"UploadPart","partNumber":3,"times":4,"do":"status","status":503,"code":"SlowDown"},
    {"operation":"UploadPart","partNumber":5,"times":2,"do":"status","status":500,"code":"InternalError"}]'
}

@test "a part that S3 takes and never acknowledges, with --timeout" {
  goes_through '{"operation":"UploadPart","partNumber":3,"do":"stall","at":"after"}' --timeout 1s
}

@test "S3 is away while an upload is begun, and while it is completed" {
  goes_through '[{"operation":"CreateMultipartUpload","times":4,"do":"drop"},
    {"operation":"CompleteMultipartUpload","times":4,"do":"drop"}]'
}

@test "an upload whose begin was not answered does not stay open in S3" {
  goes_through '{"operation":"CreateMultipartUpload","times":4,"do":"drop","at":"after"}'
}

@test "a completion that was not answered is found to be done" {
  goes_through '{"operation":"CompleteMultipartUpload","do":"drop","at":"after"}'
}

@test "a completion that fails in the body of a 200" {
  goes_through '{"operation":"CompleteMultipartUpload","do":"late-error","code":"InternalError"}'
}

# stays_pending REASON [ARGUMENT...]: put ends with status 1 and says so; the upload is pending.
stays_pending() {
  # shellcheck disable=SC2086
  run -1 --separate-stderr zfs2s3-put --concurrency 1 $small "${@:2}" <"$stream"
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-put: "*"$1"*"the upload of tank/chain@day1 is pending with "*" safe: go on with --resume"* ]] || {
    echo "$stderr"
    return 1
  }
}

@test "S3 is away for longer than --retry-for" {
  fault '{"operation":"UploadPart","nth":5,"times":0,"do":"drop"}'
  stays_pending "can't put part 5 of '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: no answer from " --retry-for 1s
  [[ "$stderr" == *"4 parts (16.0 KiB) safe"* ]]
  faults_over
  zfs2s3-put --resume <"$stream"
  stored_is "$stream"
}

@test "the credentials expire on the way" {
  fault '{"operation":"UploadPart","nth":5,"times":0,"do":"status","status":400,"code":"ExpiredToken"}'
  stays_pending "(ExpiredToken): the credentials have expired: renew them and run the command again"
  faults_over
  zfs2s3-put --resume <"$stream"
  stored_is "$stream"
}

@test "an answer with a wrong ETag is noticed when completing, and S3's own is used then" {
  fault '{"operation":"UploadPart","nth":5,"do":"corrupt","what":"etag"}'
  stays_pending "S3 answered 400 InvalidPart"
  forget_log
  zfs2s3-put --resume </dev/null
  [ "$(sent)" = "" ]
  stored_is "$stream"
}

@test "a clock that is twenty minutes wrong, of which the SDK learns from the first answer" {
  server_is '{"skewMs":1200000}'
  # shellcheck disable=SC2086
  run -0 --separate-stderr zfs2s3-put $small <"$stream"
  [ "$stderr" = "" ]
  stored_is "$stream"
}

@test "a signal ends the waiting for S3" {
  fault '{"operation":"UploadPart","nth":5,"times":0,"do":"status","status":503,"code":"SlowDown"}'
  # shellcheck disable=SC2086
  zfs2s3-put $small <"$stream" 3>&- &
  local pid=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?operation=UploadPart&status=503&count=3" >/dev/null
  kill -TERM "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 143 ]
  faults_over
  zfs2s3-put --resume <"$stream"
  stored_is "$stream"
}

@test "of two puts at once the second one is refused, and disturbs nothing" {
  fault '{"operation":"UploadPart","nth":5,"do":"hold","name":"first"}'
  # shellcheck disable=SC2086
  zfs2s3-put $small <"$stream" >/dev/null 3>&- &
  local first=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?held=first" >/dev/null
  run -3 --separate-stderr zfs2s3-put <"$stream"
  ends_with 3 "the upload of tank/chain@day1 (full) is not finished"
  faults_over
  wait "$first"
  stored_is "$stream"
}

# on_a_small_disk: the data directory is a disk of its own with 64 KiB.
on_a_small_disk() {
  [ "$(id -u)" -eq 0 ] || skip "only root can mount a small disk"
  mkdir "$BATS_TEST_TMPDIR/small"
  mount -t tmpfs -o size=64k none "$BATS_TEST_TMPDIR/small" || {
    rmdir "$BATS_TEST_TMPDIR/small"
    skip "a tmpfs can't be mounted here"
  }
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/small
}

fill() { dd if=/dev/zero of="$BATS_TEST_TMPDIR/small/ballast" bs=4k 2>/dev/null || true; }

@test "the disk fills up while the ledger is written: no part is lost, and there is no half line when it goes on" {
  on_a_small_disk
  fault '{"operation":"UploadPart","nth":5,"do":"hold","name":"fifth"}'
  # shellcheck disable=SC2086
  zfs2s3-put --concurrency 1 $small <"$stream" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
  local pid=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?held=fifth" >/dev/null
  fill
  faults_over
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 1 ]
  [[ "$(cat "$BATS_TEST_TMPDIR/stderr")" == *"can't write the ledger "*ENOSPC*"make room"*"then go on with --resume; the upload of tank/chain@day1 is pending"* ]]
  rm "$BATS_TEST_TMPDIR/small/ballast"
  forget_log
  zfs2s3-put --resume <"$stream"
  [[ "$(sent)" != *"1 2 3 4 "* ]]
  stored_is "$stream"
}

@test "on a full disk nothing begins" {
  on_a_small_disk
  fill
  run -1 --separate-stderr zfs2s3-put <"$stream"
  [[ "$stderr" == *"the disk is full"* || "$stderr" == *ENOSPC* ]]
  [ "$(bucket_has)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}
