# zfs2s3-get --continue: what an interrupted zfs receive -s still needs of a stored stream.
load helper

setup_file() {
  start_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  put_fixture res-full
  put_chain 3
}
teardown_file() { stop_s3; }
setup() {
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  can_run_here
}

# What ZFS itself left behind when it received res-full.zs, and what zfs send -t sent for it.
token=$(<"$fixtures/resumed-t.token")

# token_for FILE OBJECT OFFSET: what a receiver of that stream says that stopped there.
token_for() {
  node --input-type=module -e "
    import { readFileSync } from 'node:fs'
    import { encodeToken, tokenFacts } from '$top/dist/stream/token.js'
    import { verdictOf } from '$top/dist-test/stream/streams.js'
    const [begin] = verdictOf(readFileSync('$fixtures/$1')).substreams
    console.log(encodeToken(tokenFacts(begin, { object: '$2', offset: '$3' }, 0)))"
}

@test "it is byte for byte what zfs send -t sends for that token" {
  run -0 --separate-stderr zfs2s3-get tank/res@one --continue "$token"
  [ "$stderr" = "" ]
  zfs2s3-get tank/res@one --continue "$token" | cmp - "$fixtures/resumed-t.zs"
}

@test "the token says which stream it is, so the name may be left out" {
  zfs2s3-get --continue "$token" </dev/null | cmp - "$fixtures/resumed-t.zs"
}

@test "an increment goes on, also one of which nothing had arrived" {
  zfs2s3-get --continue "$(token_for chain-2-3.zs 1 0)" >"$BATS_TEST_TMPDIR/out"
  run -0 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
  [ "$(jq -c '[.kind, .toname, .complete]' <<<"$output")" = '["resumed","tank/chain@day3",true]' ]
  [ "$(jq -c .records <<<"$output")" = "$(zfs2s3-inspect <"$fixtures/chain-2-3.zs" | jq -c .records)" ]
}

@test "through a filter, it is undone first" {
  fresh
  put_fixture res-full --filter 'gzip -1'
  zfs2s3-get --continue "$token" --filter 'gzip -d' 2>/dev/null | cmp - "$fixtures/resumed-t.zs"
  zfs2s3-get --continue "$token" --decompress 2>/dev/null | cmp - "$fixtures/resumed-t.zs"
  run -4 --separate-stderr zfs2s3-get --continue "$token"
  [ "$output" = "" ]
  [[ "$stderr" == *"tank/res@one can't be continued: it is compressed (gzip): undo its filter with --filter or --decompress"* ]]
}

@test "a token of another snapshot is status 4, and nothing is written" {
  run -4 --separate-stderr zfs2s3-get tank/chain@day1 --continue "$token"
  says "zfs2s3-get: the token is for tank/res@one (GUID 6856731107730645516), not for tank/chain@day1 (GUID "
  run -4 --separate-stderr zfs2s3-get tank/chain@day1 --continue "$(token_for chain-1.zs 77777 0)"
  [[ "$stderr" == *"the stored stream has no object 77777, where the token says to go on"* ]]
}

@test "a token of a stream that is not stored is status 3, what is no token status 2" {
  run -3 --separate-stderr zfs2s3-get --continue "$(token_for plain-full.zs 1 0)"
  says "is not stored"
  run -2 --separate-stderr zfs2s3-get --continue "${token}0"
  says "this is not a resume token"
  run -2 --separate-stderr zfs2s3-get --continue -
  says "this is not a resume token"
}

@test "of a damaged stream the end is never written" {
  fresh
  put_fixture res-full
  s3 POST objects "{\"bucket\":\"zfs2s3\",\"key\":\"${ZFS2S3_PREFIX}tank/res@one\",\"flipBit\":3000000}"
  zfs2s3-get --continue "$token" >"$BATS_TEST_TMPDIR/out" 2>/dev/null && false
  [ "$?" -eq 4 ]
  run -4 zfs2s3-inspect <"$BATS_TEST_TMPDIR/out"
}

# long_stream: of one object, 600 MiB in blocks of 1 MiB.
long_stream() {
  node --input-type=module -e "
    import { pipeline } from 'node:stream/promises'
    import { simpleStream } from '$top/dist-test/stream/writer.js'
    const block = { writes: 600, blockSize: 1048576 }
    await pipeline(simpleStream({ toname: 'tank/long@one', toguid: 1n, features: ['large_blocks'], ...block }), process.stdout)"
}

# read_mib: how much was read from S3 since the log was deleted.
read_mib() {
  s3 GET "log?operation=GetObject" | jq -s 'map(.responseBytes) | add / 1048576 | floor'
}

@test "of a long stream no more is read than from the position before the point, and without positions it still works" {
  fresh
  long_stream | zfs2s3-put >"$BATS_TEST_TMPDIR/edge"
  [ "$(jq -c '[.index[] | length]' "$BATS_TEST_TMPDIR/edge")" = "[5,2]" ]
  [ "$(zfs2s3-graph | jq -c .index)" = "$(jq -c .index "$BATS_TEST_TMPDIR/edge")" ]
  local token block
  block=590
  token=$(node --input-type=module -e "
    import { encodeToken } from '$top/dist/stream/token.js'
    const features = { largeBlocks: true, embedData: false, compressed: false, raw: false }
    const facts = { toname: 'tank/long@one', toguid: '1', fromguid: null, object: '2', offset: String($block * 1048576), bytes: '0' }
    console.log(encodeToken({ ...facts, ...features }))")
  s3 DELETE log
  zfs2s3-get --continue "$token" </dev/null >"$BATS_TEST_TMPDIR/near"
  echo "# read of 600 MiB to go on 10 MiB before the end: $(read_mib) MiB" >&3
  # From the position at 512 MiB on.
  [ "$(read_mib)" -ge 88 ]
  [ "$(read_mib)" -le 90 ]
  sed -i 's/,"index":\[.*\]\]//' "$(catalog)"
  [ "$(zfs2s3-graph | jq -c .index)" = null ]
  s3 DELETE log
  zfs2s3-get --continue "$token" </dev/null | cmp - "$BATS_TEST_TMPDIR/near"
  [ "$(read_mib)" -ge 600 ]
  run -0 zfs2s3-inspect <"$BATS_TEST_TMPDIR/near"
  [ "$(jq -c '[.kind, .complete, .records.WRITE]' <<<"$output")" = '["resumed",true,10]' ]
}
