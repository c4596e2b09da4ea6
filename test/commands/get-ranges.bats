# zfs2s3-get of a long stream: ranges in parallel, each mended by itself; memory stays small, also with a slow reader.
load helper

# A valid stream of 200 MiB, which is 26 ranges of 8 MiB; of 2 GiB with ZFS2S3_TEST_LONG=1.
blocks=1600
ranges=26
[ "${ZFS2S3_TEST_LONG:-}" != 1 ] || { blocks=16400; ranges=257; }

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
  can_run_here
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
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"status\",\"status\":503,\"code\":\"SlowDown\"}"
  comes_whole
  s3 POST faults "{\"operation\":\"GetObject\",\"times\":$ranges,\"do\":\"stall\",\"at\":\"answer\",\"bytes\":500000}"
  comes_whole --timeout 1s
}

@test "a bit that flips on the way in any of them is status 4, and what came is no whole stream" {
  local nth
  for nth in 1 13 $ranges; do
    s3 POST faults "{\"operation\":\"GetObject\",\"nth\":$nth,\"do\":\"corrupt\",\"what\":\"answer\",\"offset\":1000}"
    run -4 bash -c "zfs2s3-get tank/long@one >'$BATS_TEST_TMPDIR/out'"
    run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
  done
}

# half_of_it: a reader that takes half of its stdin, then nothing until it is told to go on. It stops within a range; that and
# the eight behind it are then in memory, and no other is asked for.
stops_in=$((ranges / 2))
half_of_it() {
  head -c $(((2 * stops_in - 1) * 4194304)) | sha256sum >/dev/null
  read -r _ <"$BATS_TEST_TMPDIR/go"
  cat >/dev/null
}

# highest_mib PROCESS: the most memory that it has had, once the reader has stopped.
highest_mib() {
  s3 GET "wait?operation=GetObject&count=$((stops_in + 8))" >/dev/null
  [ "$(gets | wc -l)" -eq $((stops_in + 8)) ]
  echo $(($(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status") / 1024))
}

@test "memory stays under 200 MiB, with a fast reader and with a slow one" {
  local get most
  mkfifo "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/go"
  zfs2s3-get tank/long@one >"$BATS_TEST_TMPDIR/fifo" 3>&- &
  get=$!
  half_of_it <"$BATS_TEST_TMPDIR/fifo" 3>&- &
  most=$(highest_mib "$get")
  echo >"$BATS_TEST_TMPDIR/go"
  wait "$get"
  echo "# highest memory of get: $most MiB" >&3
  [ "$most" -gt 0 ]
  [ "$most" -lt 200 ]
}

@test "so does that of restore, with a zfs receive that is slow" {
  local restore most ended=0
  mkfifo "$BATS_TEST_TMPDIR/go"
  mkdir -p "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/zfs/datasets"
  ln -s "$BATS_TEST_DIRNAME/fake-target" "$BATS_TEST_TMPDIR/bin/zfs"
  { declare -p stops_in; declare -f half_of_it; echo 'half_of_it; echo received >"$BATS_TEST_TMPDIR/received"; exit 1'; } \
    >"$BATS_TEST_TMPDIR/zfs/receive"
  zfs_target=$BATS_TEST_TMPDIR/zfs PATH=$BATS_TEST_TMPDIR/bin:$PATH zfs2s3 restore tank/long@one pool/long 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  restore=$!
  most=$(highest_mib "$restore")
  echo >"$BATS_TEST_TMPDIR/go"
  wait "$restore" || ended=$?
  [ "$ended" -eq 1 ]
  [ -e "$BATS_TEST_TMPDIR/received" ]
  echo "# highest memory of restore: $most MiB" >&3
  [ "$most" -gt 0 ]
  [ "$most" -lt 200 ]
}

@test "a reader that takes nothing any more does not keep it from ending at the first signal" {
  local get ended=0
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  zfs2s3-get tank/long@one >"$BATS_TEST_TMPDIR/fifo" 3>&- &
  get=$!
  exec 7<"$BATS_TEST_TMPDIR/fifo"
  s3 GET "wait?operation=GetObject&count=8" >/dev/null
  sleep 0.5
  kill -TERM "$get"
  for _ in $(seq 100); do
    kill -0 "$get" 2>/dev/null || break
    sleep 0.1
  done
  # Were it still there, the test would end so, too late.
  kill -KILL "$get" 2>/dev/null || true
  wait "$get" || ended=$?
  exec 7<&-
  [ "$ended" -eq 143 ]
}
