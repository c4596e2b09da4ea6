# zfs2s3-token, and put --resume with what zfs send -t writes: going on without reading again what was sent.
#
# The zfs that these tests could run, zfs-fuse, has no `zfs send -t`. So either the stream is one that OpenZFS has resumed
# (resumed-t.zs), or it is cut out of the whole stream in the same form (send-t.ts).
load helper
load streams
load interrupt

setup_file() { start_small_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }
teardown() { faults_over; }

stream=$fixtures/chain-1.zs

# shellcheck disable=SC2086
interrupted() { killed_at_part "$1" $small "${@:2}" <"$stream"; }

# send_t FILE TOKEN
send_t() { node "$top/dist-test/commands/send-t.js" "$@"; }

# said_by TOKEN: what it says, in one line.
said_by() {
  node -e 'import(process.argv[1]).then(({ decodeToken }) => console.log(JSON.stringify(decodeToken(process.argv[2]))))' \
    "$top/dist/stream/token.js" "$1"
}

@test "a stream that OpenZFS has resumed goes on where its token says, and the object is the uninterrupted stream" {
  # Eight parts of 200,000 bytes end in the block behind the one at 0x160000.
  killed_at_part 9 --part-size 200000 <"$fixtures/res-full.zs"
  run -0 --separate-stderr zfs2s3-token
  [ "$stderr" = "" ]
  # The same but for the bytes, of which ZFS has counted what a receiver had.
  [ "$(said_by "$output" | jq -c 'del(.bytes)')" = "$(said_by "$(cat "$fixtures/resumed-t.token")" | jq -c 'del(.bytes)')" ]
  forget_log
  zfs2s3-put --resume <"$fixtures/resumed-t.zs"
  [ "$(sent)" = "9 10 11 12 13 14 15 16" ]
  stored_is "$fixtures/res-full.zs"
}

@test "an upload can be interrupted and go on by token any number of times" {
  interrupted 2
  local part
  for part in 4 5 11 19; do
    killed_at_part "$part" --resume < <(send_t "$stream" "$(zfs2s3-token)")
  done
  forget_log
  zfs2s3-put --resume < <(send_t "$stream" "$(zfs2s3-token)")
  [ "$(sent)" = 19 ]
  stored_is "$stream"
}

@test "with all parts in S3 but no note of the end, the resumed stream is only compared" {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"CompleteMultipartUpload"}' KILL zfs2s3-put $small <"$stream"
  sed -i '/"event":"end"/d' "$(ledger)"
  forget_log
  zfs2s3-put --resume < <(send_t "$stream" "$(zfs2s3-token)")
  [ "$(sent)" = "" ]
  stored_is "$stream"
}

@test "a resumed stream of other bytes is refused, although every checksum in it holds" {
  interrupted 14
  local token
  token=$(zfs2s3-token)
  node "$top/dist-test/commands/otherwise.js" "$stream" block >"$BATS_TEST_TMPDIR/other.zs"
  run -4 --separate-stderr zfs2s3-put --resume < <(send_t "$BATS_TEST_TMPDIR/other.zs" "$token")
  [[ "$stderr" == *"the resumed stream does not continue what was uploaded: the end of part 13 differs"*"from the start instead"* ]]
  zfs2s3-put --resume < <(send_t "$stream" "$token")
  stored_is "$stream"
}

@test "the same where nothing is missing any more" {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"CompleteMultipartUpload"}' KILL zfs2s3-put $small <"$stream"
  sed -i '/"event":"end"/d' "$(ledger)"
  local how
  for how in block short; do
    node "$top/dist-test/commands/otherwise.js" "$stream" "$how" >"$BATS_TEST_TMPDIR/other.zs"
    run -4 --separate-stderr zfs2s3-put --resume < <(send_t "$BATS_TEST_TMPDIR/other.zs" "$(zfs2s3-token)")
    [[ "$stderr" == *"the end of part 19 differs"* ]]
    [ "$(zfs2s3-graph)" = "" ]
  done
}

@test "a resumed stream that starts elsewhere, or is of another snapshot, is refused" {
  interrupted 5
  local early
  early=$(zfs2s3-token)
  killed_at_part 14 --resume <"$stream"
  run -4 --separate-stderr zfs2s3-put --resume < <(send_t "$stream" "$early")
  [[ "$stderr" == *"the resumed stream starts at object 2, offset 0, but the interrupted upload of tank/chain@day1 goes on at object 36"* ]]
  run -4 --separate-stderr zfs2s3-put --resume <"$fixtures/resumed-t.zs"
  [[ "$stderr" == *"the stream resumes tank/res@one"*"tank/chain@day1"* ]]
}

