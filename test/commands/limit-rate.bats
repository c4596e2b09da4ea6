# --limit-rate: a transfer takes the time that it says, both ways, and no more than that.
load helper

setup_file() {
  start_s3
  node --input-type=module -e "
    import { pipeline } from 'node:stream/promises'
    import { simpleStream } from '$top/dist-test/stream/writer.js'
    await pipeline(simpleStream({ toname: 'tank/long@one', toguid: 1n, writes: 320 }), process.stdout)" \
    >"$BATS_FILE_TMPDIR/stream"
}
teardown_file() { stop_s3; }
setup() {
  fresh
  stream=$BATS_FILE_TMPDIR/stream # 40 MiB: two seconds at 20M
}

# takes_two_seconds COMMAND: with what the command needs besides, measured by doing nothing.
takes_two_seconds() {
  local started=$EPOCHREALTIME idle
  zfs2s3-pending
  zfs2s3-graph >/dev/null
  idle=$((${EPOCHREALTIME/./} - ${started/./}))
  started=$EPOCHREALTIME
  "$@"
  local took=$((${EPOCHREALTIME/./} - ${started/./}))
  echo "# $1 took $((took / 1000)) ms (starting up took $((idle / 1000)))" >&3
  [ "$took" -ge 1950000 ]
  [ "$took" -le $((2100000 + 3 * idle + 500000)) ]
}

@test "put and get keep to 20M" {
  put() { zfs2s3-put --limit-rate 20M --part-size 8M <"$stream" >/dev/null; }
  get() { zfs2s3-get --limit-rate 20M tank/long@one | cmp - "$stream"; }
  takes_two_seconds put
  takes_two_seconds get
}

@test "a rate that is none" {
  run -2 --separate-stderr zfs2s3-get --limit-rate fast tank/long@one
  says "--limit-rate is 'fast': give a size like 5242880, 64M or 1G"
}
