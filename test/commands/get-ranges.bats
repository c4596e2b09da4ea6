# zfs2s3-get of a long stream: ranges in parallel, each mended by itself; memory stays small, also with a slow reader.
load helper

# A valid stream of 200 MiB, which is 51 ranges of 4 MiB.
blocks=1600
ranges=51

long_stream() {
  node --input-type=module -e "
    import { pipeline } from 'node:stream/promises'
    import { simpleStream } from '$top/dist-test/stream/writer.js'
    await pipeline(simpleStream({ toname: 'tank/long@one', toguid: 1n, writes: $blocks }), process.stdout)"
}

setup_file() {
  start_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  long_stream | tee >(sha256sum >"$BATS_FILE_TMPDIR/sum") | zfs2s3-put >"$BATS_FILE_TMPDIR/edge"
}
teardown_file() { stop_s3; }
setup() {
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  s3 DELETE faults
  s3 DELETE log
}

comes_whole() {
  zfs2s3-get tank/long@one "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  [ "$(sha256sum <"$BATS_TEST_TMPDIR/out")" = "$(cat "$BATS_FILE_TMPDIR/sum")" ]
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

gets() { s3 GET 'log?operation=GetObject' | jq -r .range; }

@test "each range is asked for once, with whatever concurrency" {
  local concurrency
  for concurrency in 1 8 32; do
    s3 DELETE log
    comes_whole --concurrency $concurrency
    [ "$(gets | wc -l)" -eq $ranges ]
    [ "$(gets | sort -u | wc -l)" -eq $ranges ]
  done
}

@test "a line that breaks on every range, before the answer or in the middle" {
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"drop\"}"
  comes_whole
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"drop\",\"at\":\"answer\",\"bytes\":500000}"
  comes_whole
  [ "$(gets | wc -l)" -gt $((2 * ranges)) ]
}

@test "every range is answered with 500 or 503 first, or stalls" {
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"status\",\"status\":500,\"code\":\"InternalError\"}"
  comes_whole
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"stall\",\"at\":\"answer\",\"bytes\":500000}"
  comes_whole --timeout 1s
}

@test "a bit that flips on the way in any of them is status 4, and what came is no whole stream" {
  local nth
  for nth in 1 25 $ranges; do
    s3 POST faults "{\"operation\":\"GetObject\",\"nth\":$nth,\"do\":\"corrupt\",\"what\":\"answer\",\"offset\":1000}"
    run -4 bash -c "zfs2s3-get tank/long@one >'$BATS_TEST_TMPDIR/out'"
    run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
  done
}

@test "memory stays under 200 MiB, with a fast reader and with a slow one" {
  local get most
  # The reader takes 150 MiB at once, then nothing until the memory has been looked at.
  mkfifo "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/go"
  zfs2s3-get tank/long@one >"$BATS_TEST_TMPDIR/fifo" 3>&- &
  get=$!
  (head -c 157286400 | sha256sum >/dev/null; read -r _ <"$BATS_TEST_TMPDIR/go"; cat >/dev/null) <"$BATS_TEST_TMPDIR/fifo" 3>&- &
  # It stops in the 38th range; that and the seven behind it are in memory, and no other is asked for.
  s3 GET "wait?operation=GetObject&count=45" >/dev/null
  most=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$get/status")
  [ "$(gets | wc -l)" -eq 45 ]
  echo >"$BATS_TEST_TMPDIR/go"
  wait "$get"
  echo "# highest memory of get: $((most / 1024)) MiB" >&3
  [ "$most" -gt 0 ]
  [ "$most" -lt $((200 * 1024)) ]
}