@test "a resumed stream by itself is no upload" {
  run -4 --separate-stderr zfs2s3-put <"$fixtures/resumed-t.zs"
  [[ "$stderr" == *"begins in the middle (zfs send -t): use --resume"* ]]
  run -3 --separate-stderr zfs2s3-put --resume <"$fixtures/resumed-t.zs"
  [ "$stderr" = "zfs2s3-put: no upload is pending" ]
}

# no_token REASON: the command says it and names the other way, with status 3; a resumed stream is not taken either.
no_token() {
  run -3 --separate-stderr zfs2s3-token
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-token: there is no token for the upload of "*": $1: zfs send ... | zfs2s3-put --resume" ]]
}

@test "there is no token before a part is in S3" {
  interrupted 1
  no_token "no part of it is in S3 yet"
  run -4 --separate-stderr zfs2s3-put --resume <"$fixtures/resumed-t.zs"
  [[ "$stderr" == *"send it from the start: zfs send ... | zfs2s3-put --resume"* ]]
}

@test "there is no token before a record is whole" {
  # BEGIN alone, with what a raw stream says of its keys, is longer.
  killed_at_part 2 --part-size 1024 <"$fixtures/raw-w-full.zs"
  no_token "what was sent has no whole record to go on from"
}

@test "there is no token for a package" {
  # shellcheck disable=SC2086
  killed_at_part 14 $small <"$fixtures/plain-props-p.zs"
  no_token "it is a stream package (-I, -R, -p)"
}

@test "there is no token for a stream that goes through a filter" {
  # shellcheck disable=SC2086
  killed_at_part 5 $small --filter cat <"$stream"
  no_token "it goes through the filter 'cat'"
}

@test "there is no token for a compressed stream" {
  needs zstd
  killed_at_part 3 --part-size 1024 < <(zstd -T1 -q <"$stream")
  no_token "its stream is compressed or encrypted"
}

@test "there is no token when all has been sent" {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"CompleteMultipartUpload"}' KILL zfs2s3-put $small <"$stream"
  no_token "all of it has been sent already"
}

# zfs_knows FLAGS: a zfs in PATH that sends the stream, from a token only if "-t" is among the flags; it writes down what it is asked.
zfs_knows() {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/zfs" <<END
#!/usr/bin/env bash
echo "\$@" >>"$BATS_TEST_TMPDIR/asked"
case "\$*" in
  *-t*) [[ "$1" == *-t* ]] || { echo "invalid option 't'" >&2; exit 2; } ;;
esac
case "\$*" in
  "send -n -t "*) ;;
  "send -t "*) exec node "$top/dist-test/commands/send-t.js" "${2:-$stream}" "\$3" ;;
  "send --raw tank/chain@day1") cat "$stream" ;;
  *) exit 1 ;;
esac
END
  chmod +x "$BATS_TEST_TMPDIR/bin/zfs"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

asked() { sed 's/1-[0-9a-f]*-.*/TOKEN/' "$BATS_TEST_TMPDIR/asked"; }

@test "resume_upload takes the token where zfs does" {
  zfs_knows -t
  interrupted 14
  run -0 --separate-stderr zfs2s3 resume_upload
  [ "$stderr" = "" ]
  [ "$(asked)" = $'send -n -t TOKEN\nsend -t TOKEN' ]
  stored_is "$stream"
}

@test "resume_upload reads from the start where zfs has no send -t" {
  zfs_knows ""
  interrupted 14
  run -0 --separate-stderr zfs2s3 resume_upload
  [ "$stderr" = "" ]
  [ "$(asked)" = $'send -n -t TOKEN\nsend --raw tank/chain@day1' ]
  stored_is "$stream"
}

@test "resume_upload reads from the start where the resumed stream does not continue what is stored" {
  node "$top/dist-test/commands/otherwise.js" "$stream" block >"$BATS_TEST_TMPDIR/other.zs"
  zfs_knows -t "$BATS_TEST_TMPDIR/other.zs"
  interrupted 14
  run -0 --separate-stderr zfs2s3 resume_upload
  [ "$(asked | tail -1)" = "send --raw tank/chain@day1" ]
  stored_is "$stream"
}

@test "resume_upload reads from the start where there is no token" {
  zfs_knows -t
  interrupted 1
  zfs2s3 resume_upload
  [ "$(asked)" = "send --raw tank/chain@day1" ]
  stored_is "$stream"
}

@test "what pending prints goes on with the upload as it stands" {
  zfs_knows -t
  interrupted 14
  run -0 zfs2s3-pending
  local go_on
  go_on=$(jq -r .go_on <<<"$output")
  [ "$go_on" = 'zfs send -t "$(zfs2s3-token tank/chain@day1)" | zfs2s3-put --resume tank/chain@day1' ]
  eval "$go_on"
  stored_is "$stream"
}
