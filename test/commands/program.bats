# put -- zfs send ...: put runs the command itself, and demands that it ends well.
load helper
load streams

setup_file() {
  start_small_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  put_fixture chain-1
}
teardown_file() { stop_s3; }
setup() { starting_with "$BATS_FILE_TMPDIR/stored"; }

increment=$fixtures/chain-1-2.zs

# put_running COMMAND...
put_running() {
  # shellcheck disable=SC2086
  run --separate-stderr zfs2s3-put $small -- "$@"
}

@test "what the command writes is stored, and stdin is left alone" {
  local rest
  run -0 --separate-stderr zfs2s3-put tank/chain@day2 --base @day1 -- cat "$increment"
  [ "$stderr" = "" ]
  zfs2s3-get tank/chain@day2 | cmp - "$increment"
  rest=$(printf 'left alone' | (zfs2s3-put -- cat "$fixtures/chain-2-3.zs" >/dev/null; cat))
  [ "$rest" = "left alone" ]
}

@test "no shell looks at the command" {
  cp "$increment" "$BATS_TEST_TMPDIR/a b \$HOME;false"
  put_running cat "$BATS_TEST_TMPDIR/a b \$HOME;false"
  [ "$status" -eq 0 ]
}

@test "a command that writes a whole stream and fails stores nothing" {
  put_running sh -c "cat $increment; exit 3"
  ends_with 1 "ended with status 3"
  [[ "$(bucket_has)" == "upload "* ]]
  catalog_untouched
}

@test "a command that writes a whole stream and is killed stores nothing" {
  put_running sh -c "cat $increment; kill -KILL \$\$"
  ends_with 1 "was killed by SIGKILL"
  catalog_untouched
}

@test "a command that dies in the middle stores nothing, and its own failure is what is said" {
  put_running sh -c "head -c 9000 $increment; echo 'zfs: out of luck' >&2; exit 1"
  ends_with 1 "ended with status 1"
  [[ "$stderr" == "zfs: out of luck"* ]]
  pending_with 2
}

@test "a command that writes half of a stream and says that all is well stores nothing" {
  put_running head -c 9000 "$increment"
  ends_with 4 "the stream ends after 9,000 bytes without its END record"
  pending_with 2
}

@test "a command that is not there, or fails without a word, is not an empty stream" {
  put_running no-such-program tank/chain@day2
  ends_with 1 "can't run 'no-such-program tank/chain@day2'"
  put_running false
  ends_with 1 "'false' ended with status 1"
  nothing_came_of_it
  put_running true
  ends_with 4 "empty"
  nothing_came_of_it
}

@test "the command and a filter: both must end well" {
  run --separate-stderr zfs2s3-put --filter 'cat; exit 4' -- cat "$increment"
  ends_with 1 "the filter 'cat; exit 4' ended with status 4"
  nothing_came_of_it
  run --separate-stderr zfs2s3-put --filter cat -- sh -c "cat $increment; exit 5"
  ends_with 1 "exit 5' ended with status 5"
  nothing_came_of_it
  run -0 zfs2s3-put --filter cat -- cat "$increment"
}

@test "a command that is refused is ended, though it would go on for ever" {
  put_running sh -c "echo \$\$ >$BATS_TEST_TMPDIR/pid; cat $fixtures/chain-2-3.zs; exec sleep 1000"
  ends_with 3 "is not stored"
  [ "$(ps -o pid= -p "$(cat "$BATS_TEST_TMPDIR/pid")")" = "" ]
  nothing_came_of_it
}

@test "SIGTERM ends the command as well, even after its last byte" {
  local put status=0
  zfs2s3-put $small -- sh -c "cat $increment; exec >&-; echo \$\$ >$BATS_TEST_TMPDIR/pid; exec sleep 1000" \
    2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
  put=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?operation=UploadPart&key=$ZFS2S3_PREFIX&count=4" >/dev/null
  kill -TERM "$put"
  wait "$put" || status=$?
  [ "$status" -eq 143 ]
  [ "$(ps -o pid= -p "$(cat "$BATS_TEST_TMPDIR/pid")")" = "" ]
  grep -q "is pending with" "$BATS_TEST_TMPDIR/stderr"
  catalog_untouched
}
