# No truncated, damaged or misnamed stream ever becomes a backup (issue 3): zfs2s3-put with everything that is not one whole
# stream of what it is said to be. Status 4 (3 where a base is not stored), the catalog as it was, nothing to be seen in S3;
# what can be resumed is left pending, everything else is given up.
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

# put_small [ARGUMENT...]: stores what is on stdin in parts of 4 KiB.
put_small() {
  # shellcheck disable=SC2086
  run --separate-stderr zfs2s3-put $small "$@"
}

@test "the whole stream is stored, so that what follows is not refused for another reason" {
  put_small <"$increment"
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$(bucket_has)" = "object ${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1" ]
}

@test "a stream that is cut off before the first part is full leaves nothing" {
  local at
  for at in 1 311 312 313 4095; do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_small < <(head -c "$at" "$increment")
    ends_with 4 "without its END"
    nothing_came_of_it
    [ "$(requests CreateMultipartUpload)" -eq 0 ]
  done
}

@test "a stream that is cut off later leaves an upload that can be resumed, with every part that was full" {
  local bytes at
  bytes=$(stat -c %s "$increment")
  # At the end of a part, beside it, between the last two records, and one byte before the end.
  for at in 4096 4097 8191 8192 $((bytes - 312)) $((bytes - 1)); do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_small < <(head -c "$at" "$increment")
    ends_with 4 "without its END"
    [[ "$stderr" == *"go on with --resume, or give it up with zfs2s3-abort"* ]]
    pending_with $((at / 4096))
  done
  put_small --resume <"$increment"
  [ "$status" -eq 0 ]
  zfs2s3-get tank/chain@day2 | cmp - "$increment"
}

@test "a stream that is cut off stays cut off when it is resumed with the same" {
  put_small < <(head -c 9000 "$increment")
  put_small --resume < <(head -c 9000 "$increment")
  ends_with 4 "without its END"
  pending_with 2
  run -3 --separate-stderr zfs2s3-commit
  [[ "$stderr" == *"is not complete"* ]]
  pending_with 2
}

@test "a flipped bit leaves nothing: in the header, a payload, a later header, END" {
  local bytes at
  bytes=$(stat -c %s "$increment")
  for at in 9 40 48 400 6000 $((bytes - 312)) $((bytes - 290)) $((bytes - 20)); do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_small < <(flipped "$increment" "$at")
    # Byte 48 is in the GUID of the base, which makes it one that is not stored.
    ends_with $((at == 48 ? 3 : 4)) ""
    nothing_came_of_it
  done
}

@test "what was sent of a damaged stream is freed, parts and all" {
  put_small < <(flipped "$increment" $(($(stat -c %s "$increment") - 20)))
  ends_with 4 "damaged"
  [ "$(requests UploadPart)" -gt 0 ]
  [ "$(requests AbortMultipartUpload)" -eq 1 ]
  nothing_came_of_it
}

@test "bytes behind the end leave nothing, in the last part or in one behind it" {
  local more
  for more in 1 5000; do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_small < <(cat "$increment" && head -c "$more" /dev/zero)
    ends_with 4 "more bytes follow its END"
    nothing_came_of_it
  done
  put_small < <(cat "$increment" "$fixtures/chain-2-3.zs")
  ends_with 4 "more bytes follow its END"
  nothing_came_of_it
}

@test "nothing, text, noise and a big-endian stream leave nothing" {
  put_small </dev/null
  ends_with 4 "empty"
  put_small <<<"cannot open 'tank/chain': dataset does not exist"
  ends_with 4 "this is text"
  put_small < <(head -c 9000 /dev/zero | tr '\0' '\376')
  ends_with 4 "not a zfs send stream"
  put_small < <(big_endian)
  ends_with 4 "big-endian"
  nothing_came_of_it
  [ "$(requests CreateMultipartUpload)" -eq 0 ]
}

@test "a stream of a partly received snapshot (zfs send -S) leaves nothing, though parts of it were sent" {
  put_small <"$fixtures/saved-S.zs"
  ends_with 4 "only partly received"
  [ "$(requests UploadPart)" -gt 0 ]
  nothing_came_of_it
}

@test "a stream that begins in the middle (zfs send -t) leaves nothing, plain or compressed" {
  put_small <"$fixtures/resumed-t.zs"
  ends_with 4 "begins in the middle"
  put_small < <(gzip -c "$fixtures/resumed-t.zs")
  ends_with 4 "begins in the middle"
  nothing_came_of_it
}

@test "a stream that is not what it is said to be leaves nothing" {
  local what
  for what in "tank/chain@day3" "tank/other@day2" "tank/chain@day2 --guid 1" "tank/chain@day2 --base @day0" \
    "tank/chain@day2 --base @day1 --base-guid 1"; do
    # shellcheck disable=SC2086
    put_small $what <"$increment"
    ends_with 4 "not what it was said to be"
  done
  put_small tank/chain@day1 --base tank/chain@day0 <"$fixtures/chain-1.zs"
  ends_with 4 "it is a full stream"
  nothing_came_of_it
  [ "$(requests CreateMultipartUpload)" -eq 0 ]
}

@test "the names may be left out, and may be given if they are right" {
  put_small tank/chain@day2 --base @day1 --guid "$(zfs2s3-inspect <"$increment" | jq -r .toguid)" \
    --base-guid "$(zfs2s3-inspect <"$increment" | jq -r .fromguid)" <"$increment"
  [ "$status" -eq 0 ]
  put_small <"$fixtures/chain-2-3.zs"
  [ "$status" -eq 0 ]
  [ "$(snapshots | paste -sd ' ')" = "tank/chain@day1 tank/chain@day2 tank/chain@day3" ]
}

@test "an increment whose base is not stored leaves nothing: what it needs could never be restored" {
  put_small <"$fixtures/chain-2-3.zs"
  ends_with 3 "is not stored"
  nothing_came_of_it
  [ "$(requests CreateMultipartUpload)" -eq 0 ]
}

@test "a package that lacks what it is named after leaves nothing, though zfs send ended it as if it were whole" {
  local package=$fixtures/plain-all-I.zs position
  put_small <"$fixtures/plain-full.zs"
  before=$BATS_TEST_TMPDIR/with-base
  cp "$ZFS2S3_DATA_DIR/stored_snapshots.yml" "$before"
  export ZFS2S3_PREFIX=${root}lacking/
  position=$(substream "$package" 2)
  put_small < <(head -c "$position" "$package" && tail -c 312 "$package")
  ends_with 4 "does not bring tank/plain@three"
  nothing_came_of_it
  put_small --guid 1 <"$package"
  ends_with 4 "is not that of tank/plain@three (GUID 1)"
  nothing_came_of_it
}

@test "a package is cut off like any other stream: between two of its streams, and before its last END" {
  local package=$fixtures/repl-R-full.zs at
  for at in "$(substream "$package" 2)" $(($(stat -c %s "$package") - 312)) $(($(stat -c %s "$package") - 1)); do
    starting_with "$BATS_FILE_TMPDIR/stored"
    put_small < <(head -c "$at" "$package")
    ends_with 4 "without its END"
    pending_with $((at / 4096))
  done
}
