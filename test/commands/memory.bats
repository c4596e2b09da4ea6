# put's memory stays the same whatever the stream's length: about the parts in flight, and never more than 200 MiB.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

blocks=4000 # of 128 KiB: 500 MiB

# long_stream: a valid stream that is longer than put may ever have in memory.
long_stream() {
  node --input-type=module -e "
    import { pipeline } from 'node:stream/promises'
    import { simpleStream } from '$top/dist-test/stream/writer.js'
    await pipeline(simpleStream({ toname: 'tank/long@one', toguid: 1n, writes: $blocks }), process.stdout)"
}

# stays_small [ARGUMENT...]: put of the long stream; its highest memory is read just before it completes the upload.
stays_small() {
  local put most
  curl -sf "$AWS_ENDPOINT_URL_S3/-/faults" -d '{"operation":"CompleteMultipartUpload","do":"hold","name":"completing"}'
  long_stream 3>&- | zfs2s3-put "$@" >"$BATS_TEST_TMPDIR/edge" 3>&- &
  put=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?held=completing" >/dev/null
  most=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$put/status")
  curl -sf -X POST "$AWS_ENDPOINT_URL_S3/-/release?held=completing" >/dev/null
  wait "$put"
  echo "# highest memory of put $*: $((most / 1024)) MiB" >&3
  [ "$(jq .stream.bytes "$BATS_TEST_TMPDIR/edge")" -gt $((blocks * 128 * 1024)) ]
  [ "$most" -gt 0 ]
  [ "$most" -lt $((200 * 1024)) ]
  zfs2s3-rm tank/long@one >/dev/null
}

@test "a stream of 500 MiB" { stays_small; }
@test "a stream of 500 MiB through a filter" { stays_small --filter cat; }
@test "a stream of 500 MiB through a filter that is much slower than its source" { stays_small --filter 'gzip -1'; }
