# A compressed stream: put looks inside with the system's own tools while it uploads it as it is; get undoes it.
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

# compressed TOOL [FILE]: the file as the tool compresses it.
compressed() {
  "$1" -qc <"${2:-$increment}"
}

# stored_as_it_is TOOL: a stream is stored, known to be whole, and comes back in both ways.
stored_as_it_is() {
  needs "$1"
  compressed "$1" >"$BATS_TEST_TMPDIR/stream"
  run -0 --separate-stderr zfs2s3-put <"$BATS_TEST_TMPDIR/stream"
  [ "$stderr" = "" ]
  [ "$(jq -c '[.snapshot, .base, .verified, .stream.bytes]' <<<"$output")" = \
    "[\"tank/chain@day2\",\"tank/chain@day1\",true,$(stat -c %s "$increment")]" ]
  zfs2s3-get tank/chain@day2 | cmp - "$BATS_TEST_TMPDIR/stream"
  zfs2s3-get tank/chain@day2 --decompress | cmp - "$increment"
}

@test "zstd is looked into, stored as it is, and undone by get --decompress" { stored_as_it_is zstd; }
@test "gzip is looked into, stored as it is, and undone by get --decompress" { stored_as_it_is gzip; }
@test "xz is looked into, stored as it is, and undone by get --decompress" { stored_as_it_is xz; }
@test "lz4 is looked into, stored as it is, and undone by get --decompress" { stored_as_it_is lz4; }

@test "get --decompress passes what is not compressed" {
  zfs2s3-get tank/chain@day1 --decompress | cmp - "$fixtures/chain-1.zs"
}

# refuses TOOL: nothing that is not one whole stream is stored through it.
refuses() {
  needs "$1"
  local bytes
  compressed "$1" >"$BATS_TEST_TMPDIR/stream"
  bytes=$(stat -c %s "$BATS_TEST_TMPDIR/stream")

  # zfs send died: the compressor ended well, and what is in it is cut off.
  run --separate-stderr zfs2s3-put < <(head -c 9000 "$increment" | "$1" -qc)
  ends_with 4 "the stream ends after 9,000 bytes without its END record"
  nothing_came_of_it
  # The compressor died: in the middle, before its first block, before its last byte.
  local at
  for at in $((bytes / 2)) 8 $((bytes - 1)); do
    run --separate-stderr zfs2s3-put < <(head -c "$at" "$BATS_TEST_TMPDIR/stream")
    ends_with 4 ""
    nothing_came_of_it
  done
  # Damage on the way, and something behind the end.
  run --separate-stderr zfs2s3-put < <(flipped "$BATS_TEST_TMPDIR/stream" $((bytes / 2)))
  ends_with 4 "damaged"
  run --separate-stderr zfs2s3-put < <(cat "$BATS_TEST_TMPDIR/stream" && echo more)
  ends_with 4 "damaged"
  run --separate-stderr zfs2s3-put < <(cat "$BATS_TEST_TMPDIR/stream" "$BATS_TEST_TMPDIR/stream")
  ends_with 4 "more bytes follow its END"
  # Whole, but no stream, or not the one that it is said to be, or in no place to be restored.
  run --separate-stderr zfs2s3-put < <(echo text | "$1" -qc)
  ends_with 4 "text, not a zfs send stream"
  run --separate-stderr zfs2s3-put tank/chain@day3 <"$BATS_TEST_TMPDIR/stream"
  ends_with 4 "not what it was said to be"
  run --separate-stderr zfs2s3-put < <(compressed "$1" "$fixtures/chain-2-3.zs")
  ends_with 3 "is not stored"
  nothing_came_of_it
}

@test "zstd of anything but one whole stream is refused" { refuses zstd; }
@test "gzip of anything but one whole stream is refused" { refuses gzip; }
@test "xz of anything but one whole stream is refused" { refuses xz; }
@test "lz4 of anything but one whole stream is refused" { refuses lz4; }

# behind_the_first_part COMMAND...: what it writes, but nothing behind the first 2 MB before S3 has a part of it.
behind_the_first_part() {
  "$@" | (
    head -c 2000000
    curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?operation=UploadPart&key=$ZFS2S3_PREFIX" >/dev/null
    cat
  )
}

@test "a long compressed stream that is cut off is left pending; one that is damaged is freed" {
  needs zstd
  local bytes stream=$BATS_TEST_TMPDIR/stream
  compressed zstd "$fixtures/big-full.zs" >"$stream"
  bytes=$(stat -c %s "$stream")
  run --separate-stderr zfs2s3-put --part-size 500k < <(behind_the_first_part head -c $((bytes - 100)) "$stream")
  ends_with 4 "cut off or damaged"
  [[ "$stderr" == *"go on with --resume"* ]]
  pending_with $(((bytes - 100) / 512000))
  zfs2s3-abort
  run --separate-stderr zfs2s3-put --part-size 500k < <(behind_the_first_part flipped "$stream" $((bytes - 3000000)))
  ends_with 4 "damaged"
  [ "$(requests UploadPart)" -gt 0 ]
  nothing_came_of_it
}

@test "where the tool is missing, that is said, and nothing is stored" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v node)" "$(command -v sh)" "$(command -v readlink)" "$(command -v dirname)" "$BATS_TEST_TMPDIR/bin"
  gzip -c "$increment" >"$BATS_TEST_TMPDIR/stream"
  run --separate-stderr env PATH="$top/bin:$BATS_TEST_TMPDIR/bin" zfs2s3-put <"$BATS_TEST_TMPDIR/stream"
  ends_with 1 "can't run 'gzip -dc'"
  nothing_came_of_it
}

@test "a whole compressed stream is no news: the tool that looks inside says nothing either" {
  needs zstd
  # Much longer than what is read ahead, so that the first look ends in the middle.
  run -0 --separate-stderr zfs2s3-put --part-size 5M < <(compressed zstd "$fixtures/big-full.zs")
  [ "$stderr" = "" ]
}
